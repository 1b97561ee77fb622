// SPDX-License-Identifier: GPL-2.0-only
//
// The events of a capture's file, each with its process and its values as text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace test {

struct SeenEvent {
    std::string name;
    uint32_t pid = 0;  // 0: it has no process
    std::string comm;
    std::string via;
    uint64_t time_ns = 0;
    std::map<std::string, std::string> values;  // by field: a number's name, else the number

    // Empty, and 0, if the event hasn't got it.
    std::string text(const std::string& field) const;
    uint64_t number(const std::string& field) const;
};

// Those with this name, or all.
std::vector<SeenEvent> events_of(const std::string& file, const std::string& name = {});
// Those of one process.
std::vector<SeenEvent> events_of(const std::string& file, uint32_t pid,
                                 const std::string& name = {});

}  // namespace test
