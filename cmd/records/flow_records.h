// SPDX-License-Identifier: GPL-2.0-only
//
// FlowRecords: packets in, flow records out to wherever RecordOptions say. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cmd/live/live_sink.h"
#include "cmd/records/collector_address.h"
#include "cmd/records/record_options.h"
#include "cmd/records/record_output.h"
#include "forensics/meter/flow_meter.h"
#include "forensics/meter/record_format.h"
#include "packet/address_names.h"
#include "packet/kept_processes.h"

namespace cmd {

class FlowRecords {
  public:
    // Looks up where they go. `options` outlive this. `host`: where the packets were captured,
    // unless a process tells; empty: not known.
    static pcapng::Result<FlowRecords> make(const RecordOptions& options, RecordSource source,
                                            std::string host);

    // Opens the outputs. `stop_fd`: see write_all; -1: none.
    pcapng::Result<void> open(int stop_fd);

    // Returns the error of an output, from then on always.
    pcapng::Result<void> add(const packet::Packet& packet);
    // See FlowTable.
    void name_addresses(std::span<const packet::NamedAddress> names) {
        meter_->name_addresses(names);
    }
    // Hands out what is due at this time.
    pcapng::Result<void> advance(uint64_t now_ns);
    pcapng::Result<void> serve();
    pcapng::Result<void> finish();

    // In milliseconds, when serve() is due; -1: it need not be.
    int milliseconds_left() const;
    bool connects() const { return stream_.has_value(); }
    int reader_fd() const;
    std::vector<std::string> take_notices();
    std::vector<std::string> end_lines() const;
    const forensics::FlowMeter& meter() const { return *meter_; }

  private:
    FlowRecords(const RecordOptions& options, RecordSource source, std::string host)
        : options_(&options), source_(source), host_(std::move(host)) {}
    std::unique_ptr<forensics::RecordFormat> format() const;

    const RecordOptions* options_;
    RecordSource source_;
    std::string host_;
    std::optional<CollectorAddress> stream_;
    std::optional<CollectorAddress> ipfix_;
    std::vector<std::unique_ptr<RecordOutput>> outputs_;
    std::unique_ptr<forensics::FlowMeter> meter_;
    pcapng::Result<void> state_;
};

// The same of a running capture.
class LiveRecords : public LiveSink {
  public:
    explicit LiveRecords(FlowRecords& records) : records_(records) {}

    pcapng::Result<void> prepare(int stop_fd) override { return records_.open(stop_fd); }
    bool connects() const override { return records_.connects(); }
    pcapng::Result<void> packet(const packet::Packet& packet) override;
    pcapng::Result<void> idle() override;
    pcapng::Result<void> serve() override { return records_.serve(); }
    int milliseconds_left() const override;
    pcapng::Result<void> finish(const std::vector<packet::InterfaceCounters>&) override {
        return records_.finish();
    }
    int reader_fd() const override { return records_.reader_fd(); }
    std::vector<std::string> take_notices() override { return records_.take_notices(); }
    std::vector<std::string> end_lines() const override { return records_.end_lines(); }

  private:
    void forget_processes();

    FlowRecords& records_;
    packet::KeptProcesses kept_;
    packet::AddressNames names_;
    size_t most_processes_ = kManyProcesses;

    static constexpr size_t kManyProcesses = 4096;
};

}  // namespace cmd
