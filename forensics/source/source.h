// SPDX-License-Identifier: GPL-2.0-only
//
// Source: the packets of a capture file with their processes, whoever wrote it: pidcap's comments,
// ptcpdump's comments, process information blocks with option 8, Darwin process blocks, journal
// blocks; pcapng or pcap, of either byte order, as it is or compressed by gzip or zstd. Reads
// forward once; memory grows with the processes, never with the packets. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "forensics/packet_types.h"
#include "pcapng/read_blocks.h"
#include "pcapng/result.h"

namespace forensics {

// A block that isn't a packet, as it passes by. `raw`: all its bytes. Of a pcap file there is none.
struct OtherBlock {
    const pcapng::Block& block;
    std::span<const uint8_t> raw;
    pcapng::ByteOrder byte_order;
};

class Source {
  public:
    // "-": standard input. The errors name the file.
    static pcapng::Result<Source> open(const std::string& path);
    // The bytes stay the caller's and outlive the Source.
    static pcapng::Result<Source> from_memory(std::span<const uint8_t> bytes,
                                              const std::string& name);
    ~Source();
    Source(Source&&) noexcept;
    Source& operator=(Source&&) noexcept;

    // The next packet; null at the end. An error names the file and the byte (of the uncompressed
    // data) at which it stops making sense, and the same error follows again; every packet before
    // it has been handed out.
    pcapng::Result<const Packet*> next();

    // The raw packet block that next() returned last, options included; none of a pcap record.
    // Valid until the next call.
    const pcapng::PacketRead* block() const;

    // Called for each block that isn't a packet, in the order of the file, from within next().
    class Observer {
      public:
        virtual ~Observer() = default;
        virtual pcapng::Result<void> block(const OtherBlock& block) = 0;
    };
    void set_observer(Observer* observer);  // outlives the Source; null: none

    const std::string& name() const;
    const std::deque<Process>& processes() const;     // by number
    const uint64_t& changes() const;                  // grows with every change of a process
    const std::deque<Interface>& interfaces() const;  // by number
    // Bytes of the file as it stands on disk that were read, and all of it where that is known: for
    // progress.
    uint64_t bytes_read() const;
    std::optional<uint64_t> bytes_total() const;

  private:
    class Implementation;
    explicit Source(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace forensics
