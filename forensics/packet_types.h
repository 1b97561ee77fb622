// SPDX-License-Identifier: GPL-2.0-only
//
// The types of packet/ by their own names in this folder.
#pragma once

#include "packet/packet.h"
#include "packet/row.h"

namespace forensics {

using packet::At;
using packet::Column;
using packet::ColumnType;
using packet::Direction;
using packet::End;
using packet::Ends;
using packet::Interface;
using packet::List;
using packet::Packet;
using packet::Process;
using packet::Row;
using packet::Time;
using packet::Value;
using packet::Via;

}  // namespace forensics
