// SPDX-License-Identifier: GPL-2.0-only
//
// PlaintextFunction: where a TLS library is handed the bytes that it sends, and hands over those
// that it has received: a function that programs call. A probe at its entry sees where the bytes
// are to be, one at each of its returns how many they were.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "capture/tls/key_log_function.h"

namespace capture::tls {

enum class PlaintextLibrary : uint8_t { kOpenSsl = 1, kBoringSsl, kGnuTls, kGo, kNss };

// Functions by their numbers in events; those of a library as it calls them.
enum class PlaintextCall : uint8_t {
    kSslRead = 1,
    kSslReadEx,
    kSslReadEarlyData,
    kSslWrite,
    kSslWriteEx,
    kSslWriteEx2,
    kSslWriteEarlyData,
    kGnutlsRecordRecv,
    kGnutlsRecordRecvSeq,
    kGnutlsRecordSend,
    kGnutlsRecordSend2,
    kGnutlsRecordUncork,
    kGoRead,
    kGoWrite,
    kNssRead,
    kNssRecv,
    kNssWrite,
    kNssSend,
};

struct PlaintextFunction {
    PlaintextLibrary library = PlaintextLibrary::kOpenSsl;
    std::string version;  // "3.0.19", as the file has it; "" if it doesn't
    PlaintextCall call = PlaintextCall::kSslRead;
    uint64_t file_offset = 0;  // of its first instruction, in bytes from the file's start
    std::vector<uint64_t> return_offsets;  // likewise, of each instruction that ends a call of it
    // The returns are no other function's: whoever gets there has called this one.
    bool owns_returns = false;

    // At the entry.
    Operand object;  // the connection, as the library has it
    Operand buffer;  // pointer to the bytes
    Operand length;  // of the buffer, or of what is to be sent
    Operand passed;  // pointer to where the number of bytes will be; only if has_passed
    Operand flags;  // NSPR's, by which a call may leave the bytes where they are; only if has_flags
    // At either end.
    Operand stack;    // the stack pointer
    Operand routine;  // Go: the goroutine, whose thread may change during a call
    // At a return: how many bytes were passed, or with has_passed whether any were.
    Operand result;
    bool has_passed = false;
    bool has_flags = false;
    bool has_wide_length = false;  // 64 bits of it count, else 32
    bool has_wide_result = false;  // likewise
    bool pointers_of_32_bits = false;
};

// "OpenSSL"; "SSL_read".
std::string_view name_of(PlaintextLibrary library);
std::string_view name_of(PlaintextCall call);

// Whether the function takes bytes to be sent.
bool is_sending(PlaintextCall call);

// Whether the function passes bytes again that another one has taken, and none else.
bool is_repeating(PlaintextCall call);

}  // namespace capture::tls
