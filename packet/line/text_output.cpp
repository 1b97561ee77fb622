// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/text_output.h"

#include <cerrno>

#include "pcapng/write_all.h"

namespace packet {

bool TextOutput::flush() {
    if (state_) {
        state_ = pcapng::write_all(fd_, text_, name_.c_str(), -1);
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

}  // namespace packet
