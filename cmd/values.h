// SPDX-License-Identifier: GPL-2.0-only
//
// The values of command line options, from text. Each error names the option, what was given and
// what would be right: "-c 0: not a number from 1 to …". Pure but for parse_uid and
// parse_gid, which ask the user database.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "packet/line/packet_line.h"
#include "pcapng/result.h"

namespace cmd {

using pcapng::Result;

// A whole decimal number without sign, blanks or anything after it.
Result<uint64_t> parse_number(std::string_view option, std::string_view text, uint64_t min,
                              uint64_t max);

// "10", "2.5", "10s", "5m", "1h": seconds unless a unit says otherwise; more than 0, at most a
// year.
Result<std::chrono::nanoseconds> parse_duration(std::string_view option, std::string_view text);

// The same in whole seconds, for -G.
Result<std::chrono::seconds> parse_seconds(std::string_view option, std::string_view text);

// A size of a file, in bytes: tcpdump's units, millions of bytes, or with k, m or g (of either
// case) KiB, MiB or GiB.
Result<uint64_t> parse_size(std::string_view option, std::string_view text);

// How often -t is given, as tcpdump counts.
Result<packet::TimeForm> parse_time_form(size_t times);

// Values of --uid and --user, and of --gid: a name, or a number.
Result<uint32_t> parse_uid(const std::string& text);
Result<uint32_t> parse_gid(const std::string& text);

}  // namespace cmd
