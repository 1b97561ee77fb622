// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/server_name.h"

#include <algorithm>
#include <array>
#include <optional>

#include "packet/dissect/ascii.h"
#include "packet/dissect/piece.h"

namespace packet {
namespace {

using Verdict = ReadName::Verdict;

constexpr size_t kRecordHeader = 5;
constexpr uint8_t kHandshake = 22;
constexpr uint8_t kClientHello = 1;
constexpr size_t kMaxRecord = 16384 + 256;  // RFC 5246, 6.2.3: the most that was ever allowed
constexpr uint16_t kServerNameExtension = 0;
constexpr uint8_t kHostName = 0;
constexpr size_t kMaxMethod = 16;

std::string_view text_of(std::span<const std::byte> bytes) {
    const void* start = bytes.data();
    return {static_cast<const char*>(start), bytes.size()};
}

// Walks over a message whose captured bytes may end before it does: then `more` is set, and where
// the message contradicts itself `broken` is.
class Walk {
  public:
    explicit Walk(Piece rest) : rest_(rest) {}

    bool ended() const { return rest_.length() == 0; }
    Verdict failure() const { return more_ ? Verdict::kMore : Verdict::kOther; }

    std::optional<Piece> take(size_t size) {
        if (rest_.length() < size) {
            return std::nullopt;
        }
        if (!rest_.has(size)) {
            more_ = true;
            return std::nullopt;
        }
        const Piece taken = rest_.first(size);
        rest_ = rest_.after(size);
        return taken;
    }
    // What a length of `width` bytes stands before. Its own bytes may be missing.
    std::optional<Piece> vector(size_t width) {
        const std::optional<Piece> size = take(width);
        if (!size) {
            return std::nullopt;
        }
        const size_t length = width == 1 ? size->u8(0) : size->u16(0);
        if (length > rest_.length()) {
            return std::nullopt;
        }
        const Piece content = rest_.first(length);
        rest_ = rest_.after(length);
        return content;
    }

  private:
    Piece rest_;
    bool more_ = false;
};

// RFC 6066: a list of names, of which only host names exist.
ReadName read_name_list(Piece extension) {
    Walk walk(extension);
    const std::optional<Piece> list = walk.vector(2);
    if (!list) {
        return {.verdict = walk.failure()};
    }
    Walk names(*list);
    while (!names.ended()) {
        const std::optional<Piece> type = names.take(1);
        const std::optional<Piece> name = type ? names.vector(2) : std::nullopt;
        if (!name) {
            return {.verdict = names.failure()};
        }
        if (type->u8(0) == kHostName) {
            const size_t length = std::min(name->length(), kMaxName);
            if (!name->has(length)) {
                return {.verdict = Verdict::kMore};
            }
            return {.verdict = Verdict::kFound, .name = text_of(name->bytes(0, length))};
        }
    }
    return {.verdict = Verdict::kFound};
}

ReadName read_body(Piece body) {
    Walk walk(body);
    // Version and random, session id, cipher suites, compression methods.
    if (!walk.take(34) || !walk.vector(1) || !walk.vector(2) || !walk.vector(1)) {
        return {.verdict = walk.failure()};
    }
    if (walk.ended()) {
        return {.verdict = Verdict::kFound};  // before extensions were invented
    }
    const std::optional<Piece> extensions = walk.vector(2);
    if (!extensions) {
        return {.verdict = walk.failure()};
    }
    Walk each(*extensions);
    while (!each.ended()) {
        const std::optional<Piece> type = each.take(2);
        const std::optional<Piece> content = type ? each.vector(2) : std::nullopt;
        if (!content) {
            return {.verdict = each.failure()};
        }
        if (type->u16(0) == kServerNameExtension) {
            return read_name_list(*content);
        }
    }
    return {.verdict = Verdict::kFound};
}

std::string_view trimmed(std::string_view text) {
    const size_t start = text.find_first_not_of(" \t");
    if (start == std::string_view::npos) {
        return {};
    }
    return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

// The next line without its end, which may be LF alone; nothing if its end isn't there.
std::optional<std::string_view> take_line(std::string_view& rest) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    return line;
}

}  // namespace

ReadName read_tls_server_name(std::span<const std::byte> bytes, std::vector<std::byte>& scratch) {
    constexpr std::array<std::byte, 2> kStart{std::byte{kHandshake}, std::byte{3}};
    if (!std::ranges::equal(bytes.first(std::min(bytes.size(), kStart.size())),
                            std::span(kStart).first(std::min(bytes.size(), kStart.size())))) {
        return {};
    }
    // A message may be spread over several records.
    scratch.clear();
    Piece rest(bytes, bytes.size());
    while (rest.has(kRecordHeader)) {
        const size_t length = rest.u16(3);
        if (rest.u8(0) != kHandshake || rest.u8(1) != 3 || length == 0 || length > kMaxRecord) {
            break;
        }
        const Piece content = rest.after(kRecordHeader).first(length);
        scratch.insert(scratch.end(), content.captured().begin(), content.captured().end());
        rest = rest.after(kRecordHeader + length);
    }
    if (scratch.empty()) {
        return {.verdict = rest.has(kRecordHeader) ? Verdict::kOther : Verdict::kMore};
    }
    return read_client_hello(scratch);
}

ReadName read_client_hello(std::span<const std::byte> bytes) {
    const Piece message(bytes, bytes.size());
    if (message.has(1) && message.u8(0) != kClientHello) {
        return {};
    }
    if (!message.has(4)) {
        return {.verdict = Verdict::kMore};
    }
    const size_t length = (size_t{message.u8(1)} << 16) | message.u16(2);
    return read_body(Piece(bytes.subspan(4), length));
}

bool is_connect(std::span<const std::byte> bytes) {
    return text_of(bytes).starts_with("CONNECT ");
}

ReadName read_http_host(std::span<const std::byte> bytes) {
    std::string_view rest = text_of(bytes);
    const size_t method =
        std::min(rest.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ-"), rest.size());
    if (method > kMaxMethod || (method < rest.size() && (method == 0 || rest[method] != ' '))) {
        return {};
    }
    const std::optional<std::string_view> request = take_line(rest);
    if (!request) {
        return {.verdict = Verdict::kMore};
    }
    if (request->size() < 9 || !request->substr(request->size() - 9).starts_with(" HTTP/1.")) {
        return {};
    }
    while (const std::optional<std::string_view> line = take_line(rest)) {
        if (line->empty()) {
            return {.verdict = Verdict::kFound};
        }
        const size_t colon = line->find(':');
        if (colon != std::string_view::npos && equal_without_case(line->substr(0, colon), "host")) {
            return {.verdict = Verdict::kFound,
                    .name = trimmed(line->substr(colon + 1)).substr(0, kMaxName)};
        }
    }
    return {.verdict = Verdict::kMore};
}

}  // namespace packet
