// SPDX-License-Identifier: GPL-2.0-only
//
// What goes between this process and a helper: numbers as they lie in memory, since both sides are
// this program, and texts with their length in front. What comes from a helper is checked, since a
// helper reads what others have made.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace capture {

class MessageWriter {
  public:
    static constexpr size_t kMaxText = 8192;  // longer ones are cut

    template <typename Number>
    void add(Number number) {
        static_assert(std::is_arithmetic_v<Number>);
        bytes_.append(reinterpret_cast<const char*>(&number), sizeof(number));
    }
    void add(const std::string& text) {
        const std::string_view part = std::string_view(text).substr(0, kMaxText);
        add(static_cast<uint32_t>(part.size()));
        bytes_.append(part);
    }
    std::span<const char> bytes() const { return bytes_; }

  private:
    std::string bytes_;
};

// What isn't there is 0 or empty, and then complete() is false.
class MessageReader {
  public:
    explicit MessageReader(std::span<const char> bytes) : rest_(bytes) {}

    template <typename Number>
    Number number() {
        Number number{};
        if (const auto bytes = take(sizeof(number)); !bytes.empty()) {
            std::memcpy(&number, bytes.data(), sizeof(number));
        }
        return number;
    }
    std::string text() {
        const auto bytes = take(number<uint32_t>());
        return {bytes.begin(), bytes.end()};
    }
    // Returns how many elements of at least `smallest` bytes follow; never more than there can be.
    size_t count(size_t smallest) {
        const auto elements = number<uint32_t>();
        failed_ = failed_ || elements > rest_.size() / smallest;
        return failed_ ? 0 : elements;
    }
    bool failed() const { return failed_; }
    bool complete() const { return !failed_ && rest_.empty(); }

  private:
    std::span<const char> take(size_t size) {
        failed_ = failed_ || size > rest_.size();
        const auto taken = failed_ ? std::span<const char>() : rest_.first(size);
        rest_ = rest_.subspan(taken.size());
        return taken;
    }

    std::span<const char> rest_;
    bool failed_ = false;
};

}  // namespace capture
