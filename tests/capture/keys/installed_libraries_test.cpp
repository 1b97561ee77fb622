// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/installed_libraries.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

using capture::tls::installed_libraries;

TEST_CASE("each TLS library that the dynamic linker knows is among the installed ones") {
    std::vector<std::string> ours;
    for (const std::string& path : installed_libraries()) {
        ours.push_back(std::filesystem::canonical(path));
    }
    // "	libssl.so.3 (libc6,x86-64) => /lib/x86_64-linux-gnu/libssl.so.3"
    std::istringstream lines(test::output_of({"/sbin/ldconfig", "-p"}));
    size_t known = 0;
    for (std::string line; std::getline(lines, line);) {
        const size_t arrow = line.find(" => ");
        if (arrow == std::string::npos || (line.find("libssl.so.") == std::string::npos &&
                                           line.find("libgnutls.so.") == std::string::npos)) {
            continue;
        }
        known++;
        INFO(line);
        CHECK(std::ranges::find(
                  ours, std::filesystem::canonical(line.substr(arrow + 4)).string()) != ours.end());
    }
    CHECK(known > 0);
}

TEST_CASE("they are looked for in the folders of other distributions, too") {
    const test::TemporaryFolder root;
    std::vector<std::string> made;
    for (const char* path : {"/usr/lib/aarch64-linux-gnu/libssl.so.1.1", "/usr/lib64/libssl.so.3",
                             "/usr/lib/libgnutls.so.30", "/usr/local/lib64/libssl.so.3"}) {
        made.push_back(root.path() + path);
        std::filesystem::create_directories(std::filesystem::path(made.back()).parent_path());
        std::ofstream(made.back()) << "a library";
    }
    std::ofstream(root.path() + "/usr/lib64/libsslx.so.3") << "another library";
    auto found = installed_libraries(root.path());
    std::ranges::sort(found);
    std::ranges::sort(made);
    CHECK(found == made);
}
