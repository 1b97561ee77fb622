// SPDX-License-Identifier: GPL-2.0-only
#include "tests/attribution/limits.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace bench {
namespace {

constexpr std::string_view kTag = "(bench: ";
constexpr size_t kRarely = 50;  // at most one packet of so many

unsigned release_number(const std::string& text) {
    unsigned major = 0;
    unsigned minor = 0;
    if (std::sscanf(text.c_str(), "%u.%u", &major, &minor) != 2) {
        throw std::runtime_error("not a kernel's release: " + text);
    }
    return major * 1000 + minor;
}

[[noreturn]] void not_understood(const std::string& text) {
    throw std::runtime_error("not understood: (bench: " + text + ")");
}

// "none NAME", "sometimes none NAME" or "rarely none NAME"; behind it "before 6.1", "with xdp",
// "without cgroup"
Limit limit_of(const std::string& text) {
    std::istringstream words(text);
    std::string verdict;
    Limit limit;
    words >> verdict;
    if (verdict == "sometimes" || verdict == "rarely") {
        limit.sometimes = true;
        limit.rarely = verdict == "rarely";
        words >> verdict;
    }
    words >> limit.scenario;
    const auto known = std::find(kVerdictNames.begin(), kVerdictNames.end(), verdict);
    if (known == kVerdictNames.begin() || known == kVerdictNames.end() || limit.scenario.empty()) {
        not_understood(text);
    }
    limit.verdict = static_cast<test::Verdict>(known - kVerdictNames.begin());
    for (std::string condition, value; words >> condition;) {
        words >> value;
        if (condition == "before") {
            limit.before = release_number(value);
            continue;
        }
        const auto hook = test::hook_of(value);
        if (!hook) {
            not_understood(text);
        }
        if (condition == "with") {
            limit.hooks = {*hook};
        } else if (condition == "without") {
            limit.hooks.erase(*hook);
        } else {
            not_understood(text);
        }
    }
    return limit;
}

}  // namespace

std::vector<Limit> read_limits(const std::string& file) {
    std::ifstream stream(file);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (text.empty()) {
        throw std::runtime_error("can't read " + file);
    }
    std::vector<Limit> limits;
    for (size_t at = text.find(kTag); at != std::string::npos; at = text.find(kTag, at + 1)) {
        const size_t begin = at + kTag.size();
        std::istringstream items(text.substr(begin, text.find(')', begin) - begin));
        for (std::string item; std::getline(items, item, ',');) {
            limits.push_back(limit_of(item));
        }
    }
    return limits;
}

std::vector<std::string> complaints(const std::vector<Row>& rows, const std::vector<Limit>& limits,
                                    const std::string& release, test::Hook hook) {
    std::vector<std::string> lines;
    const unsigned kernel = release_number(release);
    const auto applies = [&](const Limit& limit) {
        return limit.hooks.contains(hook) && (limit.before == 0 || kernel < limit.before);
    };
    for (const Row& row : rows) {
        if (!row.error.empty()) {
            lines.push_back(row.name + ": " + row.error);
        }
        for (const auto verdict :
             {test::Verdict::related, test::Verdict::none, test::Verdict::wrong}) {
            size_t admitted = 0;  // packets
            size_t expected = 0;  // limits that have to show
            for (const Limit& limit : limits) {
                if (limit.scenario == row.name && limit.verdict == verdict && applies(limit)) {
                    const size_t some = std::max<size_t>(row.packets() / kRarely, 1);
                    admitted = std::max(admitted, limit.rarely ? some : row.packets());
                    expected += limit.sometimes ? 0 : 1;
                }
            }
            const std::string what = kVerdictNames[static_cast<size_t>(verdict)];
            if (row.count(verdict) > admitted) {
                lines.push_back(row.name + ": " + std::to_string(row.count(verdict)) + " " + what +
                                ", which docs/limitations.md doesn't explain");
            }
            if (row.count(verdict) == 0 && expected > 0 && row.played()) {
                lines.push_back(row.name + ": docs/limitations.md admits '" + what +
                                "', which isn't so any more");
            }
        }
    }
    return lines;
}

}  // namespace bench
