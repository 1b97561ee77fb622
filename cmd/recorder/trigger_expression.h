// SPDX-License-Identifier: GPL-2.0-only
//
// The expression of --trigger: conditions that are joined by "and", each on processes (the language
// of --process) or on the packet (pcap-filter(7)). Which of the two a condition is, shows its
// syntax: no expression is valid in both languages.
//
//     comm = "nginx" and tcp[tcpflags] & tcp-rst != 0
//
// "or" joins conditions of one language; what it joins stands in parentheses where there are
// conditions of the other one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "forensics/select/link_filter.h"
#include "packet/filter/process_expression.h"
#include "packet/filter/process_filter.h"
#include "packet/packet.h"
#include "pcapng/result.h"

namespace cmd {

// The two halves of such an expression.
struct TriggerConditions {
    packet::ProcessExpression process;  // always true: there is no such condition
    std::string filter;                 // empty: there is no such condition
};

// Error: what is wrong, naming the condition that is valid in neither language. Looks up the names
// of hosts.
pcapng::Result<TriggerConditions> parse_trigger_expression(std::string_view text);

// Decides for each packet of a capture. One thread.
class TriggerExpression {
  public:
    // `processes`: made of the conditions' process half.
    static pcapng::Result<TriggerExpression> make(const TriggerConditions& conditions,
                                                  packet::ProcessFilter processes);

    bool matches(const packet::Packet& packet) {
        return processes_.wants(packet) &&
               (!filter_ ||
                filter_->matches(packet.interface->link_type, packet.data, packet.wire_length));
    }

  private:
    TriggerExpression(packet::ProcessFilter processes, std::optional<forensics::LinkFilter> filter)
        : processes_(std::move(processes)), filter_(std::move(filter)) {}

    packet::ProcessFilter processes_;
    std::optional<forensics::LinkFilter> filter_;
};

}  // namespace cmd
