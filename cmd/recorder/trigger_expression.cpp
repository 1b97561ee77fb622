// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/trigger_expression.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "packet/filter/packet_filter.h"
#include "packet/line/terminal_text.h"
#include "packet/link_type.h"

namespace cmd {
namespace {

using packet::ProcessExpression;
using pcapng::Error;
using pcapng::Result;

constexpr std::string_view kBlanks = " \t\r\n";

bool ends_word(std::string_view text, size_t at) {
    return at >= text.size() || kBlanks.find(text[at]) != std::string_view::npos ||
           text[at] == '(' || text[at] == ')';
}

// Splits at each `word` or `mark` that stands in no parentheses, brackets, braces or string.
std::vector<std::string_view> split_at(std::string_view text, std::string_view word,
                                       std::string_view mark) {
    std::vector<std::string_view> parts;
    size_t begin = 0;
    int depth = 0;
    bool in_string = false;
    for (size_t at = 0; at < text.size(); at++) {
        const char c = text[at];
        if (in_string) {
            at += c == '\\' ? 1 : 0;
            in_string = c != '"';
            continue;
        }
        in_string = c == '"';
        depth += c == '(' || c == '[' || c == '{' ? 1 : c == ')' || c == ']' || c == '}' ? -1 : 0;
        const bool is_mark = text.substr(at, mark.size()) == mark;
        const bool is_word = text.substr(at, word.size()) == word &&
                             ends_word(text, at + word.size()) && at > 0 && ends_word(text, at - 1);
        if (depth == 0 && (is_mark || is_word)) {
            parts.push_back(text.substr(begin, at - begin));
            at += (is_mark ? mark : word).size() - 1;
            begin = at + 1;
        }
    }
    parts.push_back(text.substr(begin));
    return parts;
}

bool has_bare_or(std::string_view text) {
    return split_at(text, "or", "||").size() > 1;
}

std::string trimmed(std::string_view text) {
    const size_t begin = text.find_first_not_of(kBlanks);
    return begin == std::string_view::npos
               ? std::string()
               : std::string(text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin));
}

Result<packet::PacketFilter> compile(const std::string& filter) {
    auto compiled = packet::PacketFilter::compile(filter, packet::LinkType::kEthernet, uint32_t{0});
    return compiled.ok()
               ? std::move(compiled)
               : packet::PacketFilter::compile(filter, packet::LinkType::kRawIp, uint32_t{0});
}

// A whole text that is in one of the languages.
std::optional<TriggerConditions> whole(const std::string& text) {
    const auto process = packet::parse_process_expression(text);
    if (const auto* expression = std::get_if<ProcessExpression>(&process)) {
        return TriggerConditions{*expression, {}};
    }
    if (compile(text).ok()) {
        return TriggerConditions{{}, text};
    }
    return std::nullopt;
}

}  // namespace

Result<TriggerConditions> parse_trigger_expression(std::string_view text) {
    const std::string all = trimmed(text);
    if (all.empty() || all.size() > packet::kExpressionMax) {
        return Error{all.empty()
                         ? "--trigger: the expression is empty"
                         : fmt::format("--trigger: longer than {} bytes", packet::kExpressionMax)};
    }
    if (auto conditions = whole(all)) {
        return *std::move(conditions);
    }
    // Neighbours that are on the packet stay together: "host a and b" is not "host a" and "b".
    std::vector<ProcessExpression> processes;
    std::vector<std::string> filters;
    std::string_view run;
    bool ambiguous = false;
    const std::vector<std::string_view> parts = split_at(all, "and", "&&");
    for (const std::string_view part : parts) {
        const std::string condition = trimmed(part);
        if (condition.empty()) {
            return Error{"--trigger: a condition is missing before or after \"and\""};
        }
        ambiguous = ambiguous || (parts.size() > 1 && has_bare_or(condition));
        auto parsed = packet::parse_process_expression(condition);
        if (auto* expression = std::get_if<ProcessExpression>(&parsed)) {
            processes.push_back(std::move(*expression));
            run = {};
            continue;
        }
        if (run.empty()) {
            run = part;
            filters.push_back(condition);
        } else {
            run = {run.data(), static_cast<size_t>(part.data() + part.size() - run.data())};
            filters.back() = trimmed(run);
        }
    }
    if (ambiguous) {
        return Error{
            "--trigger: \"or\" beside conditions on processes and on the packet: put what it joins "
            "into parentheses"};
    }
    std::string filter;
    for (const std::string& one : filters) {
        if (auto compiled = compile(one); !compiled) {
            const auto process = packet::parse_process_expression(one);
            const auto* error = std::get_if<packet::SyntaxError>(&process);
            return Error{fmt::format(
                "--trigger: \"{}\" is neither a condition on processes ({}) nor a packet filter "
                "({}); conditions of both kinds are joined by \"and\", others stand in parentheses",
                packet::printable(one), error != nullptr ? error->message : "incomplete",
                compiled.error().message)};
        }
        filter +=
            filters.size() == 1 ? one : fmt::format("{}({})", filter.empty() ? "" : " and ", one);
    }
    return TriggerConditions{ProcessExpression::all_of(std::move(processes)), filter};
}

Result<TriggerExpression> TriggerExpression::make(const TriggerConditions& conditions,
                                                  packet::ProcessFilter processes) {
    if (conditions.filter.empty()) {
        return TriggerExpression(std::move(processes), std::nullopt);
    }
    auto filter = forensics::LinkFilter::make(conditions.filter);
    if (!filter) {
        return std::move(filter).error();
    }
    // That it has no meaning for a link type shows only with a packet of that type.
    constexpr std::array kLinkTypes = {packet::kLinkTypeEthernet, packet::kLinkTypeRaw};
    for (const uint16_t link_type : kLinkTypes) {
        (void)filter->matches(link_type, {}, 0);
    }
    if (const auto problems = filter->problems(); problems.size() == kLinkTypes.size()) {
        return Error{"--trigger: " + problems.front()};
    }
    return TriggerExpression(std::move(processes), *std::move(filter));
}

}  // namespace cmd
