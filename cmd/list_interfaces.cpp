// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/list_interfaces.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/hooks/interfaces.h"
#include "cmd/message.h"
#include "packet/line/terminal_text.h"
#include "packet/link_type.h"

namespace cmd {
namespace {

using pcapng::Error;
using pcapng::Result;

constexpr std::string_view kAny = "any";

struct LinkTypeName {
    uint16_t number;
    std::string_view name;  // libpcap's
    std::string_view description;
};
// All that packets may begin with; see capture::link_type().
constexpr std::array<LinkTypeName, 2> kLinkTypes{
    {{packet::kLinkTypeEthernet, "EN10MB", "Ethernet"}, {packet::kLinkTypeRaw, "RAW", "Raw IP"}}};

// Those that packets can be captured on, in the order of -D.
Result<std::vector<capture::Interface>> capturable() {
    auto interfaces = capture::list_interfaces();
    if (interfaces) {
        std::erase_if(*interfaces, [](const capture::Interface& interface) {
            return !capture::link_type(interface.arphrd);
        });
    }
    return interfaces;
}

int fail(const Error& error) {
    print_message("pidcap: {}\n", error.message);
    return kExitFailed;
}

bool is_number(const std::string& name) {
    return !name.empty() && name.size() < 10 &&
           name.find_first_not_of("0123456789") == std::string::npos;
}

// The name with this number in -D.
Result<std::string> name_of(const std::string& number,
                            const std::vector<capture::Interface>& interfaces) {
    const size_t at = std::stoul(number);
    if (at == 0 || at > interfaces.size() + 1) {
        return Error{fmt::format(
            "-i {}: no interface has this name or number; pidcap -D lists them", number)};
    }
    return at <= interfaces.size() ? interfaces[at - 1].name : std::string(kAny);
}

const capture::Interface* find(const std::string& name,
                               const std::vector<capture::Interface>& interfaces) {
    const auto found = std::ranges::find_if(
        interfaces, [&](const capture::Interface& each) { return each.is_called(name); });
    return found != interfaces.end() ? &*found : nullptr;
}

const LinkTypeName& link_type_of(const capture::Interface& interface) {
    const bool is_raw = capture::link_type(interface.arphrd) == packet::kLinkTypeRaw;
    return kLinkTypes[is_raw ? 1 : 0];
}

// What is wrong with -y, if anything.
Result<void> check_link_type(const std::string& wanted, const std::string& name,
                             const std::vector<capture::Interface>& interfaces,
                             Options::Action action) {
    const std::string shown = packet::printable(wanted);
    const bool exists = std::ranges::any_of(kLinkTypes, [&](const LinkTypeName& each) {
        return strcasecmp(wanted.c_str(), std::string(each.name).c_str()) == 0;
    });
    if (!exists) {
        return Error{
            fmt::format("-y {}: packets are captured as EN10MB or RAW; leave -y out", shown)};
    }
    if (action != Options::Action::kCapture) {
        return {};  // a filter is listed for the link type, not for an interface
    }
    if (name == kAny) {
        return Error{fmt::format(
            "-y {}: each packet has the link type of its interface; name one with -i, or leave "
            "-y out",
            shown)};
    }
    const capture::Interface* interface = find(name, interfaces);
    if (interface != nullptr &&
        strcasecmp(wanted.c_str(), std::string(link_type_of(*interface).name).c_str()) != 0) {
        return Error{fmt::format("-y {}: {} gives {}; leave -y out", shown, packet::printable(name),
                                 link_type_of(*interface).name)};
    }
    return {};
}

}  // namespace

int list_interfaces() {
    const auto interfaces = capturable();
    if (!interfaces) {
        return fail(interfaces.error());
    }
    int number = 1;
    for (const capture::Interface& interface : *interfaces) {
        std::string state = interface.up() ? "Up" : "Down";
        state += interface.running() ? ", Running" : "";
        state += interface.loopback() ? ", Loopback" : "";
        state += interface.kind.empty() ? "" : ", " + interface.kind;
        fmt::print("{}.{} [{}]\n", number++, packet::printable(interface.name), state);
    }
    fmt::print("{}.any (all interfaces, also those that come later) [Up, Running]\n", number);
    return kExitDone;
}

int list_link_types(const Options& options) {
    const auto interfaces = capturable();
    if (!interfaces) {
        return fail(interfaces.error());
    }
    for (const std::string& name : options.interfaces) {
        const capture::Interface* interface = find(name, *interfaces);
        if (interface == nullptr && name != kAny) {
            return fail(Error{fmt::format("{}: there is no such interface to capture on",
                                          packet::printable(name))});
        }
        fmt::print("Data link types for {} ({}):\n", packet::printable(name),
                   name == kAny ? "each packet has that of its interface" : "use option -y to set");
        for (const LinkTypeName& each : kLinkTypes) {
            if (interface == nullptr || &each == &link_type_of(*interface)) {
                fmt::print("  {} ({})\n", each.name, each.description);
            }
        }
    }
    return kExitDone;
}

pcapng::Result<void> resolve_interfaces(Options& options) {
    const bool has_numbers =
        options.netns.empty() && std::ranges::any_of(options.interfaces, is_number);
    if (!has_numbers && !options.link_type) {
        return {};
    }
    const auto interfaces = capturable();
    if (!interfaces) {
        return interfaces.error();
    }
    for (std::string& name : options.interfaces) {
        if (has_numbers && is_number(name) && find(name, *interfaces) == nullptr) {
            auto named = name_of(name, *interfaces);
            if (!named) {
                return std::move(named).error();
            }
            name = *std::move(named);
        }
        if (options.link_type) {
            auto checked = check_link_type(*options.link_type, name, *interfaces, options.action);
            if (!checked) {
                return checked;
            }
        }
    }
    return {};
}

}  // namespace cmd
