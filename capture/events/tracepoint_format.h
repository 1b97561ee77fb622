// SPDX-License-Identifier: GPL-2.0-only
//
// TracepointFormat: the kernel's description of a tracepoint's record (tracefs: events/SYSTEM/NAME/
// format), read into a layout. Pure.
//
// Of the common fields only common_pid is in the layout, the thread that ran: a program doesn't get
// to see the others. An address is of the kind ptr if the field is a pointer, or the kernel prints
// it as one; addresses of IP and sockets are those that it prints as such.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/events/print_format.h"
#include "packet/event/layout.h"
#include "pcapng/result.h"

namespace capture {

// What the format's names mean: constants of the kernel, and the values of its enums, by type.
struct KernelNames {
    FindConstant constant;
    std::function<std::vector<std::pair<uint64_t, std::string>>(const std::string&)> enum_values;
};

struct TracepointFormat {
    uint32_t id = 0;  // for perf_event_open(2)
    packet::EventLayout layout;
    uint16_t fixed_size = 0;                // end of the last field
    std::vector<uint16_t> dynamic_offsets;  // of fields that locate bytes (__data_loc)
    std::optional<uint16_t> socket_offset;  // of the address of a struct sock
    std::optional<uint16_t> packet_offset;  // of the address of a struct sk_buff
};

// `of_system_call`: the tracepoint is one of the system `syscalls`. A program sees number and
// arguments of those, and nothing behind them; pointers among them are the process's own.
// Returns an error if the text isn't a format, or the record is larger than the kernel's largest.
pcapng::Result<TracepointFormat> parse_tracepoint_format(std::string_view text, bool of_system_call,
                                                         const KernelNames& names);

}  // namespace capture
