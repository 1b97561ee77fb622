// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/records/flow_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "capture/clock.h"
#include "cmd/message.h"
#include "cmd/records/ipfix_records.h"
#include "cmd/records/text_records.h"
#include "cmd/sooner.h"

namespace cmd {

using forensics::FlowRecord;
using pcapng::Result;

namespace {

// Packets are read at the latest so long after their time, if none is waiting.
constexpr uint64_t kReadDelayNs = 200'000'000;

}  // namespace

Result<FlowRecords> FlowRecords::make(const RecordOptions& options, RecordSource source,
                                      std::string host) {
    FlowRecords records(options, source, std::move(host));
    if (options.to) {
        auto address = stream_address("--to", *options.to);
        if (!address) {
            return std::move(address).error();
        }
        records.stream_ = *std::move(address);
    }
    if (options.ipfix) {
        auto address = datagram_address("--ipfix", *options.ipfix);
        if (!address) {
            return std::move(address).error();
        }
        records.ipfix_ = *std::move(address);
    }
    return records;
}

std::unique_ptr<forensics::RecordFormat> FlowRecords::format() const {
    return options_->ecs ? forensics::ecs_names(host_) : forensics::own_names();
}

Result<void> FlowRecords::open(int stop_fd) {
    if (stream_) {
        outputs_.push_back(std::make_unique<LinkedRecords>(format(), *stream_, source_));
    }
    if (ipfix_) {
        auto ipfix = IpfixRecords::open(*ipfix_, options_->ipfix_enterprise, source_);
        if (!ipfix) {
            return std::move(ipfix).error();
        }
        outputs_.push_back(*std::move(ipfix));
    }
    if (outputs_.empty() && !stdout_takes_data()) {
        return Error{"standard output is closed, or not open for writing; --to names a collector",
                     EBADF};
    }
    if (outputs_.empty()) {
        outputs_.push_back(std::make_unique<PrintedRecords>(format(), stop_fd));
    }
    meter_ =
        std::make_unique<forensics::FlowMeter>(options_->meter, [this](const FlowRecord& record) {
            for (const auto& output : outputs_) {
                if (auto added = output->add(record); !added && state_) {
                    state_ = std::move(added);
                }
            }
        });
    return {};
}

Result<void> FlowRecords::add(const packet::Packet& packet) {
    meter_->add(packet);
    return state_;
}

Result<void> FlowRecords::advance(uint64_t now_ns) {
    meter_->advance(now_ns);
    return state_;
}

Result<void> FlowRecords::serve() {
    for (const auto& output : outputs_) {
        if (auto served = output->serve(); !served && state_) {
            state_ = std::move(served);
        }
    }
    return state_;
}

Result<void> FlowRecords::finish() {
    meter_->finish();
    for (const auto& output : outputs_) {
        if (auto finished = output->finish(); !finished && state_) {
            state_ = std::move(finished);
        }
    }
    return state_;
}

int FlowRecords::milliseconds_left() const {
    int least = -1;
    for (const auto& output : outputs_) {
        least = sooner(least, output->milliseconds_left());
    }
    return least;
}

int FlowRecords::reader_fd() const {
    return outputs_.empty() ? -1 : outputs_.front()->reader_fd();
}

std::vector<std::string> FlowRecords::take_notices() {
    std::vector<std::string> all;
    for (const auto& output : outputs_) {
        std::ranges::move(output->take_notices(), std::back_inserter(all));
    }
    return all;
}

std::vector<std::string> FlowRecords::end_lines() const {
    std::vector<std::string> all;
    for (const auto& output : outputs_) {
        std::ranges::move(output->end_lines(), std::back_inserter(all));
    }
    if (meter_ != nullptr && meter_->other_packets() > 0) {
        all.push_back(fmt::format("{} packets are in no flow record: they aren't IP",
                                  meter_->other_packets()));
    }
    return all;
}

Result<void> LiveRecords::packet(const packet::Packet& packet) {
    const packet::Packet& kept = kept_.keep(packet);
    records_.name_addresses(names_.add(kept));
    Result<void> added = records_.add(kept);
    if (kept_.size() > most_processes_) {
        forget_processes();
    }
    return added;
}

// Those of no conversation that is followed.
void LiveRecords::forget_processes() {
    std::unordered_set<const packet::Process*> used;
    records_.meter().each_process([&](const packet::Process* process) { used.insert(process); });
    kept_.forget_unless([&](const packet::Process* process) { return used.contains(process); });
    most_processes_ = std::max(kManyProcesses, 2 * kept_.size());
}

Result<void> LiveRecords::idle() {
    return records_.advance(capture::clock_ns(CLOCK_REALTIME) - kReadDelayNs);
}

int LiveRecords::milliseconds_left() const {
    const int outputs = records_.milliseconds_left();
    const auto next = records_.meter().next_ns();
    if (!next) {
        return outputs;
    }
    const uint64_t now = capture::clock_ns(CLOCK_REALTIME);
    const uint64_t due = *next + kReadDelayNs;
    const uint64_t left = due > now ? (due - now) / 1'000'000 + 1 : 1;
    return sooner(outputs, static_cast<int>(std::min<uint64_t>(left, 60'000)));
}

}  // namespace cmd
