// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/other_format.h"

#include <algorithm>

#include "pcapng/decode.h"

namespace pcapng {
namespace {

using namespace std::string_view_literals;

struct Magic {
    std::string_view bytes;
    OtherFormat format;
};

constexpr Magic kMagics[] = {
    {"\x1f\x8b"sv, {"compressed by gzip", "gzip -dc"}},
    {"\x28\xb5\x2f\xfd"sv, {"compressed by zstd", "zstd -dc"}},
    {"\xfd"
     "7zXZ\0"sv,
     {"compressed by xz", "xz -dc"}},
    {"\x5d\0\0"sv, {"compressed by lzma", "xz -dc"}},
    {"\x04\x22\x4d\x18"sv, {"compressed by lz4", "lz4 -dc"}},
    {"\x02\x21\x4c\x18"sv, {"compressed by lz4", "lz4 -dc"}},
    {"BZh"sv, {"compressed by bzip2", "bzip2 -dc"}},
    {"LZIP"sv, {"compressed by lzip", "lzip -dc"}},
    {"\x89LZO\0"sv, {"compressed by lzop", "lzop -dc"}},
    {"\x1f\x9d"sv, {"compressed by compress", "gzip -dc"}},
    {"PK\3\4"sv, {"a zip archive", "unzip -p"}},
    {"7z\xbc\xaf\x27\x1c"sv, {"a 7z archive", "7z x -so"}},
    {"snoop\0\0\0"sv, {"a snoop file", {}}},
    {"btsnoop\0"sv, {"a btsnoop file", {}}},
    {"iptrace 1.0"sv, {"an iptrace file of AIX", {}}},
    {"iptrace 2.0"sv, {"an iptrace file of AIX", {}}},
    {"GMBU"sv, {"a file of Microsoft Network Monitor", {}}},
    {"RTSS"sv, {"a file of Microsoft Network Monitor", {}}},
    {"TRSNIFF data    \x1a"sv, {"a file of Network General's Sniffer", {}}},
    {"XCP\0"sv, {"a file of NetXray", {}}},
    {"\xaa\xaa\xaa\xaa"sv, {"a file of InfoVista 5View", {}}},
    {"\5VNF"sv, {"a file of Visual Networks", {}}},
    {"ObserverPktBuffe"sv, {"a file of Viavi Observer", {}}},
};

// ERF has no magic: a record has a time in units of 2^-32 s (little-endian), a type, and its length
// (big-endian). Returns the length of the record at the start, or 0 if there is none.
size_t erf_record(std::span<const uint8_t> bytes) {
    constexpr size_t kHeader = 16;
    constexpr uint32_t kEarliest = 788918400;  // 1995, the first cards' year
    constexpr uint8_t kLastType = 27;
    if (bytes.size() < kHeader) {
        return 0;
    }
    const auto seconds = decode<uint32_t>(bytes.subspan(4), ByteOrder::kLittle);
    const auto type = static_cast<uint8_t>(bytes[8] & 0x7f);
    const auto length = decode<uint16_t>(bytes.subspan(10), ByteOrder::kBig);
    const bool has_time = seconds >= kEarliest || std::all_of(bytes.begin(), bytes.begin() + 8,
                                                              [](uint8_t b) { return b == 0; });
    return has_time && type >= 1 && type <= kLastType && length >= kHeader ? length : 0;
}

// A text's numbers may fit by chance. In the head of a record bytes are 0.
bool is_text(std::span<const uint8_t> bytes) {
    return std::none_of(bytes.begin(), bytes.end(), [](uint8_t b) {
        return b < ' ' && b != '\t' && b != '\n' && b != '\r' && b != '\f';
    });
}

// Looks at two records, if the bytes reach so far.
bool is_erf(std::span<const uint8_t> start) {
    const size_t first = is_text(start) ? 0 : erf_record(start);
    return first != 0 && (first + 16 > start.size() || erf_record(start.subspan(first)) != 0);
}

}  // namespace

std::optional<OtherFormat> other_format(std::span<const uint8_t> start) {
    for (const Magic& magic : kMagics) {
        if (as_text(start).starts_with(magic.bytes)) {
            return magic.format;
        }
    }
    return is_erf(start) ? std::optional(OtherFormat{"an ERF file", {}}) : std::nullopt;
}

}  // namespace pcapng
