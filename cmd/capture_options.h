// SPDX-License-Identifier: GPL-2.0-only
//
// From what a user chose, at a shell or in Wireshark, to what the capture library is asked for.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "capture/file_sink.h"
#include "capture/session.h"
#include "cmd/options.h"
#include "packet/filter/packet_filter.h"

namespace cmd {

// `command_pid`: the command after `--`, whose tree is captured.
capture::SessionOptions session_options(const Options& options, std::optional<uint32_t> command_pid,
                                        std::optional<packet::PacketFilter> filter);

// `filter`: the packet filter's expression.
capture::FileOptions file_options(const Options& options, const std::string& filter);

// What the file's section says of how the packets were taken.
std::string origin_of(const capture::SessionReport& report);

}  // namespace cmd
