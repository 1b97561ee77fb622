// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/file_pass.h"

#include <unistd.h>

namespace cmd {

using forensics::Packet;
using pcapng::Result;

FilePass::FilePass(forensics::Source source, Selection selection, bool shows_progress)
    : source_(std::move(source)),
      selection_(std::move(selection)),
      progress_(std::make_unique<FileProgress>(STDERR_FILENO, shows_progress)) {}

Result<FilePass> FilePass::open(const std::string& path, Selection selection, bool shows_progress) {
    auto source = forensics::Source::open(path);
    if (!source) {
        return source.error();
    }
    return Result<FilePass>(
        FilePass(std::move(source).value(), std::move(selection), shows_progress));
}

Result<const Packet*> FilePass::next() {
    if (!begun_) {
        selection_.begin(source_);
        begun_ = true;
    }
    while (!selection_.done()) {
        const Result<const Packet*> packet = source_.next();
        if (!packet || *packet == nullptr) {
            progress_.reset();
            return packet;
        }
        if (progress_) {
            progress_->packet(source_);
        }
        const Result<bool> wanted = selection_.wants(**packet);
        if (!wanted) {
            progress_.reset();
            return wanted.error();
        }
        if (*wanted) {
            return packet;
        }
    }
    progress_.reset();
    return Result<const Packet*>(nullptr);
}

}  // namespace cmd
