// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/option_reader.h"

#include <fmt/format.h>

#include "packet/line/terminal_text.h"

namespace cmd {

void OptionReader::refuse_if(bool wrong, std::string_view message) {
    if (wrong && !error_) {
        error_ = Error{std::string(message)};
    }
}

void OptionReader::refuse_twice(const Option& option) {
    const std::string place = option.places.empty() ? "" : option.places.back() + ": ";
    refuse_if(option.count() > 1, place + option.name + " is given twice");
}

void OptionReader::path(const Option& option, std::string& to) {
    once(option, [&](const std::string& text) -> std::optional<Error> {
        to = text;
        return text.empty() ? std::optional(Error{option.name + ": the file name is empty"})
                            : std::nullopt;
    });
}

void OptionReader::mode(const Option& option, std::optional<uint32_t>& to) {
    once(option, [&](const std::string& text) { return store(parse_mode(option.name, text), to); });
}

void OptionReader::only_file(const std::vector<std::string>& files, std::string& to) {
    refuse_if(files.empty(), "no input file given");
    refuse_if(files.size() > 1, "more than one input file given");
    if (!error_) {
        to = files.front();
    }
}

Error OptionReader::not_one_of(const Option& option, const std::string& text,
                               std::span<const std::string_view> names) {
    return Error{fmt::format("{} {}: not one of {}", option.name, packet::printable(text),
                             fmt::join(names, ", "))};
}

}  // namespace cmd
