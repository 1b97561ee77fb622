// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/socket_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "capture/processes/procfs.h"
#include "pcapng/fd.h"

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Fd;
using pcapng::Result;

// glibc 2.36 of Debian 12 has wrappers for these, older versions don't.
Fd pidfd_open(uint32_t pid) {
    return Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

Fd pidfd_getfd(const Fd& pidfd, int target) {  // close-on-exec
    return Fd(static_cast<int>(syscall(__NR_pidfd_getfd, pidfd.get(), target, 0)));
}

struct Holder {
    uint32_t pid = 0;
    uint64_t start_ticks = 0;
};

struct Socket {
    uint64_t inode = 0;
    uint32_t holder = 0;  // index of the first one
    int fd = -1;          // in that process
    bool shared = false;
};

struct Descriptor {
    uint32_t holder = 0;
    int fd = -1;
};

struct Found {
    std::vector<Holder> holders;
    std::vector<Socket> sockets;  // each inode once, grouped by first holder
    // Of those that several processes hold, by index in sockets: a descriptor of each.
    std::unordered_map<size_t, std::vector<Descriptor>> shared;
};

bool is_gone(int code) {
    return code == ESRCH || code == ENOENT || code == EBADF;
}

constexpr std::string_view kSocketPrefix = "socket:[";

// Returns 12345 for "socket:[12345]", or 0 if the link isn't a socket's.
uint64_t socket_inode(std::string_view link) {
    if (!link.starts_with(kSocketPrefix)) {
        return 0;
    }
    uint64_t inode = 0;
    std::from_chars(link.data() + kSocketPrefix.size(), link.data() + link.size(), inode);
    return inode;
}

// First pass: finds which process holds which socket.
class Inventory {
  public:
    void add_process(const ProcFs& procfs, uint32_t pid, SocketScanCounts& counts) {
        const Result<Fd> process = procfs.open_process(pid);
        if (!process) {
            return;  // it has ended, and its sockets with it
        }
        const Result<ProcStat> stat = read_stat(*process);
        if (!stat) {
            return;
        }
        Fd list(openat(process->get(), "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const std::unique_ptr<DIR, int (*)(DIR*)> listing(
            list.valid() ? fdopendir(list.get()) : nullptr, closedir);
        if (!listing) {
            counts.unreadable_processes += is_gone(errno) ? 0 : 1;
            return;
        }
        list.release();  // closedir closes it
        found_.holders.push_back({pid, stat->start_ticks});
        while (const dirent* entry = readdir(listing.get())) {
            char link[64];
            const ssize_t n = readlinkat(dirfd(listing.get()), entry->d_name, link, sizeof(link));
            if (n < 0 && (errno == EACCES || errno == EPERM)) {
                ++counts.unreadable_processes;  // the other descriptors would fail in the same way
                return;
            }
            if (n > 0) {
                add_descriptor(socket_inode({link, static_cast<size_t>(n)}), entry->d_name);
            }
        }
    }

    Found take() { return std::move(found_); }

  private:
    void add_descriptor(uint64_t inode, const char* name) {
        if (inode == 0) {
            return;
        }
        const auto holder = static_cast<uint32_t>(found_.holders.size() - 1);
        const auto [known, is_new] = by_inode_.try_emplace(inode, found_.sockets.size());
        int fd = -1;
        std::from_chars(name, name + std::strlen(name), fd);
        if (is_new) {
            found_.sockets.push_back({inode, holder, fd, false});
        } else if (found_.sockets[known->second].holder != holder) {
            const Socket& socket = found_.sockets[known->second];
            std::vector<Descriptor>& all = found_.shared[known->second];
            if (all.empty()) {
                all.push_back({socket.holder, socket.fd});
            }
            if (all.back().holder != holder) {
                all.push_back({holder, fd});
            }
        }
    }

    Found found_;
    std::unordered_map<uint64_t, size_t> by_inode_;  // index in found_.sockets
};

bool holds(const Holder& holder, int fd, uint64_t inode) {
    const Fd pidfd = pidfd_open(holder.pid);
    const Fd copy = pidfd.valid() ? pidfd_getfd(pidfd, fd) : Fd();
    struct stat file {};
    return copy.valid() && fstat(copy.get(), &file) == 0 && file.st_ino == inode;
}

// Returns the first `most` descriptors that still are the socket's.
std::vector<Descriptor> still_held(const Found& found, uint64_t inode,
                                   const std::vector<Descriptor>& seen, size_t most) {
    std::vector<Descriptor> held;
    for (const Descriptor& one : seen) {
        if (held.size() < most && holds(found.holders[one.holder], one.fd, inode)) {
            held.push_back(one);
        }
    }
    return held;
}

// Second pass: looks again who holds a socket that several processes were seen with. Another
// capture that is just starting has a duplicate of each socket for a moment, as we do, but not each
// time.
void look_again(Found& found) {
    constexpr int kLooks = 5;
    constexpr timespec kPause = {0, 1'000'000};
    for (int look = 0; look < kLooks && !found.shared.empty(); look++) {
        if (look > 0) {
            nanosleep(&kPause, nullptr);
        }
        std::erase_if(found.shared, [&found](const auto& seen) {
            Socket& socket = found.sockets[seen.first];
            const auto held = still_held(found, socket.inode, seen.second, 2);
            socket.shared = held.size() > 1;
            if (!held.empty()) {
                socket.holder = held.front().holder;
                socket.fd = held.front().fd;
            }
            return !socket.shared;
        });
    }
    std::stable_sort(
        found.sockets.begin(), found.sockets.end(),
        [](const Socket& one, const Socket& other) { return one.holder < other.holder; });
}

// Third pass: duplicates the sockets of one process after the other.
class Visitor {
  public:
    Visitor(const ProcFs& procfs, const BootClock& clock, const CgroupTree& cgroups,
            const SocketCallback& found, SocketScanCounts& counts)
        : procfs_(procfs), clock_(clock), cgroups_(cgroups), found_(found), counts_(counts) {}

    // Returns false if the process has ended.
    bool enter(const Holder& holder) {
        // Opens the pidfd first and checks the identity in /proc afterwards: if the process is
        // still the same then, the pidfd is that process's.
        pidfd_ = pidfd_open(holder.pid);
        const Result<Fd> process = procfs_.open_process(holder.pid);
        if (!pidfd_.valid() || !process) {
            return false;
        }
        const Result<ProcStat> stat = read_stat(*process);
        const Result<ProcStatus> status = read_status(*process);
        if (!stat || !status || stat->start_ticks != holder.start_ticks) {
            return false;
        }
        owner_ = {};
        owner_.tgid = holder.pid;
        owner_.tid = holder.pid;
        owner_.start_boot = clock_.start_boot(holder.start_ticks);
        owner_.uid = status->uid;
        owner_.gid = status->gid;
        owner_.cgroup_id = cgroups_.id(read_cgroup(*process));
        std::memcpy(owner_.comm, stat->comm.data(),
                    std::min(stat->comm.size(), sizeof(owner_.comm) - 1));
        return true;
    }

    // The duplicate lives for this call only. If the process has closed its own descriptor
    // meanwhile, closing the duplicate is the last close of the socket, and would wait for
    // SO_LINGER.
    void visit(const Socket& socket) {
        const Fd fd = pidfd_getfd(pidfd_, socket.fd);
        if (!fd.valid()) {
            ++(is_gone(errno) ? counts_.vanished : counts_.unreadable);
            return;
        }
        // Since the first pass the descriptor may have been closed and reused for another file.
        struct stat file {};
        if (fstat(fd.get(), &file) != 0 || file.st_ino != socket.inode || !S_ISSOCK(file.st_mode)) {
            ++counts_.vanished;
            return;
        }
        int domain = AF_UNSPEC;
        socklen_t length = sizeof(domain);
        getsockopt(fd.get(), SOL_SOCKET, SO_DOMAIN, &domain, &length);
        if (domain != AF_INET && domain != AF_INET6 && domain != AF_PACKET) {
            ++counts_.other;
        } else if (socket.shared) {
            ++counts_.shared;
            found_(fd.get(), pidcap_owner{});
        } else {
            ++counts_.sockets;
            found_(fd.get(), owner_);
        }
    }

  private:
    const ProcFs& procfs_;
    const BootClock& clock_;
    const CgroupTree& cgroups_;
    const SocketCallback& found_;
    SocketScanCounts& counts_;
    Fd pidfd_;
    pidcap_owner owner_{};
};

}  // namespace

Result<void> check_socket_scan() {
    const Fd pidfd = pidfd_open(static_cast<uint32_t>(getpid()));
    const Fd any(open("/", O_PATH | O_CLOEXEC));
    if (!pidfd.valid() || !pidfd_getfd(pidfd, any.get()).valid()) {
        return errno_error("pidfd_getfd (Linux 5.6) for the sockets that exist already", errno);
    }
    return {};
}

Result<SocketScanCounts> scan_sockets(const BootClock& clock, const CgroupTree& cgroups,
                                      const SocketCallback& found, const std::string& proc_root) {
    if (const Result<void> usable = check_socket_scan(); !usable) {
        return usable.error();
    }
    const Result<ProcFs> procfs = ProcFs::open(proc_root);
    if (!procfs) {
        return procfs.error();
    }
    const Result<std::vector<uint32_t>> pids = procfs->pids();
    if (!pids) {
        return pids.error();
    }
    SocketScanCounts counts;
    Inventory inventory;
    for (const uint32_t pid : *pids) {
        inventory.add_process(*procfs, pid, counts);
    }
    Found all = inventory.take();
    look_again(all);
    Visitor visitor(*procfs, clock, cgroups, found, counts);
    for (size_t i = 0; i < all.sockets.size();) {
        const uint32_t holder = all.sockets[i].holder;
        const bool is_there = visitor.enter(all.holders[holder]);
        for (; i < all.sockets.size() && all.sockets[i].holder == holder; ++i) {
            if (is_there) {
                visitor.visit(all.sockets[i]);
            } else {
                ++counts.vanished;
            }
        }
    }
    return counts;
}

}  // namespace capture
