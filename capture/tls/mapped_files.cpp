// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/mapped_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>

namespace capture::tls {
namespace {

using pcapng::errno_error;
using pcapng::Error;
using pcapng::Fd;
using pcapng::Result;

constexpr std::string_view kDeleted = " (deleted)";

// Takes the text up to a separator off the front; runs of blanks count as one.
std::string_view take_word(std::string_view& text, char separator = ' ') {
    const size_t end = std::min(text.find(separator), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    while (text.starts_with(' ')) {
        text.remove_prefix(1);
    }
    return word;
}

std::optional<uint64_t> number(std::string_view text, int base) {
    uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base);
    return error == std::errc{} && stop == end && !text.empty() ? std::optional(value)
                                                                : std::nullopt;
}

// fs/proc/task_mmu.c, show_map_vma: START-END rwxp OFFSET MA:MI INODE PATH, in which a newline is
// \012.
std::optional<MappedFile> parse_line(std::string_view line) {
    const auto start = number(take_word(line, '-'), 16);
    const auto end = number(take_word(line), 16);
    const std::string_view rights = take_word(line);
    (void)take_word(line);  // the offset
    MappedFile file;
    file.device = take_word(line);
    const auto inode = number(take_word(line), 10);
    if (!start || !end || !inode || *inode == 0 || rights.find('x') == std::string_view::npos ||
        !line.starts_with('/')) {
        return {};
    }
    file.start = *start;
    file.end = *end;
    file.inode = *inode;
    file.is_deleted = line.ends_with(kDeleted);
    line.remove_suffix(file.is_deleted ? kDeleted.size() : 0);
    while (!line.empty()) {
        const size_t at = std::min(line.find("\\012"), line.size());
        file.path += line.substr(0, at);
        file.path += at < line.size() ? "\n" : "";
        line.remove_prefix(std::min(at + 4, line.size()));
    }
    return file;
}

Result<std::string> read_text(const std::string& path) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) {
        return errno_error("open " + path, errno == ENOENT ? ESRCH : errno);
    }
    std::string text;
    std::array<char, 16384> piece{};
    for (;;) {
        const ssize_t got = ::read(file.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return errno_error("read " + path, errno);
        }
        if (got == 0) {
            return text;
        }
        text.append(piece.data(), static_cast<size_t>(got));
    }
}

// Without waiting: it may be a FIFO by now.
Fd open_readable(const std::string& path) {
    return Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

}  // namespace

std::vector<MappedFile> parse_maps(std::string_view text) {
    std::vector<MappedFile> files;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        auto file = parse_line(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (file && std::ranges::none_of(files, [&](const MappedFile& each) {
                return each.inode == file->inode && each.device == file->device;
            })) {
            files.push_back(*std::move(file));
        }
    }
    return files;
}

Result<std::vector<MappedFile>> mapped_files(uint32_t pid) {
    const auto text = read_text(fmt::format("/proc/{}/maps", pid));
    if (!text) {
        return text.error();
    }
    return parse_maps(*text);
}

Result<Fd> open_mapped(uint32_t pid, const MappedFile& file) {
    Fd mapped =
        open_readable(fmt::format("/proc/{}/map_files/{:x}-{:x}", pid, file.start, file.end));
    if (mapped.valid()) {
        return mapped;
    }
    const int refused = errno;
    Fd named = open_readable(fmt::format("/proc/{}/root{}", pid, file.path));
    struct stat status {};
    if (named.valid() && fstat(named.get(), &status) == 0 && S_ISREG(status.st_mode) &&
        status.st_ino == file.inode) {
        return named;
    }
    return errno_error("open a mapping of the process", refused);
}

}  // namespace capture::tls
