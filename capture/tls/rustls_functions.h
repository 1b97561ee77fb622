// SPDX-License-Identifier: GPL-2.0-only
//
// The key log of rustls: an object of the program's, with two functions that only its table of
// functions leads to. TLS 1.2 calls log(label, client_random, secret) always; TLS 1.3 asks
// will_log(label) first, and calls it only if the answer is yes, which it seldom is. But from
// rustls 0.22 on the secret is there when that is asked
// (KeySchedule::derive_logged_secret of rustls/src/tls13/key_schedule.rs). So the probe stands
// behind the question, and what log() would be called with is reckoned from there.
#pragma once

#include <cstdint>
#include <vector>

#include "capture/tls/disassembler.h"
#include "capture/tls/elf_image.h"
#include "capture/tls/key_log_function.h"

namespace capture::tls {

// A place to probe, in the middle of a function.
struct RustlsPlace {
    uint64_t address = 0;
    Recipe recipe;
};

struct RustlsPlaces {
    std::vector<RustlsPlace> secrets;         // of TLS 1.3
    std::vector<RustlsPlace> master_secrets;  // of TLS 1.2
};

RustlsPlaces find_rustls_places(const ElfImage& image, Disassembler& disassembler,
                                const std::vector<Label>& labels);

}  // namespace capture::tls
