// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/file_pass.h"

namespace cmd {

using forensics::Packet;
using pcapng::Result;

Result<FilePass> FilePass::open(const std::string& path, Selection selection) {
    auto source = forensics::Source::open(path);
    if (!source) {
        return source.error();
    }
    return Result<FilePass>(FilePass(std::move(source).value(), std::move(selection)));
}

Result<const Packet*> FilePass::next() {
    if (!begun_) {
        selection_.begin(source_);
        begun_ = true;
    }
    while (!selection_.done()) {
        const Result<const Packet*> packet = source_.next();
        if (!packet || *packet == nullptr) {
            return packet;
        }
        const Result<bool> wanted = selection_.wants(**packet);
        if (!wanted) {
            return wanted.error();
        }
        if (*wanted) {
            return packet;
        }
    }
    return Result<const Packet*>(nullptr);
}

}  // namespace cmd
