// SPDX-License-Identifier: GPL-2.0-only
#include "tests/attribution/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bench {
namespace {

std::string words_of(const std::map<std::string, size_t>& counts) {
    std::string text;
    for (const auto& [name, count] : counts) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count);
    }
    return text;
}

// "12 right, 3 none"
std::string cell(const nlohmann::json& row) {
    if (!row["skipped"].get<std::string>().empty()) {
        return "–";
    }
    if (!row["error"].get<std::string>().empty()) {
        return "failed";
    }
    std::string text;
    for (const char* verdict : kVerdictNames) {
        const auto count = row[verdict].get<size_t>();
        if (count > 0) {
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, verdict);
        }
    }
    return text;
}

// Of all scenarios.
nlohmann::json sum_of(const nlohmann::json& scenarios) {
    nlohmann::json sum = {{"skipped", ""}, {"error", ""}};
    for (const char* verdict : kVerdictNames) {
        size_t packets = 0;
        for (const auto& row : scenarios) {
            packets += row[verdict].get<size_t>();
        }
        sum[verdict] = packets;
    }
    return sum;
}

}  // namespace

std::string table(const std::vector<Row>& rows) {
    std::string text = fmt::format("{:<34}{:>8}{:>8}{:>8}{:>8}{:>8}  {}\n", "scenario", "packets",
                                   "right", "related", "none", "wrong", "via");
    Row sum{.name = "all"};
    for (const Row& row : rows) {
        if (!row.skipped.empty()) {
            text += fmt::format("{:<34}skipped: {}\n", row.name, row.skipped);
            continue;
        }
        text += fmt::format("{:<34}{:>8}{:>8}{:>8}{:>8}{:>8}  {}\n", row.name, row.packets(),
                            row.verdicts[0], row.verdicts[1], row.verdicts[2], row.verdicts[3],
                            words_of(row.vias));
        for (size_t i = 0; i < row.verdicts.size(); i++) {
            sum.verdicts[i] += row.verdicts[i];
        }
    }
    return text + fmt::format("{:<34}{:>8}{:>8}{:>8}{:>8}{:>8}\n", sum.name, sum.packets(),
                              sum.verdicts[0], sum.verdicts[1], sum.verdicts[2], sum.verdicts[3]);
}

std::string json(const std::vector<Row>& rows, const std::string& title) {
    nlohmann::json scenarios = nlohmann::json::array();
    for (const Row& row : rows) {
        nlohmann::json entry = {{"name", row.name},   {"skipped", row.skipped},
                                {"error", row.error}, {"packets", row.packets()},
                                {"via", row.vias},    {"failures", row.failures}};
        for (size_t i = 0; i < row.verdicts.size(); i++) {
            entry[kVerdictNames[i]] = row.verdicts[i];
        }
        scenarios.push_back(std::move(entry));
    }
    const nlohmann::json all = {{"title", title}, {"scenarios", scenarios}};
    return all.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string markdown(const std::vector<std::string>& texts) {
    std::vector<nlohmann::json> runs;
    std::vector<std::string> names;  // of scenarios, in order
    std::string head = "| scenario |";
    std::string rule = "|---|";
    for (const std::string& text : texts) {
        runs.push_back(nlohmann::json::parse(text));
        head += " " + runs.back()["title"].get<std::string>() + " |";
        rule += "---|";
        for (const auto& row : runs.back()["scenarios"]) {
            const auto name = row["name"].get<std::string>();
            if (std::find(names.begin(), names.end(), name) == names.end()) {
                names.push_back(name);
            }
        }
    }
    std::string body;
    for (const std::string& name : names) {
        body += "| " + name + " |";
        for (const auto& run : runs) {
            std::string text = " |";
            for (const auto& row : run["scenarios"]) {
                if (row["name"] == name) {
                    text = " " + cell(row) + " |";
                }
            }
            body += text;
        }
        body += "\n";
    }
    body += "| **all** |";
    for (const auto& run : runs) {
        body += " " + cell(sum_of(run["scenarios"])) + " |";
    }
    return head + "\n" + rule + "\n" + body + "\n";
}

}  // namespace bench
