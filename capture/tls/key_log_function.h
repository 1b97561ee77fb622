// SPDX-License-Identifier: GPL-2.0-only
//
// KeyLogFunction: where a TLS library tells its secrets. Each library has one function that is
// called with every secret of a handshake, whether a key log was asked for or not; a probe at its
// entry finds the secret, what it is (its label, see RFC 9850, section 2), and the client's random,
// by which a key log names a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace capture::tls {

// What a file is for.
enum class Machine { kX86_64, kI386, kAarch64 };

// How to get at a value where the probe stands: take a register; then, `loads` times, add
// offsets[i] and load a pointer from there (of the machine's size); then add offsets[loads].
// The result is the value: a pointer, or a number of which 32 bits count.
struct Operand {
    static constexpr size_t kMaxLoads = 3;

    // The register's byte offset in the kernel's struct pt_regs of a 64-bit machine (x86-64: as in
    // asm/ptrace.h; aarch64: 8 * number, sp 248). A program of 32 bits on x86-64 has the same.
    uint16_t reg = 0;
    uint16_t loads = 0;
    int32_t offsets[kMaxLoads + 1] = {};

    bool operator==(const Operand&) const = default;
};

// What a probe reads.
struct Recipe {
    Operand label;          // pointer to the text: NUL-ended, if label_length has none
    Operand client_random;  // pointer to 32 bytes
    Operand secret;         // pointer to the secret
    Operand secret_length;  // bytes
    Operand label_length;   // bytes; only if has_label_length
    bool has_label_length = false;
    bool pointers_of_32_bits = false;

    bool operator==(const Recipe&) const = default;
};

// A label in the file: where it stands, for a kernel that can't read a page that the process hasn't
// touched yet. A text keeps the low 12 bits of its address wherever the file is mapped.
struct Label {
    std::string text;
    uint64_t address = 0;  // as the file's program headers have it
};

struct KeyLogFunction {
    std::string library;       // "OpenSSL", "BoringSSL", "GnuTLS", "NSS", "Go", "wolfSSL", "rustls"
    std::string version;       // "3.0.19", as the file has it; "" if it doesn't
    uint64_t file_offset = 0;  // of the instruction to probe, in bytes from the file's start
    Recipe recipe;
    std::vector<Label> labels;
};

}  // namespace capture::tls
