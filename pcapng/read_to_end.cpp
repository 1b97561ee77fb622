// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/read_to_end.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace pcapng {

int read_to_end(const Fd& file, size_t most, std::string& text) {
    std::array<char, 4096> part{};
    while (text.size() < most) {
        const ssize_t got =
            ::read(file.get(), part.data(), std::min(part.size(), most - text.size()));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0 ? 0 : errno;
        }
        text.append(part.data(), static_cast<size_t>(got));
    }
    return 0;
}

}  // namespace pcapng
