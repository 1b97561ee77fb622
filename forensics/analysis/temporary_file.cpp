// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/temporary_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "packet/line/terminal_text.h"

namespace forensics {
namespace {

std::string temporary_folder() {
    const char* folder = std::getenv("TMPDIR");
    return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

}  // namespace

pcapng::Result<pcapng::Fd> open_temporary_file() {
    std::string name = temporary_folder() + "/pidcap-XXXXXX";
    pcapng::Fd file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file.valid() || ::unlink(name.c_str()) != 0) {
        return pcapng::errno_error(
            fmt::format("a temporary file in {} (TMPDIR)", packet::printable(temporary_folder())),
            errno);
    }
    return file;
}

}  // namespace forensics
