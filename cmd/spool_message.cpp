// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/spool_message.h"

#include <array>
#include <utility>

#include "capture/confinement/message.h"

namespace cmd {
namespace {

using capture::MessageReader;
using capture::MessageWriter;

// Two names, or a message with a path in it.
using Room = std::array<char, 2 * MessageWriter::kMaxText + 64>;

}  // namespace

bool send_request(int socket, const SpoolRequest& request) {
    MessageWriter message;
    message.add(static_cast<uint8_t>(request.kind));
    message.add(request.name);
    message.add(request.keep_as);
    return capture::send_message(socket, message);
}

std::optional<SpoolRequest> receive_request(int socket) {
    Room room;
    const auto received = capture::receive_message(socket, room);
    if (!received) {
        return std::nullopt;
    }
    MessageReader message(received->bytes);
    SpoolRequest request;
    request.kind = static_cast<SpoolRequest::Kind>(message.number<uint8_t>());
    request.name = message.text();
    request.keep_as = message.text();
    return message.complete() ? std::optional(std::move(request)) : std::nullopt;
}

bool send_answer(int socket, const SpoolAnswer& answer) {
    MessageWriter message;
    message.add(answer.code);
    message.add(answer.bytes);
    message.add(answer.text);
    return capture::send_message(socket, message, answer.fd.get());
}

std::optional<SpoolAnswer> receive_answer(int socket) {
    Room room;
    auto received = capture::receive_message(socket, room);
    if (!received) {
        return std::nullopt;
    }
    MessageReader message(received->bytes);
    SpoolAnswer answer;
    answer.code = message.number<int32_t>();
    answer.bytes = message.number<uint64_t>();
    answer.text = message.text();
    answer.fd = std::move(received->fd);
    return message.complete() ? std::optional(std::move(answer)) : std::nullopt;
}

}  // namespace cmd
