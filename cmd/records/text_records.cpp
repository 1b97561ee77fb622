// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/records/text_records.h"

#include <fmt/format.h>
#include <unistd.h>

#include <vector>

#include "cmd/message.h"
#include "cmd/output_file.h"
#include "pcapng/write_all.h"
#include "pcapng/write_bytes.h"

namespace cmd {
namespace {

using forensics::FlowRecord;
using forensics::LostRecords;
using pcapng::Result;

constexpr size_t kFlushSize = size_t{64} << 10;

// How long a collector may take nothing at the end, and how long it has for the rest; how long one
// may take nothing that a file waits for.
constexpr std::chrono::milliseconds kEndPatience{2'000};
constexpr std::chrono::milliseconds kEndMost{30'000};
constexpr std::chrono::milliseconds kFilePatience{30'000};

std::string line_of(const forensics::RecordFormat& format, const auto& what) {
    std::string line;
    format.append(what, line);
    return line;
}

std::string text_of(const LostRecords& lost) {
    return fmt::format("{} flow records ({} packets, {} bytes)", lost.records, lost.packets,
                       lost.bytes);
}

}  // namespace

PrintedRecords::PrintedRecords(std::unique_ptr<forensics::RecordFormat> format, int stop_fd)
    : format_(std::move(format)),
      fd_(pcapng::nonblocking_copy(STDOUT_FILENO)),
      has_reader_(has_reader(fd_.get())),
      stop_fd_(stop_fd) {}

Result<void> PrintedRecords::add(const FlowRecord& record) {
    format_->append(record, text_);
    return text_.size() >= kFlushSize ? serve() : Result<void>{};
}

Result<void> PrintedRecords::serve() {
    if (text_.empty()) {
        return {};
    }
    Result<void> written = pcapng::write_all(fd_.get(), text_, "standard output", stop_fd_);
    text_.clear();
    return written;
}

LinkedRecords::LinkedRecords(std::unique_ptr<forensics::RecordFormat> format,
                             CollectorAddress address, RecordSource source)
    : to_(address.text),
      format_(std::move(format)),
      link_(std::move(address),
            [this](const LostRecords& lost) { return line_of(*format_, lost); }),
      source_(source) {}

Result<void> LinkedRecords::add(const FlowRecord& record) {
    if (source_ == RecordSource::kFile) {
        link_.serve(RecordLink::Clock::now());
        link_.make_room(kFilePatience);
    }
    LostRecords what;
    what.add(record);
    link_.add(line_of(*format_, record), what);
    return {};
}

Result<void> LinkedRecords::serve() {
    link_.serve(RecordLink::Clock::now());
    return {};
}

Result<void> LinkedRecords::finish() {
    link_.drain(kEndPatience, kEndMost);
    return {};
}

std::vector<std::string> LinkedRecords::end_lines() const {
    std::vector<std::string> lines;
    if (link_.lost().records > 0) {
        lines.push_back(
            fmt::format("{}: {} lost, for there was no room for them", to_, text_of(link_.lost())));
    }
    const LostRecords waiting = link_.waiting();
    if (waiting.records > 0) {
        lines.push_back(fmt::format("{}: {} not taken", to_, text_of(waiting)));
    }
    return lines;
}

}  // namespace cmd
