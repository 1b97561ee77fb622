// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/procfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <memory>
#include <optional>

#include "capture/processes/namespace_addresses.h"
#include "pcapng/read_to_end.h"

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Error;
using pcapng::Fd;
using pcapng::Result;

// "Groups:" comes before "NSpid:" and may have 65536 numbers (NGROUPS_MAX).
constexpr size_t kMaxStatus = 1 << 20;
constexpr size_t kMaxStat = 4096;
constexpr size_t kMaxCgroup = 1 << 16;
constexpr size_t kMaxNet = 1 << 20;  // of an address file: what is beyond it is not read
constexpr size_t kMaxComm = 15;      // TASK_COMM_LEN - 1; the kernel makes those of kworkers longer
constexpr std::string_view kDeleted = " (deleted)";

// In a dead process's directory, open fails with ENOENT and read with ESRCH. This gives both the
// same code.
Error process_error(std::string what) {
    return errno_error(std::move(what), errno == ENOENT ? ESRCH : errno);
}

Result<std::string> read_file(const Fd& directory, const char* name, size_t max) {
    const Fd file(openat(directory.get(), name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file.valid()) {
        return process_error(fmt::format("open {} of a process", name));
    }
    std::string text;
    errno = pcapng::read_to_end(file, max, text);
    if (errno != 0) {
        return process_error(fmt::format("read {} of a process", name));
    }
    return text;
}

std::string read_link(const Fd& directory, const char* name) {
    std::array<char, PATH_MAX> target{};  // the kernel's links are never longer
    const ssize_t n = readlinkat(directory.get(), name, target.data(), target.size());
    return {target.data(), n > 0 ? static_cast<size_t>(n) : 0};
}

template <typename T>
std::optional<T> parse_number(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

// Returns field `index` (from 0) of text separated by spaces or tabs, or an empty view if there are
// fewer.
std::string_view field(std::string_view text, size_t index) {
    for (;;) {
        const size_t begin = text.find_first_not_of(" \t\n");
        if (begin == std::string_view::npos) {
            return {};
        }
        const size_t end = std::min(text.find_first_of(" \t\n", begin), text.size());
        if (index-- == 0) {
            return text.substr(begin, end - begin);
        }
        text.remove_prefix(end);
    }
}

// Calls visit(line) for each line, until it returns false.
template <typename Visit>
void for_each_line(std::string_view text, Visit visit) {
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        if (!visit(text.substr(0, end))) {
            return;
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

// Reads the path of the executable and what it leads to.
//
// The kernel appends " (deleted)" to the name of an unlinked file, but a file's own name may end
// like this, too. If the file has no links left, as most unlinked files, the suffix is the
// kernel's. If it has links (another hard link, for example), either may be true, and the name is
// kept as it was read.
void read_exe(const Fd& process, ProcProcess& to) {
    to.exe = read_link(process, "exe");
    struct statx file {};
    // AT_STATX_DONT_SYNC, so that a file system in user space can't block us.
    if (statx(process.get(), "exe", AT_STATX_DONT_SYNC, STATX_NLINK | STATX_INO, &file) != 0) {
        return;
    }
    to.exe_device = device_text(file.stx_dev_major, file.stx_dev_minor);
    to.exe_inode = file.stx_ino;
    if (file.stx_nlink == 0 && to.exe.size() > kDeleted.size() && to.exe.ends_with(kDeleted)) {
        to.exe.resize(to.exe.size() - kDeleted.size());
    }
}

// The link reads "net:[4026531840]". `name` is "net", for example.
uint32_t read_namespace(const Fd& process, const std::string& name) {
    const std::string link = read_link(process, ("ns/" + name).c_str());
    const std::string before = name + ":[";
    std::string_view number = link;
    if (!number.starts_with(before) || !number.ends_with("]")) {
        return 0;
    }
    number.remove_prefix(before.size());
    number.remove_suffix(1);
    return parse_number<uint32_t>(number).value_or(0);
}

bool is_proc(const Fd& directory) {
    struct statfs system {};
    return fstatfs(directory.get(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

bool is_running(uint32_t pid) {
    return kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM;
}

std::string read_cmdline(const Fd& process) {
    Result<std::string> text = read_file(process, "cmdline", kMaxCmdline - 1);
    if (!text) {
        return {};
    }
    if (!text->empty() && text->back() != '\0') {
        text->push_back('\0');  // cut, or overwritten by the process (setproctitle)
    }
    return *std::move(text);
}

}  // namespace

Result<ProcFs> ProcFs::open(const std::string& root) {
    Fd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) {
        return errno_error("open " + root, errno);
    }
    return ProcFs(root, std::move(fd));
}

Result<uint32_t> ProcFs::pid_namespace() const {
    // "self" is a pid in the PID namespace that this /proc was mounted in. It is absent if that is
    // neither our namespace nor one above it, and our pid in each one below it is listed.
    const Fd self(openat(root_.get(), "self", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Result<ProcStatus> status =
        self.valid() ? read_status(self) : Result<ProcStatus>(process_error("open self"));
    const uint32_t inum = self.valid() ? read_namespace(self, "pid") : 0;
    if (inum == kInitialPidNamespace || (inum == 0 && !is_proc(root_))) {
        return 0U;
    }
    if (inum == 0 || !status || status->levels > 1) {
        return Error{fmt::format("{0} shows the processes of another PID namespace than this "
                                 "program's own; mount -t proc proc {0}, or unshare --mount-proc",
                                 path_),
                     0};
    }
    return inum;
}

Result<std::vector<uint32_t>> ProcFs::pids() const {
    Fd again(openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(
        again.valid() ? fdopendir(again.get()) : nullptr, closedir);
    if (!listing) {
        return errno_error("list " + path_, errno);
    }
    again.release();  // closedir closes it
    std::vector<uint32_t> pids;
    for (;;) {
        errno = 0;
        const dirent* entry = readdir(listing.get());
        if (entry == nullptr) {
            break;
        }
        if (const auto pid = parse_number<uint32_t>(entry->d_name); pid && *pid != 0) {
            pids.push_back(*pid);
        }
    }
    if (errno != 0) {
        return errno_error("list " + path_, errno);
    }
    return pids;
}

Result<Fd> ProcFs::open_process(uint32_t pid) const {
    Fd fd(openat(root_.get(), fmt::format("{}", pid).c_str(),
                 O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd.valid()) {
        Error error = process_error(fmt::format("open {}/{}", path_, pid));
        // With hidepid, the processes of others are left out.
        if (error.code == ESRCH && is_proc(root_) && is_running(pid)) {
            error.code = EACCES;
        }
        return error;
    }
    return fd;
}

Result<ProcStat> ProcFs::stat(uint32_t pid) const {
    const Result<Fd> process = open_process(pid);
    return process ? read_stat(*process) : Result<ProcStat>(process.error());
}

Result<ProcFs::Opened> ProcFs::open_with_stat(uint32_t pid) const {
    Result<Fd> process = open_process(pid);
    if (!process) {
        return std::move(process).error();
    }
    Result<ProcStat> stat = read_stat(*process);
    if (!stat) {
        return std::move(stat).error();
    }
    return Opened{*std::move(process), *std::move(stat)};
}

Result<ProcProcess> ProcFs::read(uint32_t pid) const {
    Result<Opened> opened = open_with_stat(pid);
    if (!opened) {
        return std::move(opened).error();
    }
    const Fd& process = opened->process;
    const Result<ProcStatus> status = read_status(process);
    if (!status) {
        return status.error();
    }
    if (status->tgid != pid) {
        return errno_error(fmt::format("{}/{} is a thread of {}", path_, pid, status->tgid), ESRCH);
    }
    ProcProcess all;
    all.stat = std::move(opened->stat);
    all.status = *status;
    all.netns = read_namespace(process, "net");
    all.mntns = read_namespace(process, "mnt");
    read_exe(process, all);
    all.cmdline = read_cmdline(process);
    all.cgroup = read_cgroup(process);
    return all;
}

Result<ProcTitle> ProcFs::title(uint32_t pid) const {
    Result<Opened> opened = open_with_stat(pid);
    if (!opened) {
        return std::move(opened).error();
    }
    return ProcTitle{std::move(opened->stat), read_cmdline(opened->process)};
}

// A process that changes its namespace meanwhile has no addresses.
Result<ProcAddresses> ProcFs::addresses(uint32_t pid) const {
    Result<Opened> opened = open_with_stat(pid);
    if (!opened) {
        return std::move(opened).error();
    }
    const Fd& process = opened->process;
    ProcAddresses all;
    all.stat = std::move(opened->stat);
    all.netns = read_namespace(process, "net");
    if (all.netns == 0) {
        return all;
    }
    if (const auto text = read_file(process, "net/fib_trie", kMaxNet)) {
        append_ipv4_addresses(*text, all.addresses);
    }
    if (const auto text = read_file(process, "net/if_inet6", kMaxNet)) {
        append_ipv6_addresses(*text, all.addresses);
    }
    if (read_namespace(process, "net") != all.netns) {
        all.netns = 0;
        all.addresses.clear();
    }
    return all;
}

uint32_t ProcFs::initial_mntns() const {
    for (const char* name : {"1", "2", "self"}) {
        const Fd process(openat(root_.get(), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (const uint32_t number = process.valid() ? read_namespace(process, "mnt") : 0) {
            return number;
        }
    }
    return 0;
}

std::string device_text(uint32_t major, uint32_t minor) {
    return fmt::format("{}:{}", major, minor);
}

Result<ProcStat> read_stat(const Fd& process) {
    const Result<std::string> text = read_file(process, "stat", kMaxStat);
    return text ? parse_stat(*text) : Result<ProcStat>(text.error());
}

Result<ProcStatus> read_status(const Fd& process) {
    const Result<std::string> text = read_file(process, "status", kMaxStatus);
    return text ? parse_status(*text) : Result<ProcStatus>(text.error());
}

std::string read_cgroup(const Fd& process) {
    const Result<std::string> text = read_file(process, "cgroup", kMaxCgroup);
    return text ? parse_cgroup(*text) : std::string();
}

// "PID (COMM) S PPID …": COMM is not escaped, so it may contain ")", spaces and newlines.
// Everything after the last ")" is written by the kernel.
Result<ProcStat> parse_stat(std::string_view text) {
    const size_t open = text.find('(');
    const size_t close = text.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
        return Error{"stat of a process: no (comm)", 0};
    }
    const std::string_view rest = text.substr(close + 1);  // begins with field 3
    const std::string_view state = field(rest, 0);
    const auto ppid = parse_number<uint32_t>(field(rest, 4 - 3));
    const auto start = parse_number<uint64_t>(field(rest, 22 - 3));
    if (state.size() != 1 || !ppid || !start) {
        return Error{"stat of a process: state, ppid or start time missing", 0};
    }
    ProcStat stat;
    stat.ppid = *ppid;
    stat.start_ticks = *start;
    stat.state = state.front();
    const auto number = [&](size_t which) {
        return parse_number<uint64_t>(field(rest, which - 3)).value_or(0);
    };
    stat.user_ticks = number(14);
    stat.system_ticks = number(15);
    stat.threads = parse_number<uint32_t>(field(rest, 20 - 3)).value_or(0);
    stat.resident_pages = number(24);
    stat.comm = text.substr(open + 1, std::min(close - open - 1, kMaxComm));
    return stat;
}

// "Name:" comes first and the kernel escapes it, so no process can forge a line.
Result<ProcStatus> parse_status(std::string_view text) {
    std::optional<uint32_t> tgid;
    std::optional<uint32_t> uid;
    std::optional<uint32_t> gid;
    ProcStatus status;
    for_each_line(text, [&](std::string_view line) {
        if (line.starts_with("Tgid:")) {
            tgid = parse_number<uint32_t>(field(line, 1));
        } else if (line.starts_with("Uid:")) {  // real, effective, saved, file system
            uid = parse_number<uint32_t>(field(line, 2));
        } else if (line.starts_with("Gid:")) {
            gid = parse_number<uint32_t>(field(line, 2));
        } else if (line.starts_with("NSpid:")) {  // from the reader's namespace inwards
            const size_t last = line.find_last_of(" \t");
            status.nspid = last == std::string_view::npos
                               ? 0
                               : parse_number<uint32_t>(line.substr(last + 1)).value_or(0);
            while (!field(line, 1 + status.levels).empty()) {
                ++status.levels;
            }
            return false;
        }
        return true;
    });
    if (!tgid || !uid || !gid) {
        return Error{"status of a process: Tgid, Uid or Gid missing", 0};
    }
    status.tgid = *tgid;
    status.uid = *uid;
    status.gid = *gid;
    return status;
}

std::string parse_cgroup(std::string_view text) {
    std::string path;
    for_each_line(text, [&](std::string_view line) {
        if (!line.starts_with("0::")) {
            return true;
        }
        line.remove_prefix(3);
        // The kernel marks a removed cgroup; "(deleted)" can't be told from a name here, but a
        // process in a removed cgroup is dead or dying.
        if (line.ends_with(kDeleted)) {
            line.remove_suffix(kDeleted.size());
        }
        path = line;
        return false;
    });
    return path;
}

}  // namespace capture
