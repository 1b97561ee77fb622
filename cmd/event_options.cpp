// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/event_options.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "cmd/values.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

constexpr std::chrono::milliseconds kShortestInterval{100};

}  // namespace

Result<std::chrono::nanoseconds> parse_sample_interval(std::string_view option,
                                                       std::string_view text) {
    auto interval = parse_duration(option, text);
    if (interval.ok() && *interval < kShortestInterval) {
        return Error{
            fmt::format("{} {}: the shortest is 0.1, a tenth of a second, as /proc has the "
                        "CPU time of processes in hundredths",
                        option, text)};
    }
    return interval;
}

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
    reader.once(declared.sample, [&](const std::string& text) {
        return store(parse_sample_interval("--sample", text), events.sample_interval);
    });
    events.packets = !declared.no_packets.given();
    events.kernel_addresses = declared.kernel_addresses.given();
    reader.refuse_if(events.kernel_addresses && events.choices.empty(),
                     "--kernel-addresses is for events: add --event NAME");
}

}  // namespace cmd
