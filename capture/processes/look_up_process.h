// SPDX-License-Identifier: GPL-2.0-only
//
// LookUpProcess: answers that a process of its own looks up, because a look-up may take long, hang
// or crash: it asks servers (names of users), or reads what anyone may have written (names of
// containers). The capture never waits for it longer than a bounded part of its time. An answer
// that comes later is told of by take_late(). Answers are cached, two times `most_answers` at most.
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "capture/confinement/helper_process.h"
#include "pcapng/result.h"

namespace capture {

class LookUpProcess {
  public:
    // Looks one up; empty: there is none. Question and answer are bytes, of at most 64 and 8,192.
    using Find = std::function<std::string(const std::string& question)>;

    struct Settings {
        size_t most_answers = 65536;
        // When a question that had no answer is asked once more; 0: never.
        uint64_t retry_ns = 0;
    };

    LookUpProcess() = default;  // has no process, and no answers

    // Forks the process called `name`, which runs `prepare`, confines itself and uses what that
    // returned. A look-up of more than five seconds is ended: it has no answer.
    static pcapng::Result<LookUpProcess> start(const char* name, const Confinement& confinement,
                                               const std::function<pcapng::Result<Find>()>& prepare,
                                               const Settings& settings);

    // Returns the answer, empty if there is none; null: it isn't known yet. Valid until
    // `most_answers` further questions have been answered, or this one has been asked once more.
    const std::string* answer(const std::string& question);

    // Returns the questions whose answers have come since answer() returned null or an empty one.
    std::vector<std::string> take_late();

  private:
    struct Pending {
        std::string question;
        uint64_t asked_ns = 0;
        bool late = false;   // answer() has returned without it
        bool retry = false;  // it had no answer
    };
    struct Retry {
        std::string question;
        uint64_t due_ns = 0;
    };

    LookUpProcess(HelperProcess helper, const Settings& settings);
    bool ask(const std::string& question, bool retry);
    bool receive(uint64_t timeout_ns);
    void store(const std::string& question, std::string answer, bool retry);
    uint64_t allowance(uint64_t now_ns);

    Settings settings_;
    std::unique_ptr<HelperProcess> helper_;  // null: there is none, or it has ended
    std::deque<Pending> pending_;            // in the order of asking, which is that of the answers
    std::deque<Retry> retries_;              // in the order of their time
    std::vector<std::string> late_;
    uint64_t allowance_ns_ = 0;  // how long answer() may wait
    uint64_t allowed_at_ns_ = 0;
    std::unordered_map<std::string, std::string> answers_;
    std::unordered_map<std::string, std::string> earlier_;  // the cache before, maybe still in use
};

}  // namespace capture
