// SPDX-License-Identifier: GPL-2.0-only
#include "packet/filter/glob.h"

#include <optional>

namespace packet {
namespace {

// One element of a pattern other than `*`, and whether it matches a byte.
struct Element {
    size_t size = 1;  // in the pattern
    bool fits = false;
};

// Returns the member of a set at `at`, which may be escaped by a backslash, and advances `at`.
char set_member(std::string_view pattern, size_t& at) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
        ++at;
    }
    return pattern[at++];
}

// Reads a set, which begins with "[". Returns nullopt if it is never closed. "]" is a member if it
// comes first.
std::optional<Element> read_set(std::string_view pattern, char c) {
    const auto byte = [](char of) { return static_cast<unsigned char>(of); };
    size_t at = 1;
    const bool negated = at < pattern.size() && pattern[at] == '!';
    at += negated ? 1 : 0;
    bool found = false;
    for (bool first = true; at < pattern.size(); first = false) {
        if (pattern[at] == ']' && !first) {
            return Element{at + 1, found != negated};
        }
        const char low = set_member(pattern, at);
        char high = low;
        if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') {
            ++at;
            high = set_member(pattern, at);
        }
        found = found || (byte(low) <= byte(c) && byte(c) <= byte(high));
    }
    return std::nullopt;
}

// `pattern` isn't empty and doesn't begin with `*`.
Element read_element(std::string_view pattern, char c) {
    switch (pattern.front()) {
        case '?':
            return {1, true};
        case '[':
            return read_set(pattern, c).value_or(Element{1, c == '['});
        case '\\':
            if (pattern.size() > 1) {
                return {2, c == pattern[1]};
            }
            break;
        default:
            break;
    }
    return {1, c == pattern.front()};
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) {
    size_t at = 0;  // in the pattern
    // The place after the last `*`, and where in the text the rest was last tried. Going back to an
    // earlier `*` is never needed, because the last one can take more instead.
    size_t restart = std::string_view::npos;
    size_t restart_text = 0;
    for (size_t done = 0; done < text.size();) {
        if (at < pattern.size() && pattern[at] == '*') {
            restart = ++at;
            restart_text = done;
            continue;
        }
        const Element element =
            at < pattern.size() ? read_element(pattern.substr(at), text[done]) : Element{};
        if (element.fits) {
            at += element.size;
            ++done;
        } else if (restart != std::string_view::npos) {
            at = restart;
            done = ++restart_text;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

std::string glob_literal(std::string_view text) {
    std::string pattern;
    for (const char c : text) {
        if (c == '*' || c == '?' || c == '[' || c == '\\') {
            pattern.push_back('\\');
        }
        pattern.push_back(c);
    }
    return pattern;
}

bool is_glob(std::string_view pattern) {
    return pattern.find_first_of("*?[") != std::string_view::npos;
}

size_t glob_min_length(std::string_view pattern) {
    size_t length = 0;
    while (!pattern.empty()) {
        const bool star = pattern.front() == '*';
        length += star ? 0 : 1;
        pattern.remove_prefix(star ? 1 : read_element(pattern, '\0').size);
    }
    return length;
}

}  // namespace packet
