// SPDX-License-Identifier: GPL-2.0-only
//
// PidcapRun: the program under test, at work in a network namespace. Ready when it says `listening
// on`, ended with SIGINT; killed, by its PID, with its PidcapRun otherwise.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "pcapng/fd.h"
#include "tests/support/netns.h"

namespace test {

class PidcapRun {
  public:
    PidcapRun(const Netns& netns, const std::vector<std::string>& arguments);
    PidcapRun(const PidcapRun&) = delete;
    PidcapRun& operator=(const PidcapRun&) = delete;
    ~PidcapRun();

    pid_t pid() const { return pid_; }

    // Returns when it listens. If it ends or is silent before, the test fails with what it said.
    void wait_until_listening();
    void ask_to_stop();  // with SIGINT
    int wait();          // for its end: exit status, 128 + signal if it was killed
    int stop() {
        ask_to_stop();
        return wait();
    }

    const std::string& messages() const { return messages_; }  // stderr, as far as it was read
    // From the summary: "N packets captured, M dropped".
    unsigned long captured() const { return summary("pidcap: "); }
    unsigned long dropped() const { return summary(" captured, "); }

  private:
    bool read_more();
    unsigned long summary(const std::string& before) const;

    pid_t pid_ = -1;
    pcapng::Fd stderr_;
    std::string messages_;
};

}  // namespace test
