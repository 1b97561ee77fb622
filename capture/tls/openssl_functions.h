// SPDX-License-Identifier: GPL-2.0-only
//
// The functions that pass plaintext of an OpenSSL 3 that is linked into a program without names.
// Its messages of errors have the names of the functions that make them: SSL_read and SSL_write
// name themselves when the length is negative. The others hand over to what these call.
#pragma once

#include <cstdint>
#include <vector>

#include "capture/tls/disassembler.h"
#include "capture/tls/elf_image.h"
#include "capture/tls/plaintext_function.h"

namespace capture::tls {

struct OpensslFunction {
    PlaintextCall call = PlaintextCall::kSslRead;
    uint64_t address = 0;
};

// Those of SSL_read, SSL_read_ex, SSL_write, SSL_write_ex and SSL_write_ex2 that are proven: of
// each there is one function with its name and its arguments, no other.
std::vector<OpensslFunction> find_openssl_functions(const ElfImage& image,
                                                    Disassembler& disassembler);

}  // namespace capture::tls
