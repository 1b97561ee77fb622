// SPDX-License-Identifier: GPL-2.0-only
//
// Captures of events only, and the events of a capture's file, each with its process and its values
// as text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace test {

// The arguments of a capture of nothing but these events.
std::vector<std::string> events(const std::string& choice, const std::string& file);

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

// What a program was told of a call that failed: error, address, and when. As text; sorted.
// `where`: the field of the address.
using Failure = std::tuple<std::string, std::string, std::string>;
std::vector<Failure> failures_in(const std::vector<SeenEvent>& events, const char* where);

}  // namespace test
