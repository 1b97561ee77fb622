// SPDX-License-Identifier: GPL-2.0-only
//
// The key log of NSS: ssl3_RecordKeyLog(socket, label, key) asks for the key's bytes, which may lie
// in another process, and hands them over to ssl3_WriteKeyLog(socket, label, item).
#pragma once

#include <cstdint>
#include <string>

#include "capture/tls/disassembler.h"
#include "capture/tls/elf_image.h"
#include "pcapng/result.h"

namespace capture::tls {

// The function with the item, by the one with the key. The error says why there is none: NSS may be
// built without a key log, as Debian's is.
pcapng::Result<uint64_t> find_nss_write_function(const ElfImage& image, Disassembler& disassembler,
                                                 uint64_t record_function);

}  // namespace capture::tls
