// SPDX-License-Identifier: GPL-2.0-only
//
// Converts options of any file's blocks for a little-endian section. The layout is known for
// options that the draft, Wireshark or Apple's tcpdump define. Other options are copied only if the
// byte order stays the same. Pure.
#pragma once

#include "pcapng/encode.h"
#include "pcapng/options.h"

namespace forensics {

// The type of block that defines the meaning of an option code.
enum class OptionOf : uint8_t {
    kAnyBlock,
    kSection,
    kNames,
    kInterface,
    kPacket,
    kObsoletePacket,
    kStatistics,
    kDarwinProcess
};

// How much a copy tells of processes: everything, or who they are and no more. Then comments are
// left out, and options and blocks whose value may be anything: custom ones and those of unknown
// codes.
enum class Detail : uint8_t { kAll, kIdentities };

// Appends the option to `out`. Appends nothing if its layout isn't known, its length is wrong, it
// is a custom option that must not be copied, or `detail` leaves it out.
void copy_option(pcapng::ByteBuffer& out, const pcapng::Option& option, pcapng::ByteOrder order,
                 OptionOf block, Detail detail);

}  // namespace forensics
