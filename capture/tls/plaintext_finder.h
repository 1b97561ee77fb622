// SPDX-License-Identifier: GPL-2.0-only
//
// PlaintextFinder: finds a file's functions that pass plaintext: in C those that a library exports,
// or that a program's table of symbols has, else what nss_methods.h and openssl_functions.h say; in
// Go by name. One thread; its arguments have to outlive it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capture/tls/disassembler.h"
#include "capture/tls/elf_image.h"
#include "capture/tls/plaintext_function.h"
#include "capture/tls/symbols.h"

namespace capture::tls {

class PlaintextFinder {
  public:
    PlaintextFinder(const ElfImage& image, Disassembler& disassembler)
        : image_(image), disassembler_(disassembler) {}

    // `is_boring`: what looks like OpenSSL is BoringSSL. `has_library`: there is a library in the
    // file, though nothing may be exported.
    void find_c(bool is_boring, bool has_library);
    void find_nss();
    // `version`: of Go, "1.19.8"; empty if it isn't known.
    void find_go(std::string_view version);

    std::vector<PlaintextFunction> functions;
    std::vector<std::string> unsupported;  // "OpenSSL 3.0.19: SSL_read: " and why

  private:
    // Notes which functions of OpenSSL aren't among those that were found without names.
    void note_nameless(const Symbols& found);
    void add_go(PlaintextCall call, std::string_view version);
    // A function in C with the arguments connection, buffer and length. `is_passed_on`: if it jumps
    // elsewhere, that is to another one which is found. Null: it isn't supported, and the reason
    // has been noted. Valid until the next one is added.
    PlaintextFunction* add_c(PlaintextLibrary library, std::string_view version, PlaintextCall call,
                             uint64_t address, bool is_passed_on);
    PlaintextFunction start(PlaintextLibrary library, std::string_view version, PlaintextCall call,
                            uint64_t address) const;

    const ElfImage& image_;
    Disassembler& disassembler_;
};

}  // namespace capture::tls
