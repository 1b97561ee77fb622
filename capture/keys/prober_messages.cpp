// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/prober_messages.h"

#include <sys/socket.h>

#include <utility>

namespace capture::tls {
namespace {

constexpr size_t kSmallestLabel = sizeof(uint32_t) + sizeof(uint64_t);

template <typename Type>
MessageWriter with_type(Type type) {
    MessageWriter message;
    message.add(static_cast<uint8_t>(type));
    return message;
}

}  // namespace

MessageWriter message_of(ProberOrder order) {
    return with_type(order);
}

MessageWriter message_of(ProberReport report) {
    return with_type(report);
}

MessageWriter message_of(const ProbedFile& file) {
    MessageWriter message = with_type(ProberReport::kFile);
    message.add(file.path);
    message.add(file.pid);
    message.add(file.probe);
    message.add(file.library);
    message.add(file.version);
    message.add(file.reason);
    message.add(static_cast<uint32_t>(file.labels.size()));
    for (const Label& label : file.labels) {
        message.add(label.text);
        message.add(label.address);
    }
    return message;
}

ProbedFile probed_file_in(MessageReader& message) {
    ProbedFile file;
    file.path = message.text();
    file.pid = message.number<uint32_t>();
    file.probe = message.number<uint32_t>();
    file.library = message.text();
    file.version = message.text();
    file.reason = message.text();
    const size_t labels = message.count(kSmallestLabel);
    for (size_t i = 0; i < labels && !message.failed(); i++) {
        std::string text = message.text();
        file.labels.push_back({std::move(text), message.number<uint64_t>()});
    }
    return file;
}

bool send_message(int socket, const MessageWriter& message) {
    const auto bytes = message.bytes();
    return send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0;
}

}  // namespace capture::tls
