// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/color.h"

#include <unistd.h>

#include <array>
#include <cstdlib>

namespace packet {

bool use_color(ColorMode mode, bool is_terminal, const char* no_color, const char* term) {
    if (mode != ColorMode::kAuto) {
        return mode == ColorMode::kAlways;
    }
    if (!is_terminal || (no_color != nullptr && *no_color != '\0')) {
        return false;
    }
    return term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

bool use_color(ColorMode mode, int fd) {
    return use_color(mode, isatty(fd) == 1, std::getenv("NO_COLOR"), std::getenv("TERM"));
}

std::string_view process_color(std::string_view comm, uint32_t pid) {
    static constexpr std::array<std::string_view, 10> kColors{
        "\x1b[32m",   "\x1b[33m",   "\x1b[34m",   "\x1b[35m",   "\x1b[36m",
        "\x1b[1;32m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[1;35m", "\x1b[1;36m",
    };
    uint32_t hash = 2166136261U;  // FNV-1a
    const auto mix = [&hash](uint32_t byte) { hash = (hash ^ byte) * 16777619U; };
    for (const char c : comm) {
        mix(static_cast<unsigned char>(c));
    }
    for (int shift = 0; shift < 32; shift += 8) {
        mix((pid >> shift) & 0xffU);
    }
    return kColors[(hash ^ (hash >> 16)) % kColors.size()];
}

}  // namespace packet
