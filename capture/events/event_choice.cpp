// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/event_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "packet/line/terminal_text.h"

namespace capture {
namespace {

using pcapng::Error;

constexpr std::string_view kIf = " if ";
// Longer than any name of the kernel's, and than SYS:NAME of two of them.
constexpr size_t kMaxName = 256;

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

bool is_glob(char c) {
    return is_word(c) || c == '*' || c == '?' || c == '[' || c == ']';
}

bool is_name(std::string_view text, bool (*allowed)(char)) {
    return !text.empty() && text.size() <= kMaxName &&
           std::all_of(text.begin(), text.end(), allowed);
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) {
        text.remove_prefix(1);
    }
    while (text.ends_with(' ')) {
        text.remove_suffix(1);
    }
    return text;
}

std::optional<EventChoice> choice_of(std::string_view text) {
    EventChoice choice;
    const size_t colon = text.find(':');
    if (colon != std::string_view::npos) {
        choice.name = text;
        const bool named =
            is_name(text.substr(0, colon), is_glob) && is_name(text.substr(colon + 1), is_glob);
        return named ? std::optional(choice) : std::nullopt;
    }
    const size_t equals = text.find('=');
    choice.name = text.substr(0, equals);
    if (equals != std::string_view::npos) {
        choice.variant = text.substr(equals + 1);
        if (!is_name(choice.variant, is_word)) {
            return std::nullopt;
        }
    }
    return is_name(choice.name, is_word) ? std::optional(choice) : std::nullopt;
}

}  // namespace

pcapng::Result<std::vector<EventChoice>> parse_event_choices(std::string_view text) {
    std::string condition;
    if (const size_t at = text.find(kIf); at != std::string_view::npos) {
        condition = trimmed(text.substr(at + kIf.size()));
        text = text.substr(0, at);
        if (condition.empty()) {
            return Error{"there is no condition behind \"if\""};
        }
    }
    std::vector<EventChoice> choices;
    while (true) {
        const size_t comma = text.find(',');
        const std::string_view part = trimmed(text.substr(0, comma));
        auto choice = choice_of(part);
        if (!choice) {
            return Error{
                fmt::format("{}: not the name of an event, such as tcp:tcp_probe, or "
                            "tcp:*; `pidcap events` lists them",
                            packet::printable(std::string(part)))};
        }
        choice->condition = condition;
        choices.push_back(*std::move(choice));
        if (comma == std::string_view::npos) {
            return choices;
        }
        text.remove_prefix(comma + 1);
    }
}

}  // namespace capture
