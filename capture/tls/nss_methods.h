// SPDX-License-Identifier: GPL-2.0-only
//
// The functions of NSS that pass plaintext. They have no names outside of their file: NSPR, to
// whose functions programs hand their bytes, calls them by a table (PRIOMethods, nspr's prio.h)
// that NSS fills in at run time: a copy of NSPR's own, with pointers to its own functions.
#pragma once

#include <cstdint>
#include <optional>

#include "capture/tls/disassembler.h"
#include "capture/tls/elf_image.h"

namespace capture::tls {

// Addresses. (file, buffer, length), and the second two with (…, flags, timeout) behind.
struct NssMethods {
    uint64_t read = 0;
    uint64_t write = 0;
    uint64_t receive = 0;
    uint64_t send = 0;
};

// By the code that asks for NSPR's table and stores the number of layered files, with pointers to
// twenty functions behind it. Nothing: no such code, or more than one table.
std::optional<NssMethods> find_nss_methods(const ElfImage& image, Disassembler& disassembler);

}  // namespace capture::tls
