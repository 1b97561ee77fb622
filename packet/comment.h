// SPDX-License-Identifier: GPL-2.0-only
//
// The packet comment: one line of key=value pairs that says which process a packet belongs to, and
// which survives every tool that rewrites a file. The grammar is in docs/file-format.md:
//     pid=812 tid=812 comm=curl exe=/usr/bin/curl uid=1000 st=1763650000000000000 via=socket
// Values are percent-encoded, so that a value is always one printable word.
// Pure functions, safe on any thread. Decoded values are bytes that a process chose: hostile input.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace packet {

// A comment of the section header that says what the packet comments are. A rewriting tool may
// drop it: a packet comment is recognised by itself.
inline constexpr std::string_view kCommentGrammar = "pidcap comment grammar 1";

// The most bytes of an encoded cmdline; one that was cut ends in "…".
inline constexpr size_t kMaxCommandLine = 4096;

// Adds a pair to a comment, which may be empty. `prefix` and `key` are ours and plain; `value` is
// any bytes.
void append_pair(std::string& out, std::string_view prefix, std::string_view key,
                 std::string_view value);
void append_pair(std::string& out, std::string_view prefix, std::string_view key, uint64_t value);

// The same with a command line as in /proc/PID/cmdline: the NULs between its arguments become
// spaces, and it is cut to kMaxCommandLine. An empty one is left out.
void append_command_line(std::string& out, std::string_view prefix, std::string_view key,
                         std::string_view cmdline);

// Returns the longest prefix of `comment` that has at most `max` bytes and cuts no pair of our
// grammar or, in any other text, no code point.
std::string_view cut_comment(std::string_view comment, size_t max);

// A comment's pairs in order, values decoded. If a key occurs twice, the first one counts.
struct Comment {
    std::vector<std::pair<std::string, std::string>> pairs;

    std::optional<std::string_view> find(std::string_view key) const;
    std::optional<uint64_t> number(std::string_view key) const;  // decimal; nullopt if it is not
};

// Returns the decimal number that the whole text is, or nullopt if it isn't one or is too large.
template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

// Returns nullopt if the comment is not in our grammar (another tool or a person wrote it).
std::optional<Comment> parse_comment(std::string_view comment);

}  // namespace packet
