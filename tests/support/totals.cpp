// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/totals.h"

#include <regex>
#include <stdexcept>

namespace test {

Totals totals_of(const std::string& err) {
    static const std::regex kPattern("([0-9]+) packets? captured, ([0-9]+) dropped");
    std::smatch match;
    if (!std::regex_search(err, match, kPattern)) {
        throw std::runtime_error("no totals in: " + err);
    }
    return {std::stoull(match[1]), std::stoull(match[2])};
}

}  // namespace test
