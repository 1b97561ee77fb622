// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/print_format.h"

#include <algorithm>
#include <cstddef>
#include <span>

namespace capture {
namespace {

constexpr std::string_view kRecord = "REC->";
constexpr size_t kMaxValues = 1024;  // of one field

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\n";
    const size_t first = text.find_first_not_of(kSpace);
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
}

// Returns the position behind the text in quotes that begins at `at`, or the end.
size_t after_quoted(std::string_view text, size_t at) {
    for (size_t i = at + 1; i < text.size(); i++) {
        if (text[i] == '\\') {
            i++;
        } else if (text[i] == '"') {
            return i + 1;
        }
    }
    return text.size();
}

// Returns the parts between commas that stand in no brackets, up to a closing bracket that none has
// opened.
std::vector<std::string_view> split_arguments(std::string_view text) {
    std::vector<std::string_view> parts;
    size_t begin = 0;
    int depth = 0;
    size_t at = 0;
    while (at < text.size()) {
        const char c = text[at];
        if (c == '"') {
            at = after_quoted(text, at);
            continue;
        }
        if (c == '(' || c == '{' || c == '[') {
            depth++;
        } else if ((c == ')' || c == '}' || c == ']') && --depth < 0) {
            break;
        } else if (c == ',' && depth == 0) {
            parts.push_back(trimmed(text.substr(begin, at - begin)));
            begin = at + 1;
        }
        at++;
    }
    parts.push_back(trimmed(text.substr(begin, at - begin)));
    return parts;
}

// Returns the text of one C string or several that follow each other; empty if it is none.
std::string unquoted(std::string_view text) {
    std::string out;
    while (text.starts_with('"')) {
        const size_t end = after_quoted(text, 0);
        for (size_t i = 1; i + 1 < end; i++) {
            if (text[i] == '\\' && i + 2 < end) {
                i++;
            }
            out += text[i];
        }
        text = trimmed(text.substr(end));
    }
    return out;
}

// Returns the conversions of a format, "*" for a width or precision that is an argument.
std::vector<std::string> conversions_of(std::string_view format) {
    std::vector<std::string> found;
    size_t at = 0;
    const auto skip = [&](std::string_view any_of) {
        while (at < format.size() && any_of.find(format[at]) != std::string_view::npos) {
            if (format[at] == '*') {
                found.emplace_back("*");
            }
            at++;
        }
    };
    while ((at = format.find('%', at)) != std::string_view::npos) {
        at++;
        if (at < format.size() && format[at] == '%') {
            at++;
            continue;
        }
        skip("-+ #0123456789.*");
        skip("hlLqjzt");
        const size_t begin = at;
        if (at < format.size()) {
            at++;
        }
        while (format.substr(begin).starts_with('p') && at < format.size() &&
               is_name_char(format[at]) && format[at] != '_') {
            at++;
        }
        found.emplace_back(format.substr(begin, at - begin));
    }
    return found;
}

// Takes off brackets around all of it, and casts in front of it, as in "((unsigned long)(x))".
std::string_view without_brackets(std::string_view text) {
    while (text.starts_with('(')) {
        const auto inside = split_arguments(text.substr(1));
        const size_t end =
            static_cast<size_t>(inside.back().data() + inside.back().size() - text.data());
        const size_t close = text.find(')', end);
        if (close == std::string_view::npos) {
            return text;
        }
        const std::string_view behind = trimmed(text.substr(close + 1));
        const std::string_view within = trimmed(text.substr(1, close - 1));
        if (behind.empty()) {
            text = within;
        } else if (within.find_first_not_of(
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ *") ==
                       std::string_view::npos &&
                   (behind.starts_with('(') || behind.starts_with(kRecord))) {
            text = behind;
        } else {
            return text;
        }
    }
    return text;
}

// Returns the field that an expression begins with, and what stands behind it.
std::pair<std::string, std::string_view> leading_field(std::string_view expression) {
    expression = without_brackets(trimmed(expression));
    if (!expression.starts_with(kRecord)) {
        return {};
    }
    expression.remove_prefix(kRecord.size());
    size_t length = 0;
    while (length < expression.size() && is_name_char(expression[length])) {
        length++;
    }
    return {std::string(expression.substr(0, length)), trimmed(expression.substr(length))};
}

// Returns the field that an expression is, or, if `masked`, of which it takes some bits. Empty if
// it is anything else.
std::string field_of(std::string_view expression, bool masked) {
    const auto [name, rest] = leading_field(expression);
    const bool all = rest.empty() || (masked && rest.starts_with('&') && !rest.starts_with("&&"));
    return all ? name : std::string();
}

void take_names(std::span<const std::string_view> pairs, const FindConstant& find_constant,
                std::vector<std::pair<uint64_t, std::string>>& values) {
    for (std::string_view pair : pairs) {
        if (!pair.starts_with('{') || values.size() >= kMaxValues) {
            continue;
        }
        const auto parts = split_arguments(pair.substr(1));
        if (parts.size() != 2) {
            continue;
        }
        std::string name = unquoted(parts[1]);
        const auto number = evaluate_constant(parts[0], find_constant);
        if (number && !name.empty()) {
            values.emplace_back(*number, std::move(name));
        }
    }
}

void read_names(std::string_view argument, const FindConstant& find_constant, PrintFormat& format) {
    for (const bool flags : {false, true}) {
        const std::string_view call = flags ? "__print_flags" : "__print_symbolic";
        for (size_t at = argument.find(call); at != std::string_view::npos;
             at = argument.find(call, at + 1)) {
            const size_t open = argument.find('(', at);
            if (open == std::string_view::npos) {
                break;
            }
            const auto parts = split_arguments(argument.substr(open + 1));
            const std::string field = field_of(parts.front(), flags);
            const size_t first = flags ? 2 : 1;  // behind the delimiter of flags
            if (!field.empty() && parts.size() > first && !format.values.contains(field)) {
                take_names(std::span(parts).subspan(first), find_constant, format.values[field]);
            }
        }
    }
}

}  // namespace

PrintFormat parse_print_format(std::string_view text, const FindConstant& find_constant) {
    PrintFormat format;
    const auto arguments = split_arguments(text);
    const auto conversions = conversions_of(unquoted(arguments.front()));
    for (size_t i = 1; i < arguments.size(); i++) {
        const std::string field = field_of(arguments[i], false);
        if (!field.empty() && i <= conversions.size()) {
            format.conversions.try_emplace(field, conversions[i - 1]);
        }
        read_names(arguments[i], find_constant, format);
    }
    return format;
}

}  // namespace capture
