// SPDX-License-Identifier: GPL-2.0-only
//
// PcapReader: the records of a classic pcap file (draft-ietf-opsawg-pcap) one after the other:
// microseconds or nanoseconds, either byte order, and the longer records of "modified" libpcap.
// Trusts no length. The records are valid until the next call. One thread.
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
    // Whether a file that starts so (4 bytes) is one.
    static bool recognises(std::span<const uint8_t> start);

    explicit PcapReader(pcapng::Input input) : input_(std::move(input)) {}

    struct Header {
        uint16_t link_type = 0;  // LINKTYPE_
        uint32_t snaplen = 0;
    };
    // Of the file; to be called once, before next().
    pcapng::Result<Header> header();

    struct Record {
        uint64_t offset = 0;
        uint64_t time_ns = 0;
        uint32_t wire_length = 0;
        std::span<const uint8_t> data = {};
    };
    // Null at the end. The errors name file and offset; after one, the same again.
    pcapng::Result<const Record*> next();

  private:
    pcapng::Error at_offset(const pcapng::Error& error) const;
    pcapng::Result<bool> read_record();

    pcapng::Input input_;
    pcapng::ByteOrder order_ = pcapng::ByteOrder::kLittle;
    uint64_t fraction_ns_ = 1;  // what a record's fraction of a second counts
    size_t head_size_ = 16;     // of a record
    size_t size_ = 0;           // of the record that was handed out
    Record record_;
    pcapng::Result<void> failure_;
};

}  // namespace forensics
