// SPDX-License-Identifier: GPL-2.0-only
//
// IpfixWriter: flow records as IPFIX messages (RFC 7011). A record becomes a data record for each
// direction in which packets came; docs/flows.md lists the information elements. The text of a
// process or name is cut so that any data record fits into the smallest message. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "forensics/meter/flow_record.h"

namespace forensics {

class IpfixWriter {
  public:
    // What IPv6 always carries: 1280 bytes (RFC 8200) without the headers of IPv6 and UDP.
    static constexpr size_t kSmallestMessage = 1232;

    // `records`: how many data records are in it; 0: templates alone.
    using Send = std::function<void(std::span<const uint8_t> message, size_t records)>;

    // `enterprise`: whose numbers the elements about processes have. `most_bytes`: of a message, at
    // least kSmallestMessage.
    IpfixWriter(uint32_t enterprise, size_t most_bytes, Send send);

    // Sends the templates. Collectors over UDP need them again and again (RFC 7011, 8.4).
    // `export_time`: seconds since the epoch.
    void send_templates(uint32_t export_time);
    // Adds a record to a message, which is sent when it is full.
    void add(const FlowRecord& record, uint32_t export_time);
    // Sends what there is.
    void flush(uint32_t export_time);
    bool is_empty() const { return records_ == 0; }

  private:
    void begin();
    void close_set();
    void send(uint32_t export_time);
    void put(uint64_t value, size_t bytes);
    void put_text(std::string_view text, size_t most);
    void put_template(uint16_t id, bool is_ipv6);
    void add_direction(const FlowRecord& record, size_t from, uint32_t export_time);
    void encode(const FlowRecord& record, size_t from);

    uint32_t enterprise_;
    size_t most_bytes_;
    Send send_;
    std::vector<uint8_t> message_;
    std::vector<uint8_t> record_;
    std::vector<uint8_t>* out_ = &message_;  // where put() puts it
    size_t set_ = 0;                         // where the open set begins; 0: none is
    uint16_t set_id_ = 0;
    size_t records_ = 0;     // in message_
    uint32_t sequence_ = 0;  // data records before this message
};

}  // namespace forensics
