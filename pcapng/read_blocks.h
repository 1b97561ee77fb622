// SPDX-License-Identifier: GPL-2.0-only
//
// The blocks that the Reader returns. Passive structs; every view points into the Reader and is
// valid until its next call. Times are nanoseconds since the epoch. Texts come from the file: they
// may be hostile and need not be UTF-8 (see shown_text). A known option of the wrong length counts
// as absent.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "pcapng/blocks.h"
#include "pcapng/options.h"
#include "pcapng/timestamp.h"

namespace pcapng {

struct SectionRead {
    ByteOrder byte_order = ByteOrder::kLittle;
    std::string_view hardware = {};
    std::string_view os = {};
    std::string_view application = {};
    Options options = {};  // comments among them
};

struct InterfaceRead : Interface {
    uint32_t id = 0;  // in its section
    Clock clock = {};
    Options options = {};
};

// Enhanced, simple or obsolete packet block; can be handed to a Writer. `comment` is the first one.
struct PacketRead : PacketBlock {
    uint16_t link_type = 0;
    bool has_time = true;  // a simple packet block has none
    bool enhanced = true;  // false: obsolete packet block, where option codes from 4 on differ
    Options options = {};
};

struct NameResolutionRead {
    Options records = {};  // code 1: IPv4 and names, code 2: IPv6 and names
    Options options = {};
};

struct StatisticsRead : InterfaceStatistics {
    Options options = {};
};

struct DarwinProcessRead {
    uint32_t index = 0;  // position in the file, from 0; a packet's darwin_index refers to it
    uint32_t pid = 0;
    std::string_view name = {};
    std::optional<std::array<uint8_t, 16>> uuid = {};
    Options options = {};
};

struct ProcessInformationRead : ProcessInformation {
    Options options = {};
};

struct JournalRead {
    std::string_view entry = {};  // journal export format, with up to three NUL of padding
};
// Returns the fields in order, up to the first damaged one.
std::vector<JournalField> journal_fields(std::string_view entry);

struct SecretsRead {
    uint32_t type = 0;  // kTlsKeyLog, or another's
    std::span<const uint8_t> data = {};
    Options options = {};
};

// Any other block, and custom blocks of other owners.
struct UnknownRead {
    uint32_t type = 0;
    std::span<const uint8_t> body = {};
};

using Block =
    std::variant<SectionRead, InterfaceRead, PacketRead, NameResolutionRead, StatisticsRead,
                 DarwinProcessRead, ProcessInformationRead, JournalRead, SecretsRead, UnknownRead>;

}  // namespace pcapng
