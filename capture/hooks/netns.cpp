// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/netns.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "packet/line/terminal_text.h"

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Error;
using pcapng::Fd;

constexpr const char* kNamed = "/run/netns";
constexpr const char* kOwn = "/proc/self/ns/net";

// Returns an error with the errno if there is no such file, or it isn't a namespace.
Result<Netns> open_file(const std::string& path) {
    // O_NONBLOCK, because the path may be that of a fifo.
    Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct statfs system {};
    struct stat file {};
    if (!fd.valid() || fstatfs(fd.get(), &system) != 0 || fstat(fd.get(), &file) != 0) {
        const int code = errno;
        return errno_error(fmt::format("open network namespace {}", packet::printable(path)), code);
    }
    if (system.f_type != NSFS_MAGIC) {
        return Error{fmt::format("{}: not a namespace", packet::printable(path)), EINVAL};
    }
    return Netns{static_cast<uint32_t>(file.st_ino), {}, std::move(fd)};
}

std::optional<uint32_t> parse_number(std::string_view text) {
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                    : std::nullopt;
}

std::string file_of(uint32_t tid) {
    return fmt::format("/proc/{}/ns/net", tid);
}

std::vector<std::filesystem::path> entries_of(const char* folder) {
    std::vector<std::filesystem::path> entries;
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
        entries.push_back(at->path());
    }
    std::sort(entries.begin(), entries.end());
    return entries;
}

// Returns the namespaces in /run/netns, by inode number.
std::map<uint32_t, Netns> named_netns() {
    std::map<uint32_t, Netns> named;
    for (const std::filesystem::path& path : entries_of(kNamed)) {
        if (auto opened = open_file(path.string())) {
            opened->label = path.filename().string();
            const uint32_t inum = opened->inum;
            named.try_emplace(inum, *std::move(opened));
        }
    }
    return named;
}

}  // namespace

Result<Netns> current_netns() {
    return open_file(kOwn);
}

std::string netns_label(uint32_t inum) {
    if (auto own = current_netns(); own && own->inum == inum) {
        return {};
    }
    const auto named = named_netns();
    const auto found = named.find(inum);
    return found != named.end() ? found->second.label : fmt::format("net:[{}]", inum);
}

Result<Netns> open_netns(const std::string& text) {
    Result<Netns> found =
        open_file(text.find('/') == std::string::npos ? fmt::format("{}/{}", kNamed, text) : text);
    if (!found && found.error().code == ENOENT) {
        if (const auto pid = parse_number(text)) {
            found = open_file(file_of(*pid));
        }
    }
    if (!found) {
        if (found.error().code == ENOENT) {
            return Error{fmt::format("network namespace {}: no such name in {}, file or process",
                                     packet::printable(text), kNamed),
                         ENOENT};
        }
        return found;
    }
    found->label = netns_label(found->inum);
    return found;
}

Result<std::vector<Netns>> list_netns() {
    std::vector<Netns> list;
    auto own = current_netns();
    if (!own) {
        return std::move(own).error();
    }
    std::set<uint32_t> seen = {own->inum};
    list.push_back(*std::move(own));
    for (auto& [inum, netns] : named_netns()) {
        if (seen.insert(inum).second) {
            list.push_back(std::move(netns));
        }
    }
    for (const std::filesystem::path& process : entries_of("/proc")) {
        const auto pid = parse_number(process.filename().string());
        if (!pid) {
            continue;
        }
        auto opened = open_file(file_of(*pid));
        if (opened && seen.insert(opened->inum).second) {
            opened->label = fmt::format("net:[{}]", opened->inum);
            list.push_back(*std::move(opened));
        }
    }
    return list;
}

Result<Netns> find_netns(uint32_t inum, uint32_t tid) {
    auto opened = open_file(file_of(tid));
    if (!opened || opened->inum != inum) {
        auto named = named_netns();
        const auto found = named.find(inum);
        if (found == named.end()) {
            return Error{fmt::format("network namespace net:[{}]: gone", inum), ENOENT};
        }
        return std::move(found->second);
    }
    opened->label = netns_label(inum);
    return opened;
}

std::set<uint32_t> parse_netns_mounts(const std::string& mountinfo) {
    std::set<uint32_t> mounted;
    std::istringstream lines(mountinfo);
    for (std::string line; std::getline(lines, line);) {
        // "36 25 0:4 net:[4026532281] /run/netns/blue rw - nsfs nsfs rw": the root is the fourth
        // field.
        std::istringstream words(line);
        std::string root;
        for (int word = 0; word < 4 && words >> root; word++) {
        }
        if (root.starts_with("net:[") && root.ends_with("]")) {
            if (const auto inum = parse_number(std::string_view(root).substr(5, root.size() - 6))) {
                mounted.insert(*inum);
            }
        }
    }
    return mounted;
}

std::set<uint32_t> mounted_netns() {
    std::ifstream file("/proc/self/mountinfo");
    std::ostringstream text;
    text << file.rdbuf();
    return parse_netns_mounts(text.str());
}

Result<NetnsEntry> NetnsEntry::enter(const Netns& target) {
    auto own = current_netns();
    if (!own) {
        return std::move(own).error();
    }
    if (own->inum == target.inum) {
        return NetnsEntry(Fd());
    }
    if (setns(target.fd.get(), CLONE_NEWNET) != 0) {
        return errno_error(fmt::format("enter network namespace {} (needs CAP_SYS_ADMIN)",
                                       packet::printable(target.label)),
                           errno);
    }
    return NetnsEntry(std::move(own->fd));
}

NetnsEntry::~NetnsEntry() {
    // If the thread can't return, everything after this would happen in the wrong namespace.
    if (back_.valid() && setns(back_.get(), CLONE_NEWNET) != 0) {
        std::abort();
    }
}

}  // namespace capture
