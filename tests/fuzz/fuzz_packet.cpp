// SPDX-License-Identifier: GPL-2.0-only
//
// Packets of anybody's making through a FlowTable. The input: a link type (2 bytes, big endian),
// then packets: captured length, length on the wire, and microseconds since the packet before (2
// bytes each), and the bytes. An odd number of microseconds: on a second interface.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "forensics/analysis/flow_table.h"

namespace {

class Input {
  public:
    explicit Input(std::span<const uint8_t> rest) : rest_(rest) {}

    bool has(size_t size) const { return rest_.size() >= size; }
    uint16_t u16() {
        const std::span<const uint8_t> two = bytes(2);
        return static_cast<uint16_t>((two[0] << 8) | two[1]);
    }
    std::span<const uint8_t> bytes(size_t size) {
        const std::span<const uint8_t> taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }
    size_t left() const { return rest_.size(); }

  private:
    std::span<const uint8_t> rest_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Input input({data, size});
    if (!input.has(2)) {
        return 0;
    }
    std::array<forensics::Interface, 2> interfaces;
    interfaces[0].link_type = interfaces[1].link_type = input.u16();
    interfaces[1].number = 1;
    interfaces[1].name = "netns/eth0";
    forensics::FlowTable table({.questions = true});
    uint64_t now = 1;
    uint64_t packets = 0;
    uint64_t counted = 0;
    while (input.has(6)) {
        forensics::Packet packet;
        const size_t captured = input.u16();
        packet.wire_length = input.u16();
        const uint16_t passed = input.u16();
        now += uint64_t{passed} * 1000;
        packet.time_ns = now;
        packet.number = ++packets;
        packet.interface = &interfaces[passed % 2];
        packet.data = input.bytes(captured < input.left() ? captured : input.left());
        const forensics::FlowTable::Found found = table.add(packet);
        counted += found.flow != nullptr && !found.counted.again ? 1 : 0;
    }
    table.finish();
    for (const forensics::Flow& flow : table.flows()) {
        counted -= flow.sides[0].packets + flow.sides[1].packets;
        if (flow.dns_name.size() > 255 || flow.server_name.size() > 255 ||
            flow.http_host.size() > 255 || flow.dns_question.size() > 255) {
            std::abort();
        }
    }
    if (counted != 0) {
        std::abort();
    }
    return 0;
}
