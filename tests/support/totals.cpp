// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/totals.h"

#include <regex>
#include <stdexcept>

namespace test {

Totals totals_of(const std::string& err) {
    static const std::regex kPattern(
        "([0-9]+) packets?(?:, ([0-9]+) events?)? captured, ([0-9]+) dropped");
    std::smatch match;
    if (!std::regex_search(err, match, kPattern)) {
        throw std::runtime_error("no totals in: " + err);
    }
    const uint64_t events = match[2].matched ? std::stoull(match[2]) : 0;
    return {std::stoull(match[1]) + events, std::stoull(match[3])};
}

}  // namespace test
