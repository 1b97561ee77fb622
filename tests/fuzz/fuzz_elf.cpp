// SPDX-License-Identifier: GPL-2.0-only
//
// ELF files of anybody's making through the finder of TLS libraries: the input is the file. What is
// found has to lie in it.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "capture/keys/mapped_file.h"
#include "capture/tls/finder.h"
#include "pcapng/fd.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const pcapng::Fd file(memfd_create("elf", MFD_CLOEXEC));
    if (!file.valid() || write(file.get(), data, size) != static_cast<ssize_t>(size)) {
        return 0;
    }
    const auto finding = capture::tls::find_tls(file.get());
    if (finding) {
        for (const auto& function : finding->functions) {
            if (function.file_offset >= size) {
                std::abort();
            }
        }
        for (const auto& function : finding->plaintext) {
            if (function.file_offset >= size ||
                std::ranges::any_of(function.return_offsets,
                                    [&](uint64_t offset) { return offset >= size; })) {
                std::abort();
            }
        }
    }
    // The same bytes as a text of the kernel's, which holds paths of anybody's making.
    for (const auto& mapped :
         capture::tls::parse_maps({reinterpret_cast<const char*>(data), size}, 1)) {
        if (mapped.path.empty() || mapped.path[0] != '/') {
            std::abort();
        }
    }
    return 0;
}
