// SPDX-License-Identifier: GPL-2.0-only
//
// Spool: the folder that the files of a rotation go to. A small process of its own opens, renames
// and removes them, and starts -z's command: it is forked before the capture begins, so that the
// capture itself may give up every right. Under sudo it is the caller for good; without -z's
// command it keeps no capability but that of writing anywhere. It takes names of its folder only.
//
// A file is NAME.part until it is complete. Each call waits for the process's answer. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "cmd/rotation.h"
#include "cmd/spool_message.h"
#include "cmd/stop_signals.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace cmd {

class Spool {
  public:
    // Forks. Error: there is no such folder, or it can't be written. The command of -z will run
    // with the signals as pidcap found them.
    static pcapng::Result<Spool> open(const FilePattern& pattern, const RotationOptions& options,
                                      const StopSignals& signals);

    Spool(Spool&& other) noexcept
        : pid_(std::exchange(other.pid_, -1)),
          socket_(std::move(other.socket_)),
          pattern_(std::move(other.pattern_)) {}
    Spool& operator=(Spool&&) = delete;
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;
    ~Spool();  // the process ends; a command that still runs goes on

    struct Begun {
        pcapng::Fd fd;
        std::string name;
    };
    // Makes NAME.part. Removes the file NAME if this spool has made it: the oldest of a ring.
    pcapng::Result<Begun> begin(const std::string& name);
    // The same for a file that replaces none: NAME, or the first of NAME-2, NAME-3, … (see
    // numbered_name) that is free.
    pcapng::Result<Begun> begin_new(const std::string& name);
    // Gives NAME.part its name, and starts the command. With `keep_as`, the file is kept under that
    // name, too, as by keep(), before the command can take it away; returns what came of that.
    pcapng::Result<pcapng::Result<std::string>> complete(const std::string& name,
                                                         const std::string& keep_as = {});
    // Keeps a complete file under another name, too (a hard link), so that neither a ring nor
    // --keep-free removes it. Returns that name: `as`, or the first free one as for begin_new().
    pcapng::Result<std::string> keep(const std::string& name, const std::string& as);

    struct Removed {
        std::string name;    // for messages
        uint64_t bytes = 0;  // that it freed: 0 if the file is kept under another name, too
    };
    // Removes the oldest file of the pattern, also one of an earlier run. nullopt: there is none.
    pcapng::Result<std::optional<Removed>> remove_oldest();

    // The path of a file, as -w would name it.
    std::string path_of(const std::string& name) const;

  private:
    Spool(pid_t pid, pcapng::Fd socket, FilePattern pattern)
        : pid_(pid), socket_(std::move(socket)), pattern_(std::move(pattern)) {}
    pcapng::Result<SpoolAnswer> ask(const SpoolRequest& request);

    pid_t pid_;
    pcapng::Fd socket_;
    FilePattern pattern_;
};

}  // namespace cmd
