// SPDX-License-Identifier: GPL-2.0-only
//
// What Wireshark shows of us: interfaces, the dialog of an interface's options, the toolbar; and
// what was chosen there, as the options of a capture.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cmd/options.h"
#include "cmd/wireshark/call.h"
#include "pcapng/result.h"

namespace extcap {

using pcapng::Result;

// The toolbar's controls, by number.
enum Control : uint8_t { kProcessFilter, kCaptured, kDropped, kLog };

// Each answer is text for standard output.
Result<std::string> describe_interfaces();
Result<std::string> describe_link_types(const std::string& interface);
Result<std::string> describe_dialog(const std::string& interface);
// The values of one of the dialog's options; of those that can be reloaded.
Result<std::string> describe_values(const std::string& option);

// The processes that the dialog chooses, and whether their descendants are followed.
Result<cmd::ProcessChoice> process_choice_of(const Call& call);
bool follows(const Call& call);
Result<cmd::Options> options_of(const Call& call);

}  // namespace extcap
