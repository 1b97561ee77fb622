// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/event_options.h"

#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "packet/line/terminal_text.h"

namespace cmd {

void read_event_options(const DeclaredEventOptions& declared, OptionReader& reader,
                        capture::EventOptions& events) {
    reader.each(declared.event, [&](const std::string& text) -> std::optional<Error> {
        auto choices = capture::parse_event_choices(text);
        if (!choices) {
            return Error{
                fmt::format("--event {}: {}", packet::printable(text), choices.error().message)};
        }
        std::move(choices->begin(), choices->end(), std::back_inserter(events.choices));
        return std::nullopt;
    });
    events.packets = !declared.no_packets.given();
    events.kernel_addresses = declared.kernel_addresses.given();
    reader.refuse_if(events.kernel_addresses && events.choices.empty(),
                     "--kernel-addresses is for events: add --event NAME");
}

}  // namespace cmd
