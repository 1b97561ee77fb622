// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/pcap_reader.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "pcapng/format.h"

namespace forensics {
namespace {

using pcapng::ByteOrder;
using pcapng::Cursor;
using pcapng::Error;
using pcapng::Result;

constexpr size_t kHeaderSize = 24;
constexpr size_t kIxiaLength = 4;
constexpr uint16_t kMajorVersion = 2;
constexpr uint64_t kSecond = 1'000'000'000;

struct Format {
    uint32_t magic;
    uint64_t fraction_ns;
    size_t head_size;
    size_t extra = 0;  // bytes behind the file's header
};
constexpr Format kFormats[] = {
    {0xA1B2C3D4, 1000, 16},
    {0xA1B23C4D, 1, 16},
    // Alexey Kuznetzov's: behind the lengths the interface's index, protocol and packet type.
    {0xA1B2CD34, 1000, 24},
    // Ixia's lcap, by hardware and by software: behind the header the length of all records.
    {0x1C0001AC, 1000, 16, kIxiaLength},
    {0x1C0001AB, 1000, 16, kIxiaLength},
};

const Format* format_of(std::span<const uint8_t> start, ByteOrder order) {
    for (const Format& format : kFormats) {
        if (start.size() >= 4 && pcapng::decode<uint32_t>(start, order) == format.magic) {
            return &format;
        }
    }
    return nullptr;
}

}  // namespace

bool PcapReader::recognises(std::span<const uint8_t> start) {
    return format_of(start, ByteOrder::kLittle) != nullptr ||
           format_of(start, ByteOrder::kBig) != nullptr;
}

Result<PcapReader::Header> PcapReader::header() {
    const Result<std::span<const uint8_t>> bytes = input_.peek(kHeaderSize);
    if (!bytes.ok()) {
        return at_offset(bytes.error());
    }
    const Format* format = format_of(*bytes, order_);
    if (format == nullptr) {
        order_ = ByteOrder::kBig;
        format = format_of(*bytes, order_);
    }
    if (format == nullptr) {
        return at_offset({"no pcap file"});
    }
    const size_t size = kHeaderSize + format->extra;
    const Result<std::span<const uint8_t>> whole = input_.peek(size);
    if (!whole.ok()) {
        return at_offset(whole.error());
    }
    if (whole->size() < size) {
        return at_offset({fmt::format("the header is cut: {} of {} bytes", whole->size(), size)});
    }
    fraction_ns_ = format->fraction_ns;
    head_size_ = format->head_size;
    Cursor cursor(whole->subspan(4), order_);
    const uint16_t major = cursor.u16();
    (void)cursor.bytes(2 + 4 + 4);  // minor version, two numbers that are always 0
    Header header;
    header.snaplen = cursor.u32();
    // The upper half tells of a frame check sequence.
    header.link_type = static_cast<uint16_t>(cursor.u32() & 0xFFFF);
    if (major != kMajorVersion) {
        return at_offset(
            {fmt::format("pcap of version {}, only {} is known", major, kMajorVersion)});
    }
    input_.consume(size);
    return header;
}

Result<const PcapReader::Record*> PcapReader::next() {
    if (!failure_.ok()) {
        return failure_.error();
    }
    input_.consume(size_);
    size_ = 0;
    const Result<bool> read = read_record();
    if (!read.ok()) {
        failure_ = at_offset(read.error());
        return failure_.error();
    }
    return *read ? &record_ : nullptr;
}

// Into record_; false at the end of the file.
Result<bool> PcapReader::read_record() {
    const Result<std::span<const uint8_t>> head = input_.peek(head_size_);
    if (!head.ok()) {
        return head.error();
    }
    if (head->empty()) {
        return false;
    }
    if (head->size() < head_size_) {
        return Error{fmt::format("the record is cut: {} of {} bytes", head->size(), head_size_)};
    }
    Cursor cursor(*head, order_);
    const uint64_t seconds = cursor.u32();
    const uint64_t fraction = cursor.u32();
    const size_t captured = cursor.u32();
    record_.offset = input_.offset();
    record_.time_ns = seconds * kSecond + fraction * fraction_ns_;
    record_.wire_length = cursor.u32();
    // Tells of records that are longer than the magic says.
    const std::string_view hint =
        fraction * fraction_ns_ < kSecond
            ? ""
            : "; if a patched tcpdump wrote the file (Nokia, SuSE 6.3, Red Hat 6.1), convert it "
              "with `editcap -F pcap FILE NEW`";
    if (captured > pcapng::kMaxBlockSize) {
        return Error{fmt::format("a packet of {} bytes, at most {} are read{}", captured,
                                 pcapng::kMaxBlockSize, hint)};
    }
    const size_t size = head_size_ + captured;
    const Result<std::span<const uint8_t>> whole = input_.peek(size);
    if (!whole.ok()) {
        return whole.error();
    }
    if (whole->size() < size) {
        return Error{fmt::format("the record is cut: {} of {} bytes{}", whole->size(), size, hint)};
    }
    record_.data = whole->subspan(head_size_);
    size_ = size;
    return true;
}

Error PcapReader::at_offset(const Error& error) const {
    return Error{fmt::format("{}, offset {}: {}", input_.name(), input_.offset(), error.message),
                 error.code};
}

}  // namespace forensics
