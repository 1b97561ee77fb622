// SPDX-License-Identifier: GPL-2.0-only
//
// The functions that pass plaintext in this machine's libraries, judged by nm(1) and objdump(1).
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "capture/tls/elf_image.h"
#include "capture/tls/finder.h"
#include "pcapng/fd.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

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

// A copy that exports nothing, as far as can be read of it: its table of hashes isn't listed.
void copy_without_names(const std::string& from, const std::string& to) {
    std::ifstream in(from, std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(in), {});
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    for (size_t i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment;
        std::memcpy(&segment, bytes.data() + header.e_phoff + i * sizeof(segment), sizeof(segment));
        for (uint64_t at = 0; segment.p_type == PT_DYNAMIC && at < segment.p_filesz;
             at += sizeof(Elf64_Dyn)) {
            Elf64_Dyn entry;
            std::memcpy(&entry, bytes.data() + segment.p_offset + at, sizeof(entry));
            if (entry.d_tag == DT_GNU_HASH) {
                entry.d_tag = DT_DEBUG;
                std::memcpy(bytes.data() + segment.p_offset + at, &entry, sizeof(entry));
            }
        }
    }
    header.e_shnum = 0;
    std::memcpy(bytes.data(), &header, sizeof(header));
    std::ofstream(to, std::ios::binary) << bytes;
}

TEST_CASE("of an OpenSSL without names each function that is found is the one of that name") {
    const std::string library = library_of("/usr/bin/openssl", "libssl");
    const test::TemporaryFolder folder;
    copy_without_names(library, folder.file("nameless"));
    const auto finding = find(folder.file("nameless"));
    std::set<std::string> names;
    for (const PlaintextFunction& function : finding.plaintext) {
        const std::string name(name_of(function.call));
        names.insert(name);
        INFO(name);
        CHECK(list(library, name).first == std::set<uint64_t>{function.file_offset});
    }
    // Of the others it depends on the compiler. 1.1.1 names none.
    CHECK(names.contains("SSL_read"));
    CHECK(names.contains("SSL_write"));
    for (const char* name : {"SSL_read_early_data", "SSL_write_early_data"}) {
        REQUIRE(finding.plaintext_unsupported.size() == 1);
        CHECK(finding.plaintext_unsupported[0].find(name) != std::string::npos);
    }
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

// NSPR calls functions of a connection by its table (nspr's prio.h), which NSS has made: numbers 2,
// 3, 17 and 18 read, write, receive and send.
constexpr const char* kTableOfNss = R"(
import ctypes
nspr, nss, ssl = (ctypes.CDLL(name) for name in ("libnspr4.so", "libnss3.so", "libssl3.so"))
nspr.PR_OpenTCPSocket.restype = ssl.SSL_ImportFD.restype = ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p))
assert nss.NSS_NoDB_Init(None) == 0
table = ssl.SSL_ImportFD(None, nspr.PR_OpenTCPSocket(2))[0]
for number in (2, 17, 3, 18):
    for line in open("/proc/self/maps"):
        words = line.split()
        begin, end = (int(word, 16) for word in words[0].split("-"))
        if begin <= table[number] < end:
            print(words[5], table[number] - begin + int(words[2], 16))
)";

TEST_CASE("NSS's functions that pass plaintext are those in the table that it hands to NSPR") {
    const test::CommandResult said = test::run({"python3", "-c", kTableOfNss});
    if (said.status != 0) {
        WARN("no NSS, or no Python, so it isn't tested: " << said.err);
        return;
    }
    std::istringstream words(said.out);
    std::string path;
    uint64_t offset = 0;
    std::vector<uint64_t> wanted;
    while (words >> path >> offset) {
        wanted.push_back(offset);
    }
    const auto finding = find(path);
    CHECK(finding.plaintext_unsupported.empty());
    std::vector<uint64_t> found;
    for (const PlaintextFunction& function : finding.plaintext) {
        found.push_back(function.file_offset);
    }
    CHECK(wanted.size() == 4);
    CHECK(found == wanted);
}

TEST_CASE("a program that only calls a library has no functions that pass plaintext") {
    const auto finding = find("/usr/bin/openssl");
    CHECK(finding.plaintext.empty());
    CHECK(finding.plaintext_unsupported.empty());
}

}  // namespace
