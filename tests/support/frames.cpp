// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/frames.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace test {
namespace {

class Bytes {
  public:
    void add8(size_t value) { bytes.push_back(static_cast<uint8_t>(value)); }
    void add16(size_t value) {
        add8(value >> 8);
        add8(value);
    }
    void add_address(const std::string& text) {
        in_addr address{};
        inet_pton(AF_INET, text.c_str(), &address);
        for (int shift = 24; shift >= 0; shift -= 8) {
            add8(ntohl(address.s_addr) >> shift);
        }
    }
    template <typename Range>
    void add_all(const Range& range) {
        bytes.insert(bytes.end(), range.begin(), range.end());
    }

    std::vector<uint8_t> bytes;
};

std::vector<uint8_t> ip_header(const FrameEnd& from, const FrameEnd& to, size_t length) {
    Bytes header;
    header.add16(0x4500);
    header.add16(20 + length);
    header.add16(0);
    header.add16(0);
    header.add16(64 << 8 | 17);
    header.add16(0);
    header.add_address(from.address);
    header.add_address(to.address);
    uint32_t sum = 0;
    for (size_t at = 0; at < header.bytes.size(); at += 2) {
        sum += static_cast<uint32_t>(header.bytes[at] << 8 | header.bytes[at + 1]);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~(sum + (sum >> 16));
    header.bytes[10] = static_cast<uint8_t>(sum >> 8);
    header.bytes[11] = static_cast<uint8_t>(sum);
    return header.bytes;
}

}  // namespace

std::vector<uint8_t> udp_frame(const FrameEnd& from, const FrameEnd& to,
                               const std::vector<Tag>& tags, size_t payload) {
    Bytes frame;
    frame.add_all(to.mac);
    frame.add_all(from.mac);
    for (const Tag& tag : tags) {
        frame.add16(tag.protocol);
        frame.add16(tag.tci);
    }
    frame.add16(0x0800);
    frame.add_all(ip_header(from, to, 8 + payload));
    frame.add16(from.port);
    frame.add16(to.port);
    frame.add16(8 + payload);
    frame.add16(0);
    frame.bytes.resize(frame.bytes.size() + payload, 'x');
    return frame.bytes;
}

void send_frame(const pcapng::Fd& socket, const std::vector<uint8_t>& frame) {
    if (send(socket.get(), frame.data(), frame.size(), 0) != static_cast<ssize_t>(frame.size())) {
        throw std::runtime_error(std::string("send a frame: ") + std::strerror(errno));
    }
}

}  // namespace test
