// SPDX-License-Identifier: GPL-2.0-only
//
// Whether a terminal gets colours, and which. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace packet {

enum class ColorMode { kAuto, kAlways, kNever };
inline constexpr std::array<std::pair<std::string_view, ColorMode>, 3> kColorModes{
    {{"auto", ColorMode::kAuto}, {"always", ColorMode::kAlways}, {"never", ColorMode::kNever}}};

// --color decides; `auto` colours a terminal unless NO_COLOR is set to anything (no-color.org) or
// TERM says that it can't. The two are the variables' values, null where they are not set.
bool use_color(ColorMode mode, bool is_terminal, const char* no_color, const char* term);

// The same with isatty(fd) and the environment.
bool use_color(ColorMode mode, int fd);

// The escape sequence that starts the colour of a process: the same comm and pid always get the
// same one. Readable on black and on white. kColorEnd goes back.
std::string_view process_color(std::string_view comm, uint32_t pid);
inline constexpr std::string_view kColorEnd = "\x1b[0m";
inline constexpr std::string_view kColorGood = "\x1b[32m";
inline constexpr std::string_view kColorBad = "\x1b[31m";
inline constexpr std::string_view kColorWarn = "\x1b[33m";
inline constexpr std::string_view kColorBold = "\x1b[1m";

}  // namespace packet
