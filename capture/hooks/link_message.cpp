// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/link_message.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace capture {
namespace {

// Calls visit() for each complete attribute. libmnl's own loops are macros that C++ can't compile.
template <typename Visit>
void for_each_attribute(const void* attributes, size_t size, Visit visit) {
    const auto* attribute = static_cast<const nlattr*>(attributes);
    int left = static_cast<int>(size);
    while (mnl_attr_ok(attribute, left)) {
        visit(attribute);
        left -= static_cast<int>(NLA_ALIGN(attribute->nla_len));
        attribute = mnl_attr_next(attribute);
    }
}

std::string text_of(const nlattr* attribute) {
    const char* text = static_cast<const char*>(mnl_attr_get_payload(attribute));
    return std::string(text, strnlen(text, mnl_attr_get_payload_len(attribute)));
}

// Returns the texts of this type in a nested attribute.
std::vector<std::string> texts_in(const nlattr* nest, uint16_t type) {
    std::vector<std::string> texts;
    for_each_attribute(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest),
                       [&texts, type](const nlattr* attribute) {
                           if (mnl_attr_get_type(attribute) == type) {
                               texts.push_back(text_of(attribute));
                           }
                       });
    return texts;
}

std::string kind_of(const nlattr* link_info) {
    const std::vector<std::string> kinds = texts_in(link_info, IFLA_INFO_KIND);
    return kinds.empty() ? std::string() : kinds.back();
}

std::optional<std::array<uint8_t, 6>> mac_of(const nlattr* address) {
    std::array<uint8_t, 6> mac{};
    if (mnl_attr_get_payload_len(address) != mac.size()) {
        return std::nullopt;
    }
    std::memcpy(mac.data(), mnl_attr_get_payload(address), mac.size());
    if (std::all_of(mac.begin(), mac.end(), [](uint8_t byte) { return byte == 0; })) {
        return std::nullopt;
    }
    return mac;
}

void take_attribute(const nlattr* attribute, Interface& interface) {
    switch (mnl_attr_get_type(attribute)) {
        case IFLA_IFNAME:
            interface.name = text_of(attribute);
            break;
        case IFLA_MTU:
            if (mnl_attr_get_payload_len(attribute) == sizeof(uint32_t)) {
                interface.mtu = mnl_attr_get_u32(attribute);
            }
            break;
        case IFLA_ADDRESS:
            interface.mac = mac_of(attribute);
            break;
        case IFLA_PROP_LIST:
            interface.altnames = texts_in(attribute, IFLA_ALT_IFNAME);
            break;
        case IFLA_LINKINFO:
            interface.kind = kind_of(attribute);
            break;
        default:
            break;
    }
}

}  // namespace

std::optional<Interface> parse_link(const nlmsghdr* message) {
    if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK) {
        return std::nullopt;
    }
    if (mnl_nlmsg_get_payload_len(message) < sizeof(ifinfomsg)) {
        return std::nullopt;
    }
    const auto* header = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
    if (header->ifi_family != AF_UNSPEC || header->ifi_index <= 0) {
        return std::nullopt;
    }
    Interface interface;
    interface.ifindex = static_cast<uint32_t>(header->ifi_index);
    interface.arphrd = header->ifi_type;
    interface.flags = header->ifi_flags;
    const size_t size = mnl_nlmsg_get_payload_len(message);
    if (size > NLMSG_ALIGN(sizeof(ifinfomsg))) {
        for_each_attribute(mnl_nlmsg_get_payload_offset(message, sizeof(ifinfomsg)),
                           size - NLMSG_ALIGN(sizeof(ifinfomsg)),
                           [&](const nlattr* attribute) { take_attribute(attribute, interface); });
    }
    if (interface.name.empty()) {
        return std::nullopt;
    }
    return interface;
}

}  // namespace capture
