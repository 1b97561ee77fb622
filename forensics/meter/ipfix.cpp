// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/meter/ipfix.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>
#include <string>
#include <utility>

#include "forensics/analysis/row_text.h"
#include "forensics/analysis/row_writer.h"

namespace forensics {
namespace {

constexpr uint16_t kVersion = 10;
constexpr size_t kHeader = 16;
constexpr size_t kSetHeader = 4;
constexpr uint16_t kTemplateSet = 2;
constexpr uint16_t kIpv4Template = 256;
constexpr uint16_t kIpv6Template = 257;
constexpr uint16_t kVariable = 65535;
constexpr uint16_t kEnterpriseBit = 0x8000;
constexpr uint32_t kNoUser = UINT32_MAX;

constexpr size_t kMostName = 64;
constexpr size_t kMostPath = 200;

struct Element {
    uint16_t id = 0;
    uint16_t length = 0;
};

// IANA's: https://www.iana.org/assignments/ipfix
constexpr std::array<Element, 2> kIpv4Addresses{{{8, 4}, {12, 4}}};
constexpr std::array<Element, 2> kIpv6Addresses{{{27, 16}, {28, 16}}};
constexpr std::array<Element, 10> kElements{{
    {7, 2},    // sourceTransportPort
    {11, 2},   // destinationTransportPort
    {4, 1},    // protocolIdentifier
    {1, 8},    // octetDeltaCount
    {2, 8},    // packetDeltaCount
    {352, 8},  // layer2OctetDeltaCount
    {152, 8},  // flowStartMilliseconds
    {153, 8},  // flowEndMilliseconds
    {136, 1},  // flowEndReason
    {148, 8},  // flowId
}};
// Of the enterprise.
constexpr std::array<Element, 13> kOwnElements{{
    {1, 4},           // sourceProcessId
    {2, 4},           // destinationProcessId
    {3, 8},           // sourceProcessStart, nanoseconds since the epoch
    {4, 8},           // destinationProcessStart
    {5, 4},           // sourceUserId
    {6, 4},           // destinationUserId
    {7, kVariable},   // sourceProcessName
    {8, kVariable},   // destinationProcessName
    {9, kVariable},   // sourceProcessExecutable
    {10, kVariable},  // destinationProcessExecutable
    {11, kVariable},  // sourceContainerId
    {12, kVariable},  // destinationContainerId
    {13, kVariable},  // serverName
}};

uint64_t milliseconds(const std::optional<uint64_t>& ns) {
    return ns.value_or(0) / 1'000'000;
}

}  // namespace

IpfixWriter::IpfixWriter(uint32_t enterprise, size_t most_bytes, Send send)
    : enterprise_(enterprise), most_bytes_(most_bytes), send_(std::move(send)) {
    assert(most_bytes >= kSmallestMessage);
    begin();
}

void IpfixWriter::begin() {
    message_.assign(kHeader, 0);
    set_ = 0;
    records_ = 0;
}

void IpfixWriter::put(uint64_t value, size_t bytes) {
    for (size_t i = bytes; i > 0; --i) {
        out_->push_back(static_cast<uint8_t>(value >> (8 * (i - 1))));
    }
}

// UTF-8, cut between characters.
void IpfixWriter::put_text(std::string_view text, size_t most) {
    std::string whole;
    append_text(text, whole);
    size_t size = std::min(whole.size(), most);
    while (size < whole.size() && size > 0 && (static_cast<uint8_t>(whole[size]) & 0xc0) == 0x80) {
        --size;
    }
    put(size, 1);
    out_->insert(out_->end(), whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
}

void IpfixWriter::put_template(uint16_t id, bool is_ipv6) {
    put(id, 2);
    put(kIpv4Addresses.size() + kElements.size() + kOwnElements.size(), 2);
    const auto put_element = [this](const Element& element) {
        put(element.id, 2);
        put(element.length, 2);
    };
    std::ranges::for_each(is_ipv6 ? kIpv6Addresses : kIpv4Addresses, put_element);
    std::ranges::for_each(kElements, put_element);
    for (const Element& element : kOwnElements) {
        put(element.id | kEnterpriseBit, 2);
        put(element.length, 2);
        put(enterprise_, 4);
    }
}

void IpfixWriter::close_set() {
    if (set_ != 0) {
        const size_t length = message_.size() - set_;
        message_[set_ + 2] = static_cast<uint8_t>(length >> 8);
        message_[set_ + 3] = static_cast<uint8_t>(length & 0xff);
        set_ = 0;
    }
}

void IpfixWriter::send(uint32_t export_time) {
    close_set();
    std::vector<uint8_t> header;
    out_ = &header;
    put(kVersion, 2);
    put(message_.size(), 2);
    put(export_time, 4);
    put(sequence_, 4);
    put(0, 4);  // the observation domain: there is one
    out_ = &message_;
    std::ranges::copy(header, message_.begin());
    send_(message_, records_);
    sequence_ += static_cast<uint32_t>(records_);
    begin();
}

void IpfixWriter::send_templates(uint32_t export_time) {
    flush(export_time);
    set_ = message_.size();
    put(kTemplateSet, 2);
    put(0, 2);
    put_template(kIpv4Template, false);
    put_template(kIpv6Template, true);
    send(export_time);
}

void IpfixWriter::flush(uint32_t export_time) {
    if (records_ > 0) {
        send(export_time);
    }
}

void IpfixWriter::add(const FlowRecord& record, uint32_t export_time) {
    for (const size_t from : {size_t{0}, size_t{1}}) {
        if (record.flow.sides[from].packets > 0) {
            add_direction(record, from, export_time);
        }
    }
}

void IpfixWriter::add_direction(const FlowRecord& record, size_t from, uint32_t export_time) {
    record_.clear();
    out_ = &record_;
    encode(record, from);
    out_ = &message_;
    if (message_.size() + kSetHeader + record_.size() > most_bytes_) {
        send(export_time);
    }
    const uint16_t id = record.flow.sides[0].address.length == 16 ? kIpv6Template : kIpv4Template;
    if (set_ == 0 || set_id_ != id) {
        close_set();
        set_ = message_.size();
        set_id_ = id;
        put(id, 2);
        put(0, 2);
    }
    message_.insert(message_.end(), record_.begin(), record_.end());
    ++records_;
}

// In the order of the template.
void IpfixWriter::encode(const FlowRecord& record, size_t from) {
    const Flow& flow = record.flow;
    const std::array<const Side*, 2> sides{&flow.sides[from], &flow.sides[1 - from]};
    for (const Side* side : sides) {
        out_->insert(out_->end(), side->address.bytes.begin(),
                     side->address.bytes.begin() + side->address.length);
    }
    for (const Side* side : sides) {
        put(side->port, 2);
    }
    put(flow.protocol, 1);
    put(sides[0]->ip_bytes, 8);
    put(sides[0]->packets, 8);
    put(sides[0]->bytes, 8);
    put(milliseconds(flow.first_ns), 8);
    put(milliseconds(flow.last_ns), 8);
    put(static_cast<uint8_t>(record.reason), 1);
    put(flow.number, 8);
    std::array<const Process*, 2> processes{};
    for (size_t i = 0; i < sides.size(); ++i) {
        const Process* main = sides[i]->processes.main();
        processes[i] = main != nullptr ? main : &nobody();
    }
    const auto each = [&](auto put_one) { std::ranges::for_each(processes, put_one); };
    each([this](const Process* process) { put(process->pid, 4); });
    each([this](const Process* process) { put(process->start_ns, 8); });
    each([this](const Process* process) { put(process->uid.value_or(kNoUser), 4); });
    each([this](const Process* process) { put_text(process->comm, kMostName); });
    each([this](const Process* process) { put_text(process->exe, kMostPath); });
    each([this](const Process* process) { put_text(process->container, kMostName); });
    put_text(flow.server_name, kMostPath);
}

}  // namespace forensics
