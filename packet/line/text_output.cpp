// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/text_output.h"

#include <cerrno>
#include <utility>

#include "cmd/offline/result_file.h"
#include "pcapng/write_all.h"

namespace cmd {

TextOutput::TextOutput(int fd, std::string name) : fd_(fd), name_(std::move(name)) {
    ignore_write_signals();
}

bool TextOutput::flush() {
    if (state_) {
        state_ = write_all(fd_, text_, name_.c_str(), -1);
    }
    text_.clear();
    return state_.ok();
}

bool TextOutput::written() {
    return text_.size() < enough_ ? state_.ok() : flush();
}

pcapng::Result<void> TextOutput::finish() {
    flush();
    if (!state_ && state_.error().code == EPIPE) {
        return {};
    }
    return state_;
}

}  // namespace cmd
