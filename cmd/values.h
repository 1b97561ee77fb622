// SPDX-License-Identifier: GPL-2.0-only
//
// The values of command line options, from text. Each error names the option, what was given and
// what would be right: "-c 0: not a number from 1 to …". Pure but for parse_uid,
// parse_gid and parse_user, which ask the user database for names that aren't local.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "capture/confinement/confinement.h"
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

// Whose login group is wanted of users that are given by number. kLocal asks no server for it, as a
// running capture may not connect: the group of users who aren't local is then their number.
enum class Users { kAll, kLocal };

// A user of this machine, by name or number, with the group of their login.
Result<capture::UserIds> parse_user(std::string_view option, const std::string& text,
                                    Users users = Users::kAll);

// The name of a host, any bytes, at most packet::kMaxHost.
Result<std::string> parse_host(const std::string& text);

// The mode of a file, as chmod(1) has it in octal digits: 600, 0640.
Result<uint32_t> parse_mode(std::string_view option, const std::string& text);

}  // namespace cmd
