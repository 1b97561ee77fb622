// SPDX-License-Identifier: GPL-2.0-only
//
// The functions that pass plaintext in this machine's libraries, judged by nm(1) and objdump(1).
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "capture/tls/elf_image.h"
#include "capture/tls/finder.h"
#include "pcapng/fd.h"
#include "tests/support/command.h"

namespace {

using capture::tls::PlaintextCall;
using capture::tls::PlaintextFunction;
using pcapng::Fd;

std::string library_of(const std::string& program, const std::string& name) {
    std::istringstream words(test::output_of({"ldd", program}));
    std::string word;
    while (words >> word && !(word.starts_with('/') && word.find(name) != std::string::npos)) {
    }
    REQUIRE(word.find(name) != std::string::npos);
    return word;
}

capture::tls::Finding find(const std::string& path) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    auto finding = capture::tls::find_tls(file.get());
    REQUIRE(finding);
    return *std::move(finding);
}

// Offsets in the file of what objdump prints of a function: of its first instruction, and of those
// that return.
struct Listed {
    std::set<uint64_t> first;
    std::set<uint64_t> returns;
};
Listed list(const std::string& path, const std::string& function) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const auto image = capture::tls::ElfImage::read(file.get());
    REQUIRE(image);
    std::istringstream lines(test::output_of(
        {"objdump", "-d", "--no-show-raw-insn", "--disassemble=" + function, path}));
    Listed listed;
    for (std::string line; std::getline(lines, line);) {
        uint64_t address = 0;
        char colon = 0;
        std::string word;
        std::istringstream words(line);
        if (!line.starts_with(' ') || !(words >> std::hex >> address >> colon >> word) ||
            colon != ':') {
            continue;
        }
        if (listed.first.empty()) {
            listed.first.insert(image->file_offset(address).value());
        }
        if (word.starts_with("ret")) {
            listed.returns.insert(image->file_offset(address).value());
        }
    }
    return listed;
}

std::set<uint64_t> returns_of(const PlaintextFunction& function) {
    return {function.return_offsets.begin(), function.return_offsets.end()};
}

TEST_CASE("of OpenSSL's functions that pass plaintext the entries and returns are objdump's") {
    const std::string library = library_of("/usr/bin/openssl", "libssl");
    const auto finding = find(library);
    CHECK(finding.plaintext_unsupported.empty());
    std::set<std::string> names;
    for (const PlaintextFunction& function : finding.plaintext) {
        const std::string name(name_of(function.call));
        names.insert(name);
        INFO(name);
        const Listed listed = list(library, name);
        CHECK(listed.first == std::set<uint64_t>{function.file_offset});
        if (function.owns_returns) {
            CHECK(listed.returns == returns_of(function));
        } else {  // and those of what it jumps to
            CHECK(std::ranges::includes(returns_of(function), listed.returns));
        }
    }
    for (const char* name : {"SSL_read", "SSL_read_ex", "SSL_write"}) {
        CHECK(names.contains(name));
    }
    // Since OpenSSL 3.3 the one may be a jump to the other.
    CHECK((names.contains("SSL_write_ex") || names.contains("SSL_write_ex2")));
}

TEST_CASE("what a function jumps to instead of returning has its returns") {
    const std::string library = library_of("/usr/bin/gnutls-cli", "libgnutls.so");
    const auto finding = find(library);
    const auto found = std::ranges::find(finding.plaintext, PlaintextCall::kGnutlsRecordRecvSeq,
                                         &PlaintextFunction::call);
    REQUIRE(found != finding.plaintext.end());
    const Listed listed = list(library, "gnutls_record_recv_seq");
    CHECK(listed.first == std::set<uint64_t>{found->file_offset});
    if (listed.returns.empty()) {  // gcc has made its last call a jump
        CHECK_FALSE(found->return_offsets.empty());
        CHECK_FALSE(found->owns_returns);
    } else {
        CHECK(std::ranges::includes(returns_of(*found), listed.returns));
    }
}

TEST_CASE("a program that only calls a library has no functions that pass plaintext") {
    const auto finding = find("/usr/bin/openssl");
    CHECK(finding.plaintext.empty());
    CHECK(finding.plaintext_unsupported.empty());
}

}  // namespace
