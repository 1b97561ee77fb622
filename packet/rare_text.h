// SPDX-License-Identifier: GPL-2.0-only
//
// RareText: a text that most objects of a kind lack. It takes the room of a pointer where it is
// empty: hundreds of thousands of processes are kept.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace packet {

class RareText {
  public:
    RareText() = default;
    RareText(const RareText& other) { *this = other.view(); }
    RareText(RareText&&) noexcept = default;
    RareText& operator=(const RareText& other) { return *this = other.view(); }
    RareText& operator=(RareText&&) noexcept = default;
    RareText& operator=(std::string_view text) {
        text_ = text.empty() ? nullptr : std::make_unique<std::string>(text);
        return *this;
    }
    ~RareText() = default;

    bool empty() const { return text_ == nullptr; }
    // Valid until it changes.
    std::string_view view() const { return text_ ? std::string_view(*text_) : std::string_view(); }
    friend bool operator==(const RareText& one, std::string_view other) {
        return one.view() == other;
    }
    friend bool operator==(const RareText& one, const RareText& other) {
        return one.view() == other.view();
    }

  private:
    std::unique_ptr<std::string> text_;  // null: empty
};

}  // namespace packet
