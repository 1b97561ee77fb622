// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/wireshark/call.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace extcap {
namespace {

using Action = Call::Action;

// Those that go before stand first: a capture names an interface and a filter as well.
constexpr std::array<std::pair<std::string_view, Action>, 7> kActions{
    {{"version", Action::kVersion},
     {"help", Action::kHelp},
     {"extcap-interfaces", Action::kInterfaces},
     {"extcap-dlts", Action::kLinkTypes},
     {"capture", Action::kCapture},
     {"extcap-config", Action::kDialog},
     {"extcap-cleanup-postkill", Action::kCleanUp}}};

// Have a value, whatever it looks like.
constexpr std::array<std::string_view, 23> kWithValue{"extcap-interface",
                                                      "extcap-capture-filter",
                                                      "extcap-reload-option",
                                                      "extcap-version",
                                                      "extcap-control-in",
                                                      "extcap-control-out",
                                                      "fifo",
                                                      "pid",
                                                      "tree",
                                                      "comm",
                                                      "user",
                                                      "container",
                                                      "container-name",
                                                      "image",
                                                      "pod",
                                                      "process",
                                                      "hook",
                                                      "sample",
                                                      "snaplen",
                                                      "direction",
                                                      "event",
                                                      "tracepoint",
                                                      "host"};
// Have none, or one that says whether they are given at all.
constexpr std::array<std::string_view, 8> kFlags{
    "follow",   "no-promiscuous-mode", "process-blocks", "container-addresses",
    "tls-keys", "tls-plaintext",       "no-packets",     "no-host"};

template <size_t kCount>
bool is_one_of(const std::array<std::string_view, kCount>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_option(std::string_view argument) {
    return argument.size() > 2 && argument.starts_with("--");
}

}  // namespace

Call parse_call(std::span<const std::string> arguments) {
    std::map<std::string, std::string> given;
    for (size_t i = 0; i < arguments.size(); ++i) {
        if (!is_option(arguments[i])) {
            continue;  // the value of an option that we don't know
        }
        std::string option = arguments[i].substr(2);
        std::string value;
        if (const size_t equals = option.find('='); equals != std::string::npos) {
            value = option.substr(equals + 1);
            option.erase(equals);
        } else if (i + 1 < arguments.size() &&
                   (is_one_of(kWithValue, option) || arguments[i + 1] == "false")) {
            value = arguments[++i];
        }
        if (!is_one_of(kFlags, option) || value != "false") {
            given[option] = value;
        }
    }
    const auto take = [&given](const std::string& option) {
        const auto node = given.extract(option);
        return node.empty() ? std::string() : node.mapped();
    };
    Call call;
    for (const auto& [option, action] : kActions) {
        if (given.contains(std::string(option)) && call.action == Action::kNone) {
            call.action = action;
        }
    }
    if (given.contains("extcap-capture-filter")) {
        call.filter = take("extcap-capture-filter");
        call.action = call.action == Action::kNone ? Action::kCheckFilter : call.action;
    }
    if (given.contains("extcap-reload-option")) {
        call.option = take("extcap-reload-option");
        call.option.erase(0, std::min(call.option.find_first_not_of('-'), call.option.size()));
        call.action = call.action == Action::kDialog ? Action::kReload : call.action;
    }
    call.interface = take("extcap-interface");
    call.fifo = take("fifo");
    call.control_in = take("extcap-control-in");
    call.control_out = take("extcap-control-out");
    call.values = std::move(given);
    return call;
}

}  // namespace extcap
