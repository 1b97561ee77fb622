// SPDX-License-Identifier: GPL-2.0-only
//
// Options of any file's blocks as they stand in a little-endian section. Which numbers are in an
// option is known for those that the draft, Wireshark and Apple's tcpdump define; any other option
// is bytes, and copied only where the byte order stays the same. Pure.
#pragma once

#include "pcapng/encode.h"
#include "pcapng/options.h"

namespace forensics {

// Whose code an option's is.
enum class OptionOf : uint8_t {
    kAnyBlock,
    kInterface,
    kPacket,
    kObsoletePacket,
    kStatistics,
    kDarwinProcess
};

// Appends it to `out`, or nothing: the layout isn't known, the length is wrong, or the option says
// that it isn't to be copied.
void copy_option(pcapng::ByteBuffer& out, const pcapng::Option& option, pcapng::ByteOrder order,
                 OptionOf block);

}  // namespace forensics
