// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/file_pass.h"

#include <unistd.h>

#include <optional>
#include <utility>

#include "cmd/message.h"
#include "packet/line/terminal_text.h"

namespace cmd {

using pcapng::Result;

FilePass::FilePass(forensics::Source& source, forensics::Selection& selection, bool shows_progress)
    : source_(source),
      read_([&source] { return source.next(); }),
      selection_(selection),
      progress_(std::make_unique<FileProgress>(STDERR_FILENO, shows_progress)) {}

FilePass::FilePass(forensics::InputFile& file, Next first, forensics::Selection& selection)
    : source_(file.source()),
      read_([&file, first = std::optional(std::move(first))]() mutable {
          return first ? *std::exchange(first, std::nullopt) : file.next();
      }),
      selection_(selection),
      progress_(std::make_unique<FileProgress>(STDERR_FILENO)) {}

FilePass::Next FilePass::next() {
    if (!begun_) {
        selection_.begin(source_);
        begun_ = true;
    }
    Next packet = next_selected();
    if (!packet || *packet == nullptr) {
        progress_.reset();
        tell_left_out();
    }
    return packet;
}

void FilePass::tell_left_out() {
    if (source_.left_texts_out() && !told_) {
        print_message("pidcap: {}: {}\n", packet::printable(source_.name()), kLeftTextsOut);
        told_ = true;
    }
}

FilePass::Next FilePass::next_selected() {
    while (!selection_.done()) {
        Next packet = read_();
        if (!packet || *packet == nullptr) {
            return packet;
        }
        packets_++;
        if (progress_) {
            progress_->packet(source_);
        }
        const Result<bool> wanted = selection_.wants(**packet);
        if (!wanted) {
            return wanted.error();
        }
        if (*wanted) {
            return packet;
        }
    }
    return nullptr;
}

}  // namespace cmd
