// SPDX-License-Identifier: GPL-2.0-only
//
// A function's labels, as messages between processes have them. Values only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "capture/confinement/message.h"
#include "capture/tls/key_log_function.h"

namespace capture::tls {

inline void add_labels(MessageWriter& message, const std::vector<Label>& labels) {
    message.add(static_cast<uint32_t>(labels.size()));
    for (const Label& label : labels) {
        message.add(label.text);
        message.add(label.address);
    }
}

inline std::vector<Label> labels_in(MessageReader& message) {
    constexpr size_t kSmallest = sizeof(uint32_t) + sizeof(uint64_t);
    std::vector<Label> labels;
    const size_t count = message.count(kSmallest);
    for (size_t i = 0; i < count && !message.failed(); i++) {
        std::string text = message.text();
        labels.push_back({std::move(text), message.number<uint64_t>()});
    }
    return labels;
}

}  // namespace capture::tls
