// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/write_all.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <span>

#include "pcapng/write_bytes.h"

namespace pcapng {

Result<void> write_all(int fd, std::string_view text, const char* what, int stop_fd) {
    const std::span bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
    const Written written = write_bytes(fd, bytes, stop_fd);
    if (written.code == ECANCELED) {
        return Error{fmt::format("write to {}: nothing was read for {} ms after the signal "
                                 "to stop; {} bytes were not written",
                                 what, kStopPatienceMs, bytes.size() - written.bytes),
                     ECANCELED};
    }
    if (written.code != 0) {
        return errno_error(fmt::format("write to {}", what), written.code);
    }
    return {};
}

}  // namespace pcapng
