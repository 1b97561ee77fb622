// SPDX-License-Identifier: GPL-2.0-only
//
// Where the client's random is, reckoned from the first argument of a key-log function: found by
// following the code that reads it. Each function returns the places that it found: with more than
// one nobody knows which is the random.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "capture/tls/disassembler.h"
#include "capture/tls/elf_image.h"
#include "capture/tls/symbolic_walk.h"

namespace capture::tls {

// What a log function reads 32 bytes of: it hands the address and the number 32 over to another
// function, or reads the bytes in a loop.
std::vector<Value> random_of_log_function(const ElfImage& image, Disassembler& disassembler,
                                          uint64_t function);

// SSL_get_client_random(object, buffer, size) of OpenSSL and BoringSSL: what it copies from.
std::vector<Value> random_of_openssl_accessor(const ElfImage& image, Disassembler& disassembler,
                                              uint64_t function);

// gnutls_session_get_random(object, client, server): what it makes its second argument point to.
std::vector<Value> random_of_gnutls_accessor(const ElfImage& image, Disassembler& disassembler,
                                             uint64_t function);

}  // namespace capture::tls
