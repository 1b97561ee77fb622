// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/export/row_spool.h"

#include <cassert>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <variant>

namespace forensics {
namespace {

using pcapng::Result;

// A row is its size in bytes (uint32_t) and its values, each one byte of Kind and then the number
// as it is in memory, or the text's size (uint32_t) and the text. Only this process reads it.
enum class Kind : char { kNone, kNumber, kText, kTime, kDouble, kFalse, kTrue, kList };

template <typename Plain>
void append_plain(Plain value, std::string& to) {
    static_assert(std::is_trivially_copyable_v<Plain>);
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

struct Encode {
    std::string& to;

    void kind(Kind kind) const { to += static_cast<char>(kind); }
    void text(Kind of, std::string_view text) const {
        kind(of);
        append_plain(static_cast<uint32_t>(text.size()), to);
        to += text;
    }

    void operator()(std::monostate) const { kind(Kind::kNone); }
    void operator()(uint64_t number) const {
        kind(Kind::kNumber);
        append_plain(number, to);
    }
    void operator()(std::string_view value) const { text(Kind::kText, value); }
    void operator()(const std::string& value) const { text(Kind::kText, value); }
    void operator()(Time time) const {
        kind(Kind::kTime);
        append_plain(time.ns, to);
    }
    void operator()(double value) const {
        kind(Kind::kDouble);
        append_plain(value, to);
    }
    void operator()(bool value) const { kind(value ? Kind::kTrue : Kind::kFalse); }
    void operator()(const List& list) const { text(Kind::kList, list.json); }
};

template <typename Plain>
Plain take_plain(std::string_view& from) {
    assert(from.size() >= sizeof(Plain));
    Plain value;
    std::memcpy(&value, from.data(), sizeof value);
    from.remove_prefix(sizeof value);
    return value;
}

std::string_view take_text(std::string_view& from) {
    const auto size = take_plain<uint32_t>(from);
    assert(from.size() >= size);
    const std::string_view text = from.substr(0, size);
    from.remove_prefix(size);
    return text;
}

Value decode(std::string_view& from) {
    switch (static_cast<Kind>(take_plain<char>(from))) {
        case Kind::kNone:
            break;
        case Kind::kNumber:
            return take_plain<uint64_t>(from);
        case Kind::kText:
            return take_text(from);
        case Kind::kTime:
            return Time{take_plain<uint64_t>(from)};
        case Kind::kDouble:
            return take_plain<double>(from);
        case Kind::kFalse:
            return false;
        case Kind::kTrue:
            return true;
        case Kind::kList:
            return List{std::string(take_text(from))};
    }
    return {};
}

}  // namespace

Result<void> RowSpool::add(size_t partition, const Row& row) {
    encoded_.assign(sizeof(uint32_t), '\0');
    for (const Value& value : row) {
        std::visit(Encode{encoded_}, value);
    }
    const auto size = static_cast<uint32_t>(encoded_.size() - sizeof(uint32_t));
    std::memcpy(encoded_.data(), &size, sizeof size);
    return spool_.add(partition, encoded_);
}

bool RowSpool::Reader::next(Row& row) {
    std::string_view size = take(sizeof(uint32_t));
    if (size.empty()) {
        return false;
    }
    std::string_view values = take(take_plain<uint32_t>(size));
    row.clear();
    while (!values.empty()) {
        row.push_back(decode(values));
    }
    return !row.empty();
}

// Returns so many bytes, valid until the next call, or none if there are no more.
std::string_view RowSpool::Reader::take(size_t size) {
    if (bytes_.size() - at_ < size) {
        bytes_.erase(0, std::exchange(at_, 0));
    }
    while (bytes_.size() < size) {
        const Result<std::string_view> part = parts_.next();
        if (!part) {
            state_ = part.error();
            return {};
        }
        if (part->empty()) {
            return {};
        }
        bytes_ += *part;
    }
    const std::string_view taken = std::string_view(bytes_).substr(at_, size);
    at_ += size;
    return taken;
}

}  // namespace forensics
