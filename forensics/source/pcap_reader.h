// SPDX-License-Identifier: GPL-2.0-only
//
// PcapReader: reads the records of a classic pcap file (draft-ietf-opsawg-pcap) in order:
// microseconds or nanoseconds, either byte order, the longer records of "modified" libpcap, and
// Ixia's lcap. Trusts no length. The records are valid until the next call. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "pcapng/decode.h"
#include "pcapng/input.h"
#include "pcapng/result.h"

namespace forensics {

class PcapReader {
  public:
    // Returns whether a file that starts with these 4 bytes is a pcap file.
    static bool recognises(std::span<const uint8_t> start);

    explicit PcapReader(pcapng::Input input) : input_(std::move(input)) {}

    struct Header {
        uint16_t link_type = 0;  // LINKTYPE_
        uint32_t snaplen = 0;
    };
    // Reads the file header. Call once, before next().
    pcapng::Result<Header> header();

    struct Record {
        uint64_t offset = 0;
        uint64_t time_ns = 0;
        uint32_t wire_length = 0;
        std::span<const uint8_t> data = {};
    };
    // Returns the next record, or null at the end. Errors name file and offset; after an error,
    // every call returns it again.
    pcapng::Result<const Record*> next();

  private:
    pcapng::Error at_offset(const pcapng::Error& error) const;
    pcapng::Result<bool> read_record();

    pcapng::Input input_;
    pcapng::ByteOrder order_ = pcapng::ByteOrder::kLittle;
    uint64_t fraction_ns_ = 1;  // unit of a record's fraction of a second
    size_t head_size_ = 16;     // of a record
    size_t size_ = 0;           // of the record that was handed out
    Record record_;
    pcapng::Result<void> failure_;
};

}  // namespace forensics
