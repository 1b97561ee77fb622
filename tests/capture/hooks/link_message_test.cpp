// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/link_message.h"

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>

using capture::append_changes;
using capture::Interface;
using capture::InterfaceEvent;
using capture::link_type;
using capture::parse_link;

namespace {

constexpr std::array<uint8_t, 6> kMac{2, 0, 0, 0, 0, 1};

// An RTM_NEWLINK or RTM_DELLINK message as the kernel writes it.
class Message {
  public:
    explicit Message(uint16_t type, unsigned char family = AF_UNSPEC, int ifindex = 7) {
        header_ = mnl_nlmsg_put_header(bytes_.data());
        header_->nlmsg_type = type;
        auto* info =
            static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(header_, sizeof(ifinfomsg)));
        info->ifi_family = family;
        info->ifi_index = ifindex;
        info->ifi_type = ARPHRD_ETHER;
        info->ifi_flags = IFF_UP | IFF_RUNNING;
    }
    Message& name(const char* name) {
        mnl_attr_put_strz(header_, IFLA_IFNAME, name);
        return *this;
    }
    Message& details() {
        mnl_attr_put_u32(header_, IFLA_MTU, 1500);
        mnl_attr_put(header_, IFLA_ADDRESS, kMac.size(), kMac.data());
        nlattr* info = mnl_attr_nest_start(header_, IFLA_LINKINFO);
        mnl_attr_put_strz(header_, IFLA_INFO_KIND, "veth");
        mnl_attr_nest_end(header_, info);
        return *this;
    }
    Message& altname(const char* name) {
        nlattr* list = mnl_attr_nest_start(header_, IFLA_PROP_LIST);
        mnl_attr_put_strz(header_, IFLA_ALT_IFNAME, "first");
        mnl_attr_put_strz(header_, IFLA_ALT_IFNAME, name);
        mnl_attr_nest_end(header_, list);
        return *this;
    }
    nlmsghdr* get() { return header_; }
    std::array<unsigned char, 1024>& bytes() { return bytes_; }

  private:
    alignas(nlmsghdr) std::array<unsigned char, 1024> bytes_{};
    nlmsghdr* header_;
};

Interface named(const char* name, uint32_t flags) {
    Interface interface;
    interface.name = name;
    interface.flags = flags;
    return interface;
}

}  // namespace

TEST_CASE("a link message becomes an interface") {
    Message message(RTM_NEWLINK);
    const std::optional<Interface> link = parse_link(message.name("veth0").details().get());
    REQUIRE(link);
    CHECK(link->ifindex == 7);
    CHECK(link->name == "veth0");
    CHECK(link->arphrd == ARPHRD_ETHER);
    CHECK(link->mtu == 1500);
    CHECK(link->mac == kMac);
    CHECK(link->kind == "veth");
    CHECK(link->up());
    CHECK(link->running());
    CHECK_FALSE(link->loopback());
}

TEST_CASE("an interface is called by its name and by its altnames") {
    Message message(RTM_NEWLINK);
    const auto link = parse_link(message.name("veth0").altname("a-name-of-more-than-15").get());
    REQUIRE(link);
    CHECK(link->name == "veth0");
    CHECK(link->altnames == std::vector<std::string>{"first", "a-name-of-more-than-15"});
    CHECK(link->is_called("veth0"));
    CHECK(link->is_called("first"));
    CHECK(link->is_called("a-name-of-more-than-15"));
    CHECK_FALSE(link->is_called("veth"));
}

TEST_CASE("a bridge port that leaves its bridge is not a removed interface") {
    Message message(RTM_DELLINK, AF_BRIDGE);
    CHECK_FALSE(parse_link(message.name("veth0").get()));
}

TEST_CASE("a link message without a name, an index or a whole header is refused") {
    CHECK_FALSE(parse_link(Message(RTM_NEWLINK).get()));
    CHECK_FALSE(parse_link(Message(RTM_NEWLINK, AF_UNSPEC, 0).name("x").get()));
    CHECK_FALSE(parse_link(Message(RTM_NEWADDR).name("x").get()));
    Message cut(RTM_NEWLINK);
    cut.get()->nlmsg_len = sizeof(nlmsghdr) + sizeof(ifinfomsg) - 1;
    CHECK_FALSE(parse_link(cut.get()));
}

TEST_CASE("an address that is all zero or not six bytes is no MAC") {
    Message zero(RTM_NEWLINK);
    zero.name("lo");
    const std::array<uint8_t, 6> zeros{};
    mnl_attr_put(zero.get(), IFLA_ADDRESS, zeros.size(), zeros.data());
    CHECK_FALSE(parse_link(zero.get())->mac);
    Message tunnel(RTM_NEWLINK);
    tunnel.name("gre1");
    mnl_attr_put(tunnel.get(), IFLA_ADDRESS, 4, kMac.data());
    CHECK_FALSE(parse_link(tunnel.get())->mac);
}

TEST_CASE("damaged link messages never read past their end") {
    std::mt19937 random(1);  // NOLINT: the same damage every time
    for (int round = 0; round < 20000; ++round) {
        Message whole(RTM_NEWLINK);
        whole.name("veth0").details().altname("other");
        // A copy of exactly the message's size, so that ASan sees a read past it.
        std::vector<unsigned char> bytes(whole.get()->nlmsg_len);
        std::memcpy(bytes.data(), whole.get(), bytes.size());
        for (int changes = 0; changes < 3; ++changes) {
            bytes[sizeof(nlmsghdr) + random() % (bytes.size() - sizeof(nlmsghdr))] =
                static_cast<unsigned char>(random());
        }
        (void)parse_link(reinterpret_cast<const nlmsghdr*>(bytes.data()));
    }
}

TEST_CASE("a rename and a change of state in one message are two events") {
    std::vector<InterfaceEvent> events;
    append_changes(named("a", 0), named("b", IFF_UP), events);
    REQUIRE(events.size() == 2);
    CHECK(events[0].type == InterfaceEvent::Type::kRenamed);
    CHECK(events[0].old_name == "a");
    CHECK(events[0].interface.name == "b");
    CHECK(events[1].type == InterfaceEvent::Type::kUp);

    events.clear();
    append_changes(named("a", IFF_UP), named("a", IFF_UP | IFF_PROMISC), events);
    CHECK(events.empty());
}

TEST_CASE("an interface with another link layer or other altnames has changed") {
    Interface before = named("a", IFF_UP);
    Interface after = before;
    after.altnames = {"b"};
    std::vector<InterfaceEvent> events;
    append_changes(before, after, events);
    REQUIRE(events.size() == 1);
    CHECK(events[0].type == InterfaceEvent::Type::kAltnames);

    before.arphrd = ARPHRD_ETHER;
    after.arphrd = ARPHRD_IEEE80211_RADIOTAP;
    events.clear();
    append_changes(before, after, events);
    REQUIRE(events.size() == 2);
    CHECK(events[0].type == InterfaceEvent::Type::kRemoved);
    CHECK(events[1].type == InterfaceEvent::Type::kAdded);
    CHECK(events[1].interface.arphrd == ARPHRD_IEEE80211_RADIOTAP);
}

TEST_CASE("Ethernet and layer 3 devices have a link type, others can't be captured") {
    CHECK(link_type(ARPHRD_ETHER) == 1);
    CHECK(link_type(ARPHRD_LOOPBACK) == 1);
    CHECK(link_type(ARPHRD_NONE) == 101);
    CHECK(link_type(ARPHRD_TUNNEL) == 101);
    CHECK(link_type(ARPHRD_IPGRE) == 101);
    CHECK_FALSE(link_type(ARPHRD_IEEE80211_RADIOTAP));
    CHECK_FALSE(link_type(ARPHRD_CAN));
    CHECK_FALSE(link_type(ARPHRD_NETLINK));
    CHECK_FALSE(link_type(ARPHRD_VOID));
}
