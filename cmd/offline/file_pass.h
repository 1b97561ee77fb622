// SPDX-License-Identifier: GPL-2.0-only
//
// One pass over a file's selected packets, with its progress on the terminal that standard error
// may be. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "cmd/offline/progress.h"
#include "forensics/select/selection.h"
#include "forensics/source/input_file.h"
#include "forensics/source/source.h"
#include "packet/packet_count.h"
#include "pcapng/result.h"

namespace cmd {

// What is said where Source::left_texts_out().
inline constexpr std::string_view kLeftTextsOut =
    "more than 32 MiB of command lines and other texts about processes: long ones of the rest are "
    "left out";

class FilePass {
  public:
    using Next = pcapng::Result<const forensics::Packet*>;

    // `source` and `selection` outlive this. `shows_progress`: false for a command that writes to a
    // terminal meanwhile.
    FilePass(forensics::Source& source, forensics::Selection& selection, bool shows_progress);
    // Of a source or a file from which `first` has been read.
    FilePass(forensics::Source& source, Next first, forensics::Selection& selection,
             bool shows_progress);
    FilePass(forensics::InputFile& file, Next first, forensics::Selection& selection);

    // The next selected packet; null at the end. An error follows all packets that were readable.
    Next next();
    // Calls take(packet) for each.
    template <typename Take>
    pcapng::Result<void> each(Take take) {
        while (true) {
            const Next packet = next();
            if (!packet) {
                return packet.error();
            }
            if (*packet == nullptr) {
                return {};
            }
            take(**packet);
        }
    }
    // What was read so far, selected or not.
    const packet::PacketCount& read() const { return count_; }

  private:
    FilePass(const forensics::Source& source, std::function<Next()> read, Next first,
             forensics::Selection& selection, bool shows_progress);

    Next next_selected();
    void tell_left_out();

    const forensics::Source& source_;
    std::function<Next()> read_;
    forensics::Selection& selection_;
    std::unique_ptr<FileProgress> progress_;  // null once the file has been read
    packet::PacketCount count_;
    bool begun_ = false;
    bool told_ = false;
};

// Says on standard error, once a file has been read, which of its blocks were passed over.
void print_skipped(std::string_view command, const forensics::Source& source);

// Says on standard error, once all files have been read, what the filter had no meaning for.
void print_problems(std::string_view command, const forensics::Selection& selection);

}  // namespace cmd
