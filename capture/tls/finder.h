// SPDX-License-Identifier: GPL-2.0-only
//
// finder: which TLS library a program or shared library has in it, where that tells its secrets
// (see key_log_function.h), and where programs hand it their bytes (plaintext_function.h). By
// reading the file's code, so without symbols, tables of versions or running anything.
#pragma once

#include <string>
#include <vector>

#include "capture/tls/key_log_function.h"
#include "capture/tls/plaintext_function.h"
#include "pcapng/result.h"

namespace capture::tls {

// What was found in a file. Without functions `reason` says why: no TLS library ("no TLS here"), or
// one whose function wasn't found ("OpenSSL 3.0.19: no code uses the label SERVER_..."). A library
// that was seen but can't be probed stands in `unsupported`, with its reason, beside functions.
struct Finding {
    Machine machine = Machine::kX86_64;  // that the file is for
    std::vector<KeyLogFunction> functions;
    std::vector<std::string> unsupported;
    // The functions that pass plaintext, and why there aren't more of them.
    std::vector<PlaintextFunction> plaintext;
    std::vector<std::string> plaintext_unsupported;
    bool has_tls = false;  // the file has a TLS library in it, supported or not
};

// Reads an open ELF file (x86-64, i386 or aarch64), which stays open. Errors: ENOEXEC, it is no ELF
// file, or of another machine; others, it can't be read or is damaged. Bounded: a file whose
// headers lie costs no more than its size.
[[nodiscard]] pcapng::Result<Finding> find_tls(int fd);

}  // namespace capture::tls
