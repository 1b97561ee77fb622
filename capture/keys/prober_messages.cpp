// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/prober_messages.h"

#include "capture/keys/label_list.h"

namespace capture::tls {
namespace {

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
    add_labels(message, file.labels);
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
    file.labels = labels_in(message);
    return file;
}

}  // namespace capture::tls
