// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/look_up_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <optional>

#include "capture/clock.h"
#include "capture/confinement/message.h"

namespace capture {
namespace {

using pcapng::Result;

constexpr size_t kMaxQuestion = 128;
constexpr size_t kMaxMessage = MessageWriter::kMaxText + kMaxQuestion + 2 * sizeof(uint32_t);
constexpr size_t kMaxPending = 256;
constexpr unsigned kMaxLookUpSeconds = 5;
constexpr uint64_t kLostNs = 10'000'000'000;
// At the start, when no packets come yet.
constexpr uint64_t kStartAllowanceNs = 2'000'000'000;
// Later: a fiftieth of the time, and at most so much at once; the rings hold more than that.
constexpr uint64_t kMaxAllowanceNs = 20'000'000;
constexpr uint64_t kShare = 50;

// Answers questions until the socket is at its end.
void serve(int socket, const LookUpProcess::Find& find) {
    std::array<char, kMaxQuestion> room{};
    for (ssize_t got = 0; (got = recv(socket, room.data(), room.size(), 0)) > 0;) {
        const std::string question(room.data(), static_cast<size_t>(got));
        MessageWriter answer;
        answer.add(question);
        alarm(kMaxLookUpSeconds);
        answer.add(find(question));
        alarm(0);
        if (!send_message(socket, answer)) {
            return;
        }
    }
}

// A look-up that crashes or hangs costs one answer: SIGALRM ends the process that does it, and
// another one goes on with the next.
void supervise(int socket, const LookUpProcess::Find& find) {
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

LookUpProcess::LookUpProcess(HelperProcess helper, const Settings& settings)
    : settings_(settings),
      helper_(std::make_unique<HelperProcess>(std::move(helper))),
      allowance_ns_(kStartAllowanceNs),
      allowed_at_ns_(clock_ns(CLOCK_MONOTONIC)) {}

Result<LookUpProcess> LookUpProcess::start(const char* name, const Confinement& confinement,
                                           const std::function<Result<Find>()>& prepare,
                                           const Settings& settings) {
    const auto prepare_to_serve = [&prepare]() -> Result<HelperProcess::Serve> {
        auto find = prepare();
        if (!find) {
            return std::move(find).error();
        }
        return HelperProcess::Serve(
            [find = *std::move(find)](int socket) { supervise(socket, find); });
    };
    auto helper = HelperProcess::start(name, confinement, prepare_to_serve);
    if (!helper) {
        return std::move(helper).error();
    }
    return LookUpProcess(*std::move(helper), settings);
}

// Grows with time.
uint64_t LookUpProcess::allowance(uint64_t now_ns) {
    const uint64_t more = (now_ns - std::exchange(allowed_at_ns_, now_ns)) / kShare;
    if (allowance_ns_ < kMaxAllowanceNs) {
        allowance_ns_ = std::min(allowance_ns_ + more, kMaxAllowanceNs);
    }
    return allowance_ns_;
}

const std::string* LookUpProcess::answer(const std::string& question) {
    if (const auto known = answers_.find(question); known != answers_.end()) {
        return &known->second;
    }
    auto pending = std::find_if(pending_.begin(), pending_.end(),
                                [&](const Pending& one) { return one.question == question; });
    if (pending == pending_.end() && !ask(question, false)) {
        return nullptr;
    }
    for (uint64_t now = clock_ns(CLOCK_MONOTONIC); allowance(now) > 0;) {
        const bool received = receive(allowance_ns_);
        const uint64_t after = clock_ns(CLOCK_MONOTONIC);
        allowance_ns_ -= std::min(allowance_ns_, after - std::exchange(now, after));
        allowed_at_ns_ = after;
        if (const auto known = answers_.find(question); known != answers_.end()) {
            return &known->second;
        }
        if (!received && helper_ == nullptr) {
            return nullptr;
        }
    }
    for (Pending& one : pending_) {
        one.late = one.late || one.question == question;
    }
    return nullptr;
}

std::vector<std::string> LookUpProcess::take_late() {
    while (receive(0)) {
    }
    // The process that looked for it was ended, or is busy with others still.
    const uint64_t now = clock_ns(CLOCK_MONOTONIC);
    while (!pending_.empty() && pending_.front().asked_ns + kLostNs < now) {
        store(pending_.front().question, {}, pending_.front().retry);
        pending_.pop_front();
    }
    while (!retries_.empty() && retries_.front().due_ns <= now) {
        ask(retries_.front().question, true);
        retries_.pop_front();
    }
    return std::exchange(late_, {});
}

bool LookUpProcess::ask(const std::string& question, bool retry) {
    if (helper_ == nullptr || pending_.size() >= kMaxPending ||
        send(helper_->socket(), question.data(), question.size(), MSG_NOSIGNAL | MSG_DONTWAIT) <
            0) {
        return false;
    }
    pending_.push_back({question, clock_ns(CLOCK_MONOTONIC), retry, retry});
    return true;
}

// Takes one answer. Returns false if none came in this time, or can't come any more.
bool LookUpProcess::receive(uint64_t timeout_ns) {
    if (helper_ == nullptr) {
        return false;
    }
    pollfd watched{helper_->socket(), POLLIN, 0};
    const timespec timeout{static_cast<time_t>(timeout_ns / 1'000'000'000),
                           static_cast<long>(timeout_ns % 1'000'000'000)};
    if (ppoll(&watched, 1, &timeout, nullptr) <= 0) {
        return false;
    }
    std::array<char, kMaxMessage> room;
    const auto received = receive_message(helper_->socket(), room, MSG_DONTWAIT);
    if (!received && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    MessageReader message(received ? received->bytes : std::span<const char>());
    const std::string question = message.text();
    std::string answer = message.text();
    if (!message.complete()) {
        helper_.reset();
        pending_.clear();
        return false;
    }
    const auto pending = std::find_if(pending_.begin(), pending_.end(),
                                      [&](const Pending& one) { return one.question == question; });
    // Of one that was given up, answer() has returned an empty one.
    const bool late = pending == pending_.end() || pending->late;
    const bool retry = pending == pending_.end() || pending->retry;
    if (pending != pending_.end()) {
        pending_.erase(pending);
    }
    if (late && !answer.empty()) {
        late_.push_back(question);
    }
    store(question, std::move(answer), retry);
    return true;
}

void LookUpProcess::store(const std::string& question, std::string answer, bool retry) {
    if (answers_.size() >= settings_.most_answers) {
        earlier_ = std::exchange(answers_, {});
    }
    if (answer.empty() && !retry && settings_.retry_ns != 0 && retries_.size() < kMaxPending) {
        retries_.push_back({question, clock_ns(CLOCK_MONOTONIC) + settings_.retry_ns});
    }
    answers_[question] = std::move(answer);
}

}  // namespace capture
