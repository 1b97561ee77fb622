// SPDX-License-Identifier: GPL-2.0-only
//
// SpoolProcess: what a Spool's process does. It works in one folder, on names without a slash, and
// on regular files alone.
#pragma once

#include <sys/types.h>

#include <deque>
#include <set>
#include <string>
#include <vector>

#include "cmd/rotation.h"
#include "cmd/spool_message.h"
#include "cmd/stop_signals.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace cmd {

class SpoolProcess {
  public:
    SpoolProcess(pcapng::Fd socket, const FilePattern& pattern, const RotationOptions& options,
                 const StopSignals& signals)
        : socket_(std::move(socket)), pattern_(pattern), options_(options), signals_(signals) {}

    // Answers requests until the other side is gone.
    void run();

  private:
    struct Running {
        pid_t pid;
        pcapng::Fd fd;  // readable once it has ended
        std::string file;
    };
    struct Old {
        std::string name;
        off_t bytes;
        timespec changed;
    };

    bool wait_for_request();
    SpoolAnswer answer(const SpoolRequest& request);
    SpoolAnswer ready();
    SpoolAnswer begin(const std::string& name);
    SpoolAnswer begin_new(const std::string& name);
    SpoolAnswer complete(const std::string& name, const std::string& keep_as);
    SpoolAnswer keep(const std::string& name, const std::string& as) const;
    SpoolAnswer remove_oldest();
    SpoolAnswer failed(const char* what, const std::string& name) const;
    bool may_replace(const std::string& name) const;
    bool is_free(const std::string& name) const;
    bool is_ours(const std::string& name) const;
    void list_old_files();
    void run_command(const std::string& name);
    void reap();

    pcapng::Fd socket_;
    FilePattern pattern_;
    RotationOptions options_;
    const StopSignals& signals_;
    pcapng::Fd folder_;
    std::string current_;         // being written, without ".part"
    std::set<std::string> made_;  // completed by us, and not removed by us
    bool listed_ = false;
    std::deque<std::string> old_;   // that may be removed, the oldest first
    std::vector<Running> running_;  // commands
};

}  // namespace cmd
