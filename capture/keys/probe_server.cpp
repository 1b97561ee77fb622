// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/probe_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <numeric>
#include <string_view>
#include <thread>

#include "capture/keys/installed_libraries.h"

namespace capture::tls {
namespace {

using pcapng::Fd;

// How many files are remembered. Beyond that all begins anew, and each is looked at once more.
constexpr size_t kMaxSeen = 1'000'000;

// How many files are open that wait to be looked into.
constexpr size_t kMostOpen = 256;

// Threads that take probes out: the kernel waits some 50 ms with each.
constexpr size_t kThreads = 20;

// TLS that is no native code in a file, by the name of the library that runs it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 1> kElsewhere{{
    {"libjvm.so", "Java's TLS is compiled while it runs, so no file has a function to probe"},
}};

std::string_view file_name_of(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

}  // namespace

// Each mount of an overlay has a device of its own, but of a file in a lower layer the inode's
// number and times; and a probe at it is one at the file in that layer, so in all mounts of it. The
// time of the last change of the inode tells files of several layers apart.
std::optional<ProbeServer::Identity> ProbeServer::identity_of(const Fd& file) {
    struct stat status {};
    struct statfs system {};
    if (!file.valid() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
        fstatfs(file.get(), &system) != 0) {
        return std::nullopt;
    }
    const auto nanoseconds = [](const timespec& time) {
        return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
    };
    const bool is_overlay = system.f_type == OVERLAYFS_SUPER_MAGIC;
    return Identity{is_overlay ? 0 : status.st_dev, status.st_ino, nanoseconds(status.st_mtim),
                    is_overlay ? nanoseconds(status.st_ctim) : 0};
}

void ProbeServer::serve(int socket) {
    socket_ = socket;
    // This program has the labels of key logs, but no TLS library. A command is a copy of it until
    // it is executed.
    if (const auto self = identity_of(Fd(open("/proc/self/exe", O_RDONLY | O_CLOEXEC)))) {
        known_[*self] = {};
    }
    look_at_all();
    for (const std::string& path : installed_libraries()) {
        look_into(Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC)), path, 0);
    }
    send(message_of(ProberReport::kReady));
    std::vector<pollfd> watched = {{socket, POLLIN, 0}, {changes_.fd(), POLLIN, 0}};
    for (const int fd : watch_.fds()) {
        watched.push_back({fd, POLLIN, 0});
    }
    while (alive_) {
        if (poll(watched.data(), watched.size(), pending_.empty() ? -1 : 0) < 0 && errno != EINTR) {
            return;
        }
        changes_.read([this](int number) { forget_changed(number); });
        // All are opened before the first is looked into, which may take long: by then a process
        // may have ended, and out of a container its file can't be reached any more.
        const auto await = [this](const MappedFile& file) {
            if (auto mapped = see(file)) {
                pending_.push_back(*std::move(mapped));
            }
            if (pending_.size() > kMostOpen) {
                look_at_next();
            }
        };
        if (!watch_.read(await)) {
            look_at_all();
        }
        if (watched[0].revents != 0) {
            obey();
        } else if (!pending_.empty()) {
            look_at_next();
        }
    }
}

void ProbeServer::send(const MessageWriter& message) {
    alive_ = alive_ && send_message(socket_, message);
}

void ProbeServer::obey() {
    std::array<char, MessageWriter::kMaxText + 64> room;
    const auto received = receive_message(socket_, room);
    if (!received) {
        alive_ = false;
        return;
    }
    MessageReader message(received->bytes);
    if (static_cast<ProberOrder>(message.number<uint8_t>()) == ProberOrder::kPrepare) {
        const std::string path = message.text();
        look_into(Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC)), path, 0);
        send(message_of(ProberReport::kPrepared));
        return;
    }
    take_out_all();
    send(message_of(ProberReport::kStopped));
    alive_ = false;
}

void ProbeServer::look_at_all() {
    for_each_mapped([this](const MappedFile& file) {
        if (const auto mapped = see(file)) {
            look_at(*mapped);
        }
    });
}

// Opens the file if it is new. Returns nothing if there is nothing to be said of this mapping.
std::optional<ProbeServer::Mapped> ProbeServer::see(const MappedFile& file) {
    if (seen_.size() >= kMaxSeen) {
        seen_.clear();
    }
    const auto [seen, is_new] = seen_.try_emplace(file.key);
    if (!is_new) {
        return Mapped{file, {}};
    }
    const auto elsewhere = std::find_if(kElsewhere.begin(), kElsewhere.end(), [&](const auto& one) {
        return one.first == file_name_of(file.path);
    });
    if (elsewhere != kElsewhere.end()) {
        seen->second.emplace_back(elsewhere->second);
        return Mapped{file, {}};
    }
    auto opened = open_mapped(file);
    if (!opened) {
        seen_.erase(seen);  // perhaps the next process's can be opened
        return std::nullopt;
    }
    return Mapped{file, *std::move(opened)};
}

void ProbeServer::look_at(const Mapped& mapped) {
    const MappedFile& file = mapped.file;
    Reasons& reasons = seen_[file.key];
    if (mapped.opened.valid()) {
        reasons = look_into(mapped.opened, file.path, file.pid);
    }
    for (const std::string& reason : reasons) {
        send(message_of(ProbedFile{.path = file.path, .pid = file.pid, .reason = reason}));
    }
}

void ProbeServer::look_at_next() {
    look_at(pending_.front());
    pending_.pop_front();
}

// Puts probes into the file, unless that has been done under whatever name. Returns what can't be
// probed.
ProbeServer::Reasons ProbeServer::look_into(const Fd& file, const std::string& path, uint32_t pid) {
    const auto identity = identity_of(file);
    if (!identity) {
        return {};
    }
    if (known_.size() >= kMaxSeen) {
        known_.clear();
    }
    const auto [known, is_new] = known_.try_emplace(*identity);
    if (!is_new) {
        return known->second;
    }
    auto finding = finder_.find(file.get());
    if (!finding) {
        const bool is_program = finding.error().code != ENOEXEC;
        return known->second = is_program ? Reasons{finding.error().message} : Reasons();
    }
    Reasons reasons;
    if (programs_.keys) {
        reasons = std::move(finding->unsupported);
    } else {
        finding->functions.clear();
    }
    if (programs_.plaintext) {
        std::ranges::move(finding->plaintext_unsupported, std::back_inserter(reasons));
    } else {
        finding->plaintext.clear();
    }
    known->second = std::move(reasons);
    if (finding->functions.empty() && finding->plaintext.empty()) {
        return known->second;
    }
    const int number = changes_.watch(file);
    if (identity_of(file) != identity) {
        return {};  // it is being changed: its next process's turn
    }
    for (const KeyLogFunction& function : finding->functions) {
        if (auto failed = probe(file, path, pid, function, number)) {
            known->second.push_back(*std::move(failed));
        }
    }
    if (!finding->plaintext.empty()) {
        if (auto failed = probe_plaintext(file, finding->plaintext, number)) {
            known->second.push_back(*std::move(failed));
        }
    }
    return known->second;
}

void ProbeServer::keep(Probe probe, int number) {
    by_file_[number].push_back(probes_.size());
    probes_.emplace_back(std::move(probe));
}

// Returns why there is no probe, or nothing.
std::optional<std::string> ProbeServer::probe(const Fd& file, const std::string& path, uint32_t pid,
                                              const KeyLogFunction& function, int number) {
    const uint32_t key_probe = key_probes_ + 1;
    auto probe =
        programs_.keys->attach(fmt::format("/proc/self/fd/{}", file.get()), function, key_probe);
    if (!probe) {
        return probe.error().message;
    }
    key_probes_ = key_probe;
    keep(*std::move(probe), number);
    send(message_of(ProbedFile{.path = path,
                               .pid = pid,
                               .probe = key_probe,
                               .library = function.library,
                               .version = function.version,
                               .labels = function.labels}));
    return std::nullopt;
}

std::optional<std::string> ProbeServer::probe_plaintext(
    const Fd& file, const std::vector<PlaintextFunction>& functions, int number) {
    auto probes =
        programs_.plaintext->attach(fmt::format("/proc/self/fd/{}", file.get()), functions);
    if (!probes) {
        return fmt::format("{}: {}", name_of(functions[0].library), probes.error().message);
    }
    for (Probe& probe : *probes) {
        keep(std::move(probe), number);
    }
    return std::nullopt;
}

// A probe stays where it is in a file, and the kernel keeps the instruction that it stands for: in
// other content it would break a program. So it is taken out before that one is likely to run.
void ProbeServer::forget_changed(int number) {
    if (const auto probes = by_file_.extract(number)) {
        take_out(probes.mapped());
        seen_.clear();  // the next process that maps it has another file
    }
}

void ProbeServer::take_out_all() {
    std::vector<size_t> indexes(probes_.size());
    std::iota(indexes.begin(), indexes.end(), size_t{0});
    take_out(indexes);
}

void ProbeServer::take_out(const std::vector<size_t>& indexes) {
    std::vector<std::thread> threads;
    for (size_t first = 0; first < std::min(kThreads, indexes.size()); first++) {
        threads.emplace_back([this, &indexes, first] {
            for (size_t i = first; i < indexes.size(); i += kThreads) {
                probes_[indexes[i]].reset();
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

}  // namespace capture::tls
