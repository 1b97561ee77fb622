// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/byte_search.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace capture::tls {
namespace {

constexpr size_t kMaxVersion = 40;
// That are looked at: a file could be full of them.
constexpr size_t kMaxPlaces = 10'000;
constexpr size_t kMaxTexts = 100;

}  // namespace

void each_place(std::span<const uint8_t> bytes, std::span<const uint8_t> text,
                const std::function<void(size_t place)>& found) {
    size_t from = 0;
    while (from < bytes.size()) {
        const void* at = memmem(bytes.data() + from, bytes.size() - from, text.data(), text.size());
        if (at == nullptr) {
            return;
        }
        const auto place = static_cast<size_t>(static_cast<const uint8_t*>(at) - bytes.data());
        found(place);
        from = place + 1;
    }
}

std::optional<uint64_t> find_bytes(const ElfImage& image, std::span<const uint8_t> bytes,
                                   const std::function<bool(uint64_t address)>& wanted) {
    std::optional<uint64_t> result;
    size_t places = 0;
    for (const bool executable : {false, true}) {
        for (const Segment& segment : image.segments()) {
            if (segment.executable != executable || result) {
                continue;
            }
            SegmentReader reader(image, segment, bytes.size() - 1);
            for (auto piece = reader.next(); !piece.empty() && !result; piece = reader.next()) {
                each_place(piece, bytes, [&](size_t place) {
                    if (!result && ++places <= kMaxPlaces && wanted(reader.address() + place)) {
                        result = reader.address() + place;
                    }
                });
            }
        }
    }
    return result;
}

std::vector<uint64_t> find_texts(const ElfImage& image, std::string_view text) {
    std::vector<uint64_t> found;
    const std::string ended = std::string(text) + '\0';
    for (const Segment& segment : image.segments()) {
        if (segment.writable) {
            continue;
        }
        SegmentReader reader(image, segment, ended.size() - 1);
        for (auto piece = reader.next(); !piece.empty(); piece = reader.next()) {
            each_place(piece, bytes_of(ended), [&](size_t place) {
                if (found.size() < kMaxTexts) {
                    found.push_back(reader.address() + place);
                }
            });
        }
    }
    return found;
}

std::string version_after(const ElfImage& image, std::string_view prefix) {
    std::string version;
    const auto is_version = [&](uint64_t address) {
        const auto rest = image.view(address + prefix.size(), kMaxVersion);
        const auto end = std::ranges::find_if(rest, [](uint8_t byte) {
            return std::isalnum(byte) == 0 && byte != '.' && byte != '+' && byte != '-';
        });
        version.assign(rest.begin(), end);
        return !version.empty() && std::isdigit(rest[0]) != 0 &&
               std::ranges::count(version, '.') >= 2;
    };
    return find_bytes(image, bytes_of(prefix), is_version) ? version : "";
}

}  // namespace capture::tls
