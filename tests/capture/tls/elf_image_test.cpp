// SPDX-License-Identifier: GPL-2.0-only
//
// Files that lie about themselves, and the parts of real ones.
#include "capture/tls/elf_image.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "capture/tls/finder.h"
#include "pcapng/fd.h"
#include "tests/support/temporary_folder.h"

namespace {

using capture::tls::ElfImage;
using capture::tls::find_tls;
using pcapng::Fd;

Fd open_file(const std::string& path) {
    Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(file.valid());
    return file;
}

// A file of x86-64 with these program headers, and so many bytes in all.
std::string elf_file(const std::vector<Elf64_Phdr>& headers, size_t size = 4096) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_DYN;
    header.e_machine = EM_X86_64;
    header.e_phoff = sizeof(header);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<uint16_t>(headers.size());
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
    bytes.append(reinterpret_cast<const char*>(headers.data()),
                 headers.size() * sizeof(Elf64_Phdr));
    bytes.resize(size);
    return bytes;
}

Elf64_Phdr load(uint64_t address, uint64_t offset, uint64_t size, uint32_t flags = PF_R | PF_X) {
    Elf64_Phdr header{};
    header.p_type = PT_LOAD;
    header.p_flags = flags;
    header.p_offset = offset;
    header.p_vaddr = address;
    header.p_filesz = size;
    return header;
}

class Written {
  public:
    explicit Written(const std::string& bytes) {
        fd_ = Fd(open(folder_.file("elf").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        REQUIRE(write(fd_.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    }
    int fd() const { return fd_.get(); }

  private:
    test::TemporaryFolder folder_;
    Fd fd_;
};

std::string refusal(const std::string& bytes) {
    const Written file(bytes);
    const auto image = ElfImage::read(file.fd());
    return image ? "" : image.error().message;
}

}  // namespace

TEST_CASE("what isn't a file of a known machine is refused") {
    CHECK(refusal("") == "not an ELF file");
    CHECK(refusal("#!/bin/sh\n") == "not an ELF file");
    CHECK(refusal(std::string(ELFMAG) + std::string(60, '\0')) ==
          "a damaged ELF file, or one of another byte order");
    std::string other = elf_file({load(0, 0, 4096)});
    other[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_RISCV);
    CHECK(refusal(other) == "of another machine than x86-64, i386 and aarch64");
    // Nobody looks for TLS there.
    for (const std::string& none : {std::string(), std::string("#!/bin/sh\n"), other}) {
        CHECK(find_tls(Written(none).fd()).error().code == ENOEXEC);
    }
    const auto folder = find_tls(open_file("/usr").get());
    REQUIRE(!folder);
    CHECK(folder.error().message == "not a regular file");
    CHECK(folder.error().code == ENOEXEC);
}

TEST_CASE("headers that lie are refused, or cut to what is there") {
    CHECK(refusal(elf_file({load(0, 0, 4096)}).substr(0, 80)) ==
          "a damaged ELF file: its program headers lie beyond its end");
    // Every one of them is the whole file: reading them would take a thousand times as long.
    CHECK(refusal(elf_file(std::vector<Elf64_Phdr>(1000, load(0, 0, UINT64_MAX)), 1 << 20)) ==
          "a damaged ELF file: its segments are larger than itself");

    const Written file(elf_file(
        {load(UINT64_MAX - 10, 0, UINT64_MAX), load(0x1000, 4000, 4096), load(0x5000, 5000, 10)}));
    const auto image = ElfImage::read(file.fd());
    REQUIRE(image);
    REQUIRE(image->segments().size() == 2);
    CHECK(image->segments()[0].size == 10);
    CHECK(image->segments()[1].size == 96);
    CHECK(image->view(0x1000, 4096).size() == 96);
    CHECK(image->view(0x1000 + 96, 1).empty());
    CHECK(image->view(UINT64_MAX, 1).empty());
    CHECK(!image->number_at(0x1000 + 95, 2));
}

TEST_CASE("a file that is cut while it is read ends the reading") {
    const Written file(elf_file({load(0, 0, 1 << 20)}, 1 << 20));
    const auto image = ElfImage::read(file.fd());
    REQUIRE(image);
    REQUIRE(ftruncate(file.fd(), 300'000) == 0);
    capture::tls::SegmentReader reader(*image, image->segments()[0], 10);
    size_t read = 0;
    for (auto piece = reader.next(); !piece.empty(); piece = reader.next()) {
        read = reader.address() + piece.size();
    }
    CHECK(read == 300'000);
}

TEST_CASE("each byte of a segment is in a piece, and what overlaps is whole in one") {
    std::string bytes = elf_file({load(0x10000, 0, 600'001)}, 600'001);
    for (size_t i = 200; i < bytes.size(); ++i) {
        bytes[i] = static_cast<char>(i * 7 + i / 251);
    }
    const Written file(bytes);
    const auto image = ElfImage::read(file.fd());
    REQUIRE(image);
    capture::tls::SegmentReader reader(*image, image->segments()[0], 5);
    uint64_t end = 0x10000;
    for (auto piece = reader.next(); !piece.empty(); piece = reader.next()) {
        CHECK(reader.address() == (end == 0x10000 ? end : end - 5));
        CHECK(std::memcmp(piece.data(), bytes.data() + (reader.address() - 0x10000),
                          piece.size()) == 0);
        end = reader.address() + piece.size();
    }
    CHECK(end == 0x10000 + 600'001);
}

TEST_CASE("an exported function is where the dynamic linker finds it") {
    for (const char* name : {"libcurl-gnutls.so.4", "libcurl.so.4", "libc.so.6", "libz.so.1"}) {
        void* library = dlopen(name, RTLD_LAZY);
        if (library == nullptr) {
            continue;
        }
        link_map* map = nullptr;
        REQUIRE(dlinfo(library, RTLD_DI_LINKMAP, &map) == 0);
        const Fd file = open_file(map->l_name);
        const auto image = ElfImage::read(file.get());
        REQUIRE(image);
        size_t found = 0;
        for (const char* symbol : {"curl_easy_init", "curl_easy_perform", "getaddrinfo", "fopen64",
                                   "deflate", "inflateEnd", "qsort"}) {
            void* address = dlsym(library, symbol);
            Dl_info info{};
            if (address == nullptr || dladdr(address, &info) == 0 ||
                std::string(info.dli_fname) != map->l_name) {
                continue;  // of a library that this one needs
            }
            CAPTURE(name, symbol);
            ++found;
            CHECK(image->exported(symbol) ==
                  reinterpret_cast<uint64_t>(address) - uint64_t{map->l_addr});
        }
        CHECK(found > 0);
        CHECK(!image->exported("no_such_function"));
        dlclose(library);
    }
}

TEST_CASE("a program without a TLS library has no key log") {
    const auto finding = find_tls(open_file("/bin/sh").get());
    REQUIRE(finding);
    CHECK(finding->functions.empty());
    CHECK(finding->unsupported.empty());
    CHECK(!finding->has_tls);
}
