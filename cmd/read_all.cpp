// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/read_all.h"

#include <fmt/format.h>

#include <cerrno>

#include "pcapng/read_to_end.h"

namespace cmd {
namespace {

// Far more than any expression that libpcap would compile in a lifetime.
constexpr size_t kLongest = 1 << 20;

}  // namespace

pcapng::Result<std::string> read_all(const pcapng::Fd& file, const std::string& what) {
    std::string text;
    if (const int code = pcapng::read_to_end(file, kLongest + 1, text); code != 0) {
        return pcapng::errno_error(what, code);
    }
    if (text.size() > kLongest) {
        return pcapng::Error{fmt::format("{}: larger than {} bytes", what, kLongest), EFBIG};
    }
    return text;
}

}  // namespace cmd
