// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include "pcapng/read_to_end.h"

namespace capture::tls {
namespace {

using pcapng::errno_error;
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

// "fe:00"
bool read_device(std::string_view text, FileKey& key) {
    const auto major = number(take_word(text, ':'), 16);
    const auto minor = number(text, 16);
    key.major = static_cast<uint32_t>(major.value_or(0));
    key.minor = static_cast<uint32_t>(minor.value_or(0));
    return major && minor;
}

// fs/proc/task_mmu.c, show_map_vma: START-END rwxp OFFSET MA:MI INODE PATH, in which a newline is
// \012.
std::optional<MappedFile> parse_line(std::string_view line) {
    const auto start = number(take_word(line, '-'), 16);
    const auto end = number(take_word(line), 16);
    const std::string_view rights = take_word(line);
    (void)take_word(line);  // the offset
    MappedFile file;
    const bool has_device = read_device(take_word(line), file.key);
    const auto inode = number(take_word(line), 10);
    if (!start || !end || !has_device || !inode || *inode == 0 ||
        rights.find('x') == std::string_view::npos || !line.starts_with('/')) {
        return {};
    }
    file.start = *start;
    file.end = *end;
    file.key.inode = *inode;
    line.remove_suffix(line.ends_with(kDeleted) ? kDeleted.size() : 0);
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
    if (const int code = pcapng::read_to_end(file, std::string::npos, text); code != 0) {
        return errno_error("read " + path, code);
    }
    return text;
}

// Never a fifo or a device that a name leads to by now: opening one may wait or act.
Fd open_regular(const std::string& path, const uint64_t* inode) {
    const Fd found(open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat status {};
    if (!found.valid() || fstat(found.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
        (inode != nullptr && status.st_ino != *inode)) {
        return {};
    }
    return Fd(open(fmt::format("/proc/self/fd/{}", found.get()).c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

std::vector<MappedFile> parse_maps(std::string_view text, uint32_t pid) {
    std::vector<MappedFile> files;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        auto file = parse_line(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (file && std::ranges::none_of(
                        files, [&](const MappedFile& each) { return each.key == file->key; })) {
            file->pid = pid;
            files.push_back(*std::move(file));
        }
    }
    return files;
}

Result<std::vector<MappedFile>> mapped_files(uint32_t pid, const std::string& proc_root) {
    const auto text = read_text(fmt::format("{}/{}/maps", proc_root, pid));
    if (!text) {
        return text.error();
    }
    return parse_maps(*text, pid);
}

Result<Fd> open_mapped(const MappedFile& file) {
    Fd fd = open_regular(
        fmt::format("/proc/{}/map_files/{:x}-{:x}", file.pid, file.start, file.end), nullptr);
    if (!fd.valid()) {
        fd = open_regular(fmt::format("/proc/{}/root{}", file.pid, file.path), &file.key.inode);
    }
    if (!fd.valid()) {
        // A process that has ended already was perhaps one of our own mount namespace.
        fd = open_regular(file.path, &file.key.inode);
    }
    if (!fd.valid()) {
        return errno_error("open " + file.path, ENOENT);
    }
    return fd;
}

}  // namespace capture::tls
