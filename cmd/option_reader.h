// SPDX-License-Identifier: GPL-2.0-only
//
// OptionReader: reads the values of a parsed command line one after the other, up to the first
// error, which error() returns; what is read after it does nothing. A caller reads everything and
// asks once. The error names the option, and says what is wrong with its value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/values.h"
#include "pcapng/result.h"

namespace cmd {

using pcapng::Error;

// Stores a result's value. Returns its error, or nothing.
template <typename From, typename To>
std::optional<Error> store(const Result<From>& from, To& to) {
    if (!from) {
        return from.error();
    }
    to = static_cast<typename std::conditional_t<std::is_arithmetic_v<To>, To, From>>(*from);
    return std::nullopt;
}

class OptionReader {
  public:
    const std::optional<Error>& error() const { return error_; }

    void refuse_if(bool wrong, std::string_view message);

    // Calls read(text) for each value of an option; it returns an Error or nothing. Of a value from
    // a file, the error begins with the place.
    template <typename Read>
    void each(const Option& option, Read read) {
        for (size_t i = 0; i < option.values.size() && !error_; i++) {
            error_ = read(option.values[i]);
            if (error_ && i < option.places.size()) {
                error_->message = option.places[i] + ": " + error_->message;
            }
        }
    }

    // The same for an option that may be given once.
    template <typename Read>
    void once(const Option& option, Read read) {
        refuse_twice(option);
        each(option, read);
    }

    template <typename Target>
    void number(const Option& option, uint64_t min, uint64_t max, Target& target) {
        once(option, [&](const std::string& text) {
            return store(parse_number(option.name, text, min, max), target);
        });
    }

    // One of a few words, each with its meaning.
    template <typename Target, size_t kCount>
    void word(const Option& option,
              const std::array<std::pair<std::string_view, Target>, kCount>& words,
              Target& target) {
        once(option, [&](const std::string& text) -> std::optional<Error> {
            std::vector<std::string_view> names;
            for (const auto& [name, meaning] : words) {
                if (name == text) {
                    target = meaning;
                    return std::nullopt;
                }
                names.push_back(name);
            }
            return not_one_of(option, text, names);
        });
    }

    // The name of a file.
    void path(const Option& option, std::string& to);

    // The mode of files that are made.
    void mode(const Option& option, std::optional<uint32_t>& to);

    // The FILE of a command that takes exactly one.
    void only_file(const std::vector<std::string>& files, std::string& to);

    template <typename Target>
    void take(Result<Target> from, Target& to) {
        if (from) {
            to = *std::move(from);
        } else {
            refuse_if(true, from.error().message);
        }
    }

  private:
    void refuse_twice(const Option& option);
    static Error not_one_of(const Option& option, const std::string& text,
                            std::span<const std::string_view> names);

    std::optional<Error> error_;
};

}  // namespace cmd
