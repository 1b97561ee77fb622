// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/read_all.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace cmd {
namespace {

// Far more than any expression that libpcap would compile in a lifetime.
constexpr size_t kLongest = 1 << 20;

}  // namespace

pcapng::Result<std::string> read_all(const pcapng::Fd& file, const std::string& what) {
    std::string text;
    std::array<char, 4096> part{};
    while (true) {
        const ssize_t got = read(file.get(), part.data(), part.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return pcapng::errno_error(what, errno);
        }
        if (got == 0) {
            return text;
        }
        text.append(part.data(), static_cast<size_t>(got));
        if (text.size() > kLongest) {
            return pcapng::Error{fmt::format("{}: larger than {} bytes", what, kLongest), EFBIG};
        }
    }
}

}  // namespace cmd
