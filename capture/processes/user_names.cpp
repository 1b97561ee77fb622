// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/user_names.h"

#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "capture/clock.h"

namespace capture {
namespace {

using pcapng::Result;

constexpr size_t kMaxNames = 65536;  // bounded, because a process may use any number of uids
constexpr size_t kMaxRecord = 1 << 20;
constexpr size_t kMaxName = 1024;
constexpr size_t kMaxPending = 256;
constexpr unsigned kMaxLookUpSeconds = 5;
constexpr uint64_t kLostNs = 10'000'000'000;
// At the start, when no packets come yet.
constexpr uint64_t kStartAllowanceNs = 2'000'000'000;
// Later: a fiftieth of the time, and at most so much at once; the rings hold more than that.
constexpr uint64_t kMaxAllowanceNs = 20'000'000;
constexpr uint64_t kShare = 50;

const std::string kNone;

// Answers requests until the socket is at its end.
void serve(int socket, FindUserName find) {
    std::array<char, sizeof(uint32_t) + kMaxName> answer{};
    uint32_t uid = 0;
    while (recv(socket, &uid, sizeof(uid), 0) == sizeof(uid)) {
        alarm(kMaxLookUpSeconds);
        const std::string name = find(uid).substr(0, kMaxName);
        alarm(0);
        std::memcpy(answer.data(), &uid, sizeof(uid));
        std::memcpy(answer.data() + sizeof(uid), name.data(), name.size());
        if (send(socket, answer.data(), sizeof(uid) + name.size(), MSG_NOSIGNAL) < 0) {
            return;
        }
    }
}

// A look-up that crashes or hangs costs one name: SIGALRM ends the process that does it, and
// another one goes on with the next.
void supervise(int socket, FindUserName find) {
    const pid_t self = getpid();
    while (true) {
        const pid_t worker = fork();
        if (worker == 0) {
            sigset_t alarms;
            sigemptyset(&alarms);
            sigaddset(&alarms, SIGALRM);
            sigprocmask(SIG_UNBLOCK, &alarms, nullptr);
            if (end_with_parent(self)) {
                serve(socket, find);
            }
            _exit(0);
        }
        int status = 0;
        while (worker > 0 && waitpid(worker, &status, 0) < 0 && errno == EINTR) {
        }
        if (worker < 0 || WIFEXITED(status)) {
            return;
        }
    }
}

}  // namespace

std::string find_user_name(uint32_t uid) {
    std::vector<char> buffer(4096);
    passwd record{};
    passwd* found = nullptr;
    while (getpwuid_r(uid, &record, buffer.data(), buffer.size(), &found) == ERANGE &&
           buffer.size() < kMaxRecord) {
        buffer.resize(buffer.size() * 2);
    }
    return found != nullptr && found->pw_name != nullptr ? found->pw_name : "";
}

UserNames::UserNames(HelperProcess helper)
    : helper_(std::make_unique<HelperProcess>(std::move(helper))),
      allowance_ns_(kStartAllowanceNs),
      allowed_at_ns_(clock_ns(CLOCK_MONOTONIC)) {}

Result<UserNames> UserNames::open(const std::optional<UserIds>& user, FindUserName find) {
    Confinement confinement;
    confinement.user = user;
    // Modules of the user database connect to servers, and who knows what else they do: what is
    // denied to them is an error that they can handle.
    confinement.denied = SystemCalls{.answer = SystemCalls::Answer::kError, .connects = true};
    const auto prepare = [find] {
        return Result<HelperProcess::Serve>([find](int socket) { supervise(socket, find); });
    };
    auto helper = HelperProcess::start("pidcap-names", confinement, prepare);
    if (!helper) {
        return std::move(helper).error();
    }
    return UserNames(*std::move(helper));
}

// Grows with time.
uint64_t UserNames::allowance(uint64_t now_ns) {
    const uint64_t more = (now_ns - std::exchange(allowed_at_ns_, now_ns)) / kShare;
    if (allowance_ns_ < kMaxAllowanceNs) {
        allowance_ns_ = std::min(allowance_ns_ + more, kMaxAllowanceNs);
    }
    return allowance_ns_;
}

const std::string& UserNames::name(uint32_t uid) {
    if (const auto known = names_.find(uid); known != names_.end()) {
        return known->second;
    }
    auto pending = std::find_if(pending_.begin(), pending_.end(),
                                [uid](const Pending& one) { return one.uid == uid; });
    if (pending == pending_.end() && !ask(uid)) {
        return kNone;
    }
    for (uint64_t now = clock_ns(CLOCK_MONOTONIC); allowance(now) > 0;) {
        const bool received = receive(allowance_ns_);
        const uint64_t after = clock_ns(CLOCK_MONOTONIC);
        allowance_ns_ -= std::min(allowance_ns_, after - std::exchange(now, after));
        allowed_at_ns_ = after;
        if (const auto known = names_.find(uid); known != names_.end()) {
            return known->second;
        }
        if (!received && helper_ == nullptr) {
            return kNone;
        }
    }
    for (Pending& one : pending_) {
        one.late = one.late || one.uid == uid;
    }
    return kNone;
}

std::vector<uint32_t> UserNames::take_late() {
    while (receive(0)) {
    }
    // The process that looked for it was ended, or is busy with others still.
    const uint64_t now = clock_ns(CLOCK_MONOTONIC);
    while (!pending_.empty() && pending_.front().asked_ns + kLostNs < now) {
        store(pending_.front().uid, {});
        pending_.pop_front();
    }
    return std::exchange(late_, {});
}

bool UserNames::ask(uint32_t uid) {
    if (helper_ == nullptr || pending_.size() >= kMaxPending ||
        send(helper_->socket(), &uid, sizeof(uid), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        return false;
    }
    pending_.push_back({uid, clock_ns(CLOCK_MONOTONIC)});
    return true;
}

// Takes one answer. Returns false if none came in this time, or can't come any more.
bool UserNames::receive(uint64_t timeout_ns) {
    if (helper_ == nullptr) {
        return false;
    }
    pollfd watched{helper_->socket(), POLLIN, 0};
    const timespec timeout{static_cast<time_t>(timeout_ns / 1'000'000'000),
                           static_cast<long>(timeout_ns % 1'000'000'000)};
    if (ppoll(&watched, 1, &timeout, nullptr) <= 0) {
        return false;
    }
    std::array<char, sizeof(uint32_t) + kMaxName> answer{};
    const ssize_t got = recv(helper_->socket(), answer.data(), answer.size(), MSG_DONTWAIT);
    if (got < static_cast<ssize_t>(sizeof(uint32_t))) {
        if (got >= 0 || (errno != EAGAIN && errno != EINTR)) {
            helper_.reset();
            pending_.clear();
        }
        return false;
    }
    uint32_t uid = 0;
    std::memcpy(&uid, answer.data(), sizeof(uid));
    const auto pending = std::find_if(pending_.begin(), pending_.end(),
                                      [uid](const Pending& one) { return one.uid == uid; });
    // Of one that was given up, name() has returned an empty name.
    const bool late = pending == pending_.end() || pending->late;
    if (pending != pending_.end()) {
        pending_.erase(pending);
    }
    const std::string& name =
        store(uid, {answer.data() + sizeof(uid), static_cast<size_t>(got) - sizeof(uid)});
    if (late && !name.empty()) {
        late_.push_back(uid);
    }
    return true;
}

const std::string& UserNames::store(uint32_t uid, std::string name) {
    if (names_.size() >= kMaxNames) {
        earlier_ = std::exchange(names_, {});
    }
    return names_[uid] = std::move(name);
}

}  // namespace capture
