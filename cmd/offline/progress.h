// SPDX-License-Identifier: GPL-2.0-only
//
// FileProgress: how far a command has read a file, in one line of the terminal that standard error
// may be. It comes after a second, and erases itself when it goes. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "forensics/source/source.h"

namespace cmd {

class FileProgress {
  public:
    // `fd` belongs to the caller; where it is no terminal, or not `enabled`, nothing is shown. Not
    // for a command that prints lines to a terminal meanwhile (wants_status_line).
    explicit FileProgress(int fd, bool enabled = true);
    ~FileProgress() { erase(); }
    FileProgress(const FileProgress&) = delete;
    FileProgress& operator=(const FileProgress&) = delete;

    // To be called for each packet: looks at the clock every few hundred times, as packets may take
    // long, such as those that are written to many files.
    void packet(const forensics::Source& source) {
        if (++packets_ % kPackets == 0 && shows_) {
            look(source);
        }
    }

    // The same for each line of a table, of which so many bytes are read.
    void line(const std::string& file, uint64_t bytes_read) {
        if (++packets_ % kPackets == 0 && shows_ && is_due()) {
            show_table(file, bytes_read);
        }
    }

    // Before anything else is written to the terminal.
    void erase();

  private:
    static constexpr uint64_t kPackets = 256;
    using Clock = std::chrono::steady_clock;

    void look(const forensics::Source& source);
    bool is_due();
    void show(const std::string& text);
    size_t columns() const;
    void show_table(const std::string& file, uint64_t bytes_read);

    int fd_;
    bool shows_;
    bool visible_ = false;
    uint64_t packets_ = 0;
    Clock::time_point next_;
};

// "capture.pcapng: 42%, 1200000 packets"; without a size to compare with: "…: 12.3 MiB, …". Cut to
// `columns`.
std::string file_progress_text(const std::string& file, uint64_t bytes_read,
                               std::optional<uint64_t> bytes_total, uint64_t packets,
                               size_t columns);

}  // namespace cmd
