// SPDX-License-Identifier: GPL-2.0-only
//
// The comment of a section header that says of which host a capture is: "host=web1", the name
// percent-encoded as values of the packet comment are. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "pcapng/options.h"

namespace packet {

// As long as a file's name. A longer name is none.
inline constexpr size_t kMaxHost = 255;

std::string host_comment(std::string_view host);

// Returns the host that a section's options name, any bytes. Empty: none, or several, as of a file
// that was merged by pidcap or by Wireshark's tools.
std::string host_of_section(const pcapng::Options& section);

}  // namespace packet
