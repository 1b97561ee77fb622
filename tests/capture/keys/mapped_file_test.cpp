// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/mapped_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <string>

using capture::tls::FileKey;
using capture::tls::mapped_files;
using capture::tls::MappedFile;
using capture::tls::open_mapped;
using capture::tls::parse_maps;

TEST_CASE("each file with code is listed once, whatever is in its name") {
    const auto files = parse_maps(
        "7f0000001000-7f0000002000 r--p 00000000 fe:00 11                 /usr/lib/one.so\n"
        "7f0000002000-7f0000003000 r-xp 00001000 fe:00 11                 /usr/lib/one.so\n"
        "7f0000005000-7f0000006000 r-xp 00001000 fe:00 11                 /usr/lib/one.so\n"
        "7f0000006000-7f0000007000 r-xp 00001000 fe:01 11                 /mnt/other file\n"
        "7f0000007000-7f0000008000 r-xs 00000000 00:01 12                 /memfd:code (deleted)\n"
        "7f0000008000-7f0000009000 r-xp 00000000 fe:00 13                 /tmp/a\\012b (deleted)\n"
        "7f000000a000-7f000000b000 r-xp 00000000 00:00 0                  [vdso]\n"
        "7f000000b000-7f000000c000 rwxp 00000000 00:00 0 \n",
        77);
    REQUIRE(files.size() == 4);
    CHECK(files[0].path == "/usr/lib/one.so");
    CHECK(files[0].start == 0x7f0000002000);
    CHECK(files[0].end == 0x7f0000003000);
    CHECK(files[0].pid == 77);
    CHECK(files[0].key == FileKey{.major = 0xfe, .minor = 0, .inode = 11, .generation = 0});
    CHECK(files[1].path == "/mnt/other file");
    CHECK(files[1].key.minor == 1);
    CHECK(files[2].path == "/memfd:code");
    CHECK(files[3].path == "/tmp/a\nb");
}

TEST_CASE("lines that no kernel writes are left out") {
    CHECK(parse_maps("", 1).empty());
    CHECK(parse_maps("\n\n-\n", 1).empty());
    CHECK(parse_maps("7f00-x r-xp 0 fe:00 11 /a\n", 1).empty());
    CHECK(parse_maps("7f00-8f00 r-xp 0 fe:00 -1 /a\n", 1).empty());
    CHECK(parse_maps("7f00-8f00 r-xp 0 fe:00 11", 1).empty());
}

TEST_CASE("a process's own program is among its files, and opens as the same file") {
    const auto files = mapped_files(static_cast<uint32_t>(getpid()));
    REQUIRE(files);
    struct stat own {};
    REQUIRE(stat("/proc/self/exe", &own) == 0);
    const auto found = std::ranges::find_if(
        *files, [&own](const MappedFile& file) { return file.key.inode == own.st_ino; });
    REQUIRE(found != files->end());
    const auto opened = open_mapped(*found);
    REQUIRE(opened);
    struct stat status {};
    REQUIRE(fstat(opened->get(), &status) == 0);
    CHECK(status.st_dev == own.st_dev);
    CHECK(status.st_ino == own.st_ino);
}

TEST_CASE("a process that isn't there has no files") {
    const auto files = mapped_files(UINT32_MAX);
    REQUIRE(!files);
    CHECK(files.error().code == ESRCH);
}
