// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/file_pass.h"

#include <unistd.h>

#include <optional>
#include <utility>

#include "cmd/message.h"
#include "forensics/source/process_index.h"
#include "packet/line/terminal_text.h"

namespace cmd {

FilePass::FilePass(forensics::Source& source, forensics::Selection& selection, bool shows_progress)
    : source_(source),
      read_([&source] { return source.next(); }),
      selection_(selection),
      progress_(std::make_unique<FileProgress>(STDERR_FILENO, shows_progress)) {}

FilePass::FilePass(const forensics::Source& source, std::function<Next()> read, Next first,
                   forensics::Selection& selection, bool shows_progress)
    : source_(source),
      read_([read = std::move(read), first = std::optional(std::move(first))]() mutable {
          return first ? *std::exchange(first, std::nullopt) : read();
      }),
      selection_(selection),
      progress_(std::make_unique<FileProgress>(STDERR_FILENO, shows_progress)) {}

FilePass::FilePass(forensics::Source& source, Next first, forensics::Selection& selection,
                   bool shows_progress)
    : FilePass(
          source, [&source] { return source.next(); }, std::move(first), selection,
          shows_progress) {}

FilePass::FilePass(forensics::InputFile& file, Next first, forensics::Selection& selection)
    : FilePass(
          file.source(), [&file] { return file.next(); }, std::move(first), selection, true) {}

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
    static_assert(forensics::ProcessIndex::kMaxTexts == size_t{32} << 20, "as kLeftTextsOut says");
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
        count_.add(**packet);
        if (progress_) {
            progress_->packet(source_);
        }
        if (selection_.wants(**packet)) {
            return packet;
        }
    }
    return nullptr;
}

void print_skipped(std::string_view command, const forensics::Source& source) {
    const forensics::Source::Skipped& skipped = source.skipped();
    if (skipped.blocks > 0) {
        print_message("pidcap {}: {}; {} such block{} passed over\n", command, skipped.first,
                      skipped.blocks, skipped.blocks == 1 ? " is" : "s are");
    }
}

void print_problems(std::string_view command, const forensics::Selection& selection) {
    for (const std::string& problem : selection.problems()) {
        print_message("pidcap {}: {}\n", command, problem);
    }
}

}  // namespace cmd
