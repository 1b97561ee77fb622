// SPDX-License-Identifier: GPL-2.0-only
//
// A packet of a file as the lines of the live view show it.
#pragma once

#include "cmd/packet_line.h"
#include "forensics/packet.h"

namespace cmd {

// Valid as long as the packet.
LinePacket told_line_packet(const forensics::Packet& packet);

}  // namespace cmd
