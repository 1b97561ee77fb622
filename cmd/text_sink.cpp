// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/text_sink.h"

#include "pcapng/write_all.h"

namespace cmd {
namespace {

using capture::Result;

constexpr size_t kFlushSize = size_t{64} * 1024;

}  // namespace

Result<void> TextSink::interface(const packet::Interface&) {
    return {};  // each line names its own
}

Result<void> TextSink::packet(const packet::Packet& packet) {
    if (failed_) {
        unwritten_++;
        return {};
    }
    printer_->append(buffer_, packet);
    return buffer_.size() >= kFlushSize ? flush() : Result<void>{};
}

Result<void> TextSink::finish(const std::vector<packet::InterfaceCounters>&) {
    return flush();
}

Result<void> TextSink::flush() {
    if (buffer_.empty()) {
        return {};
    }
    Result<void> written = pcapng::write_all(fd_, buffer_, "standard output", stop_fd_);
    buffer_.clear();
    failed_ = failed_ || !written;
    return written;
}

}  // namespace cmd
