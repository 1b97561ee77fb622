// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/flow.h"

#include <arpa/inet.h>

namespace forensics {

std::string to_text(const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = address.length == 4 ? AF_INET : AF_INET6;
    inet_ntop(family, address.bytes.data(), text.data(), text.size());
    return text.data();
}

const char* state_name(FlowState state) {
    switch (state) {
        case FlowState::kNone:
            return "";
        case FlowState::kOpening:
            return "opening";
        case FlowState::kEstablished:
            return "established";
        case FlowState::kClosing:
            return "closing";
        case FlowState::kClosed:
            return "closed";
        case FlowState::kReset:
            return "reset";
    }
    return "";
}

}  // namespace forensics
