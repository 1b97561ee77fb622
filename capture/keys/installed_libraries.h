// SPDX-License-Identifier: GPL-2.0-only
//
// The TLS libraries that are installed on this machine, to be looked at before a process maps them:
// a short program may have ended its first handshake before a probe can be put into a library that
// it is the first to use.
#pragma once

#include <string>
#include <vector>

namespace capture::tls {

// Returns the paths of OpenSSL's and GnuTLS's libraries in the folders in which the dynamic linker
// looks by itself, of all architectures. One that is installed twice, as by a symbolic link, is in
// it twice.
std::vector<std::string> installed_libraries(const std::string& root = "");

}  // namespace capture::tls
