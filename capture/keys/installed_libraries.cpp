// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/installed_libraries.h"

#include <glob.h>

#include <array>

namespace capture::tls {
namespace {

// Debian's, Red Hat's, Arch's, and what is built by hand.
constexpr std::array<const char*, 5> kFolders = {"/usr/lib/*-linux-*", "/usr/lib64", "/usr/lib",
                                                 "/usr/local/lib64", "/usr/local/lib"};
constexpr std::array<const char*, 2> kNames = {"libssl.so.*", "libgnutls.so.*"};

}  // namespace

std::vector<std::string> installed_libraries(const std::string& root) {
    glob_t found{};
    int flags = 0;
    for (const char* folder : kFolders) {
        for (const char* name : kNames) {
            const std::string pattern = root + folder + "/" + name;
            (void)glob(pattern.c_str(), flags, nullptr,
                       &found);  // without a match nothing is added
            flags = GLOB_APPEND;
        }
    }
    std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    globfree(&found);
    return paths;
}

}  // namespace capture::tls
