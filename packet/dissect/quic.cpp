// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/quic.h"

#include <optional>

namespace packet {
namespace {

constexpr uint8_t kLongHeader = 0x80;
constexpr size_t kMaxConnectionId = 20;
constexpr size_t kMinProtected = 20;  // what the sample of 16 bytes behind a number needs

QuicVersion version_of(uint32_t number) {
    constexpr uint32_t kDraft = 0xff000000;
    if (number == 1 || number == kDraft + 33 || number == kDraft + 34) {
        return QuicVersion::kV1;
    }
    if (number == 0x6b3343cf) {
        return QuicVersion::kV2;
    }
    if (number == 0x709a50c4) {
        return QuicVersion::kV2Draft;
    }
    if (number >= kDraft + 29 && number <= kDraft + 32) {
        return QuicVersion::kDraft29;
    }
    return number >= kDraft + 23 && number <= kDraft + 28 ? QuicVersion::kDraft23
                                                          : QuicVersion::kNone;
}

bool is_version_2(QuicVersion version) {
    return version == QuicVersion::kV2 || version == QuicVersion::kV2Draft;
}

// Reads from the start of a Piece on; after one failure all fail.
class Reader {
  public:
    explicit Reader(Piece rest) : rest_(rest), size_(rest.captured().size()) {}

    bool failed() const { return failed_; }
    size_t position() const { return size_ - rest_.captured().size(); }
    size_t left() const { return rest_.captured().size(); }

    std::span<const std::byte> bytes(uint64_t size) {
        if (failed_ || size > left()) {
            failed_ = true;
            return {};
        }
        const auto taken = rest_.bytes(0, static_cast<size_t>(size));
        rest_ = rest_.after(static_cast<size_t>(size));
        return taken;
    }
    uint8_t u8() {
        const auto one = bytes(1);
        return one.empty() ? uint8_t{0} : std::to_integer<uint8_t>(one[0]);
    }
    uint32_t u32() {
        const auto four = bytes(4);
        return four.empty() ? 0 : Piece(four, 4).u32(0);
    }
    // RFC 9000, 16: the first two bits are the length's logarithm.
    uint64_t varint() {
        const uint8_t first = u8();
        uint64_t value = first & 0x3f;
        for (const std::byte next : bytes((size_t{1} << (first >> 6)) - 1)) {
            value = (value << 8) | std::to_integer<uint64_t>(next);
        }
        return value;
    }

  private:
    Piece rest_;
    size_t size_;
    bool failed_ = false;
};

// RFC 9000, 19.3: the largest number, delay, ranges; `counts` of ECN.
void skip_ack(Reader& reader, bool counts) {
    reader.varint();
    reader.varint();
    const uint64_t ranges = reader.varint();
    reader.varint();
    for (uint64_t i = 0; i < ranges && !reader.failed(); ++i) {
        reader.varint();
        reader.varint();
    }
    for (int i = 0; counts && i < 3; ++i) {
        reader.varint();
    }
}

}  // namespace

QuicInitial take_quic_initial(Piece& datagram) {
    while (datagram.length() > 0) {
        Reader reader(datagram);
        const uint8_t first = reader.u8();
        const QuicVersion version = version_of(reader.u32());
        if (reader.failed() || (first & kLongHeader) == 0 || version == QuicVersion::kNone) {
            return {};
        }
        // RFC 9369, 3.2: the types of version 2 are moved by one.
        const int type = ((first >> 4) - (is_version_2(version) ? 1 : 0)) & 3;
        enum { kInitial, kZeroRtt, kHandshake, kRetry };
        const size_t length_of_id = reader.u8();
        const auto connection_id = reader.bytes(length_of_id);
        const size_t length_of_source = reader.u8();
        reader.bytes(length_of_source);
        if (length_of_id > kMaxConnectionId || type == kRetry) {
            return {};
        }
        if (type == kInitial) {
            reader.bytes(reader.varint());  // the token
        }
        const uint64_t length = reader.varint();
        const size_t number_offset = reader.position();
        if (reader.failed() || length < kMinProtected || length > reader.left()) {
            return {};
        }
        const size_t whole = number_offset + static_cast<size_t>(length);
        const Piece packet = datagram.first(whole);
        datagram = datagram.after(whole);
        if (type == kInitial) {
            return {.version = version,
                    .connection_id = connection_id,
                    .bytes = packet.captured(),
                    .number_offset = number_offset};
        }
    }
    return {};
}

void read_quic_crypto(std::span<const std::byte> payload,
                      const std::function<bool(const QuicCrypto&)>& take) {
    enum : uint8_t { kPadding = 0, kPing = 1, kAck = 2, kAckWithCounts = 3, kCrypto = 6 };
    Reader reader(Piece(payload, payload.size()));
    while (reader.left() > 0) {
        switch (const uint64_t type = reader.varint()) {
            case kPadding:
            case kPing:
                break;
            case kAck:
            case kAckWithCounts:
                skip_ack(reader, type == kAckWithCounts);
                break;
            case kCrypto: {
                const uint64_t offset = reader.varint();
                const auto bytes = reader.bytes(reader.varint());
                if (reader.failed() || !take({.offset = offset, .bytes = bytes})) {
                    return;
                }
                break;
            }
            default:
                return;
        }
        if (reader.failed()) {
            return;
        }
    }
}

}  // namespace packet
