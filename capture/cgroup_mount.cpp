// SPDX-License-Identifier: GPL-2.0-only
#include "capture/cgroup_mount.h"

#include <fstream>
#include <sstream>
#include <string_view>

namespace capture {
namespace {

bool is_octal(char c) {
    return c >= '0' && c <= '7';
}

// Blanks, line breaks and backslashes stand as \ and three octal digits (proc(5)).
std::string unescape(std::string_view text) {
    std::string plain;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
            is_octal(text[i + 2]) && is_octal(text[i + 3])) {
            plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                       (text[i + 3] - '0'));
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

}  // namespace

std::string cgroup2_mount(std::istream& mountinfo) {
    std::string line;
    while (std::getline(mountinfo, line)) {
        // "36 35 98:0 ROOT MOUNT_POINT OPTIONS [TAGS…] - TYPE SOURCE OPTIONS"
        const size_t separator = line.find(" - ");
        if (separator == std::string::npos || line.compare(separator + 3, 8, "cgroup2 ") != 0) {
            continue;
        }
        std::istringstream fields(line);
        std::string id;
        std::string parent;
        std::string device;
        std::string root;
        std::string point;
        if (fields >> id >> parent >> device >> root >> point && root == "/") {
            return unescape(point);
        }
    }
    return {};
}

std::string cgroup2_mount() {
    std::ifstream file("/proc/self/mountinfo");
    return cgroup2_mount(file);
}

}  // namespace capture
