// SPDX-License-Identifier: GPL-2.0-only
//
// What goes between this process and a helper: numbers as they lie in memory, since both sides are
// this program, and texts with their length in front. What comes from a helper is checked, since a
// helper reads what others have made.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "pcapng/fd.h"
#include "pcapng/result.h"

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
    // That it worked, or the error. An error without a number isn't success.
    template <typename Value>
    void add_outcome(const pcapng::Result<Value>& outcome) {
        add(outcome ? 0 : std::max(1, outcome.error().code));
        add(outcome ? std::string() : outcome.error().message);
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
    // What add_outcome() has added; nothing: it worked.
    std::optional<pcapng::Error> error() {
        const int code = number<int>();
        std::string message = text();
        return code == 0 ? std::nullopt : std::optional(pcapng::Error{std::move(message), code});
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

// Sends it as one packet of a socket (SOCK_SEQPACKET), with a descriptor unless that is -1. It
// isn't empty. False: the other side is gone.
bool send_message(int socket, const MessageWriter& message, int fd = -1);

struct ReceivedMessage {
    std::span<const char> bytes;
    pcapng::Fd fd;  // that came with it
};

// Receives one into `room`; waits for it, unless `flags` has MSG_DONTWAIT. Nothing, with errno
// EAGAIN: there is none yet; with another: the other side is gone.
std::optional<ReceivedMessage> receive_message(int socket, std::span<char> room, int flags = 0);

}  // namespace capture
