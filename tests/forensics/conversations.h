// SPDX-License-Identifier: GPL-2.0-only
//
// Conversations as tshark counts them, beside those of a FlowTable.
#pragma once

#include <string>

#include "forensics/analysis/flow_table.h"

namespace test {

// One line for each TCP conversation: both ends with packets, bytes and retransmissions, and the
// RTT of the handshake. The end with the lower "address:port" text comes first.
std::string tcp_by_tshark(const std::string& file);
std::string tcp_by_us(const forensics::FlowTable& table);

// The same of UDP conversations, without retransmissions and RTT; in the order of the ends' texts.
std::string udp_by_tshark(const std::string& file);
std::string udp_by_us(const forensics::FlowTable& table);

// Sums of address pairs, whatever the protocol.
std::string ip_by_tshark(const std::string& file);
std::string ip_by_us(const forensics::FlowTable& table);

}  // namespace test
