// SPDX-License-Identifier: GPL-2.0-only
//
// IpfixRecords: flow records to a collector of IPFIX over UDP. What the kernel refuses to send, or
// learns that nobody listens for, is counted; what the network loses the collector sees by the
// sequence numbers. One thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "cmd/records/collector_address.h"
#include "cmd/records/record_output.h"
#include "forensics/meter/ipfix.h"
#include "pcapng/fd.h"

namespace cmd {

class IpfixRecords : public RecordOutput {
  public:
    static pcapng::Result<std::unique_ptr<IpfixRecords>> open(const CollectorAddress& address,
                                                              uint32_t enterprise,
                                                              RecordSource source);

    pcapng::Result<void> add(const forensics::FlowRecord& record) override;
    pcapng::Result<void> serve() override;
    int milliseconds_left() const override;
    pcapng::Result<void> finish() override;
    std::vector<std::string> end_lines() const override;

  private:
    using Clock = std::chrono::steady_clock;

    IpfixRecords(std::string to, pcapng::Fd fd, uint32_t enterprise, size_t most_bytes,
                 RecordSource source);
    void send(std::span<const uint8_t> message, size_t records);
    void refused(int code, size_t records);

    std::string to_;
    pcapng::Fd fd_;
    RecordSource source_;
    forensics::IpfixWriter writer_;
    Clock::time_point templates_due_{};
    Clock::time_point flush_due_{};
    size_t latest_ = 0;     // data records of the latest message
    uint64_t refused_ = 0;  // data records
    std::string why_;       // the first time
};

}  // namespace cmd
