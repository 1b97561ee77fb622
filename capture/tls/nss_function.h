// SPDX-License-Identifier: GPL-2.0-only
//
// The key log of NSS: ssl3_RecordKeyLog(socket, label, key) asks for the key's bytes, which may lie
// in another process, and hands them over to ssl3_WriteKeyLog(socket, label, item).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "capture/tls/disassembler.h"
#include "capture/tls/elf_image.h"
#include "pcapng/result.h"

namespace capture::tls {

// The function with the item, by the one with the key. The error says why there is none: NSS may be
// built without a key log, as Debian's is.
pcapng::Result<uint64_t> find_nss_write_function(const ElfImage& image, Disassembler& disassembler,
                                                 uint64_t record_function);

// The functions behind PR_Read() and others for a socket with TLS, which NSS hands over to NSPR in a
// table (struct PRIOMethods of prio.h, which programs see, too).
struct NssMethods {
    uint64_t read = 0;
    uint64_t write = 0;
    uint64_t recv = 0;
    uint64_t send = 0;
};
// Nothing: there is no such table, or more than one.
std::optional<NssMethods> find_nss_methods(const ElfImage& image);

}  // namespace capture::tls
