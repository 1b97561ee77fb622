// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/flow.h"

namespace forensics {

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

bool failed(Handshake handshake) {
    return handshake != Handshake::kNone && handshake != Handshake::kComplete;
}

}  // namespace forensics
