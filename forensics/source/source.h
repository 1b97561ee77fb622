// SPDX-License-Identifier: GPL-2.0-only
//
// Source: reads the packets of a capture file with their processes. Understands pidcap's comments,
// ptcpdump's and RustNet's comments, process information blocks with option 8, Darwin process
// blocks, PKTAP headers and journal blocks; pcapng and pcap in either byte order, also compressed
// by gzip or zstd. Reads forward once; memory grows with the processes up to a limit, never with
// the packets. All members are called by one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "forensics/packet_types.h"
#include "packet/dissect/address.h"
#include "pcapng/read_blocks.h"
#include "pcapng/result.h"

namespace forensics {

// A block that isn't a packet. `raw`: all its bytes. A pcap file has none.
struct OtherBlock {
    const pcapng::Block& block;
    std::span<const uint8_t> raw;
    pcapng::ByteOrder byte_order;
};

class Source {
  public:
    // "-": standard input. The errors name the file.
    static pcapng::Result<Source> open(const std::string& path);
    // Several files, at least one, are read one after the other, as sections of one file: a process
    // with a start is the same in all. A file that can't be opened is an error now, if it is the
    // first, or when its turn comes; the files behind it are read all the same, and the first error
    // follows the last packet.
    static pcapng::Result<Source> open(std::span<const std::string> paths);
    // The caller owns the bytes, which outlive the Source.
    static pcapng::Result<Source> from_memory(std::span<const uint8_t> bytes,
                                              const std::string& name);
    ~Source();
    Source(Source&&) noexcept;
    Source& operator=(Source&&) noexcept;

    // Returns the next packet, or null at the end. An error names the file and the offset, in the
    // uncompressed data, of the damage. After an error, every call returns it again; all packets
    // before the damage have been returned.
    pcapng::Result<const Packet*> next();

    // Says whose the processes are for which no packet names a host, whatever the file says: else
    // each section's header does (packet/host_comment.h). Before the first next().
    void set_host(const std::string& host);
    // The host that all sections read so far are of; empty: they name none, or several.
    const std::string& host() const;
    // That of the section that is being read.
    const std::string& section_host() const;

    // Lets a second thread read and parse this file and those that follow ahead, as far as they are
    // regular pcapng files, compressed or not, and worth it. Costs some 4 MiB. What is returned
    // stays the same. Before the first next().
    void read_ahead();

    // The raw block of the packet that next() returned last, with its options; null for a pcap
    // record. Valid until the next call.
    const pcapng::PacketRead* block() const;

    // Called for each block that isn't a packet, in the order of the file, from within next().
    class Observer {
      public:
        virtual ~Observer() = default;
        virtual pcapng::Result<void> block(const OtherBlock& block) = 0;
    };
    void set_observer(Observer* observer);  // outlives the Source; null: none

    // Blocks so far that make no sense and carry no packet. They are passed over, and the observer
    // doesn't see them.
    struct Skipped {
        uint64_t blocks = 0;
        std::string first = {};  // where it is, and what is wrong with it
    };
    const Skipped& skipped() const;

    // The file's name; of several all, with commas.
    const std::string& name() const;
    // By number. What is kept of them has a limit (ProcessIndex::kMaxKept); next() returns an error
    // behind the last packet if there are more.
    const std::deque<Process>& processes() const;
    std::deque<Process> take_processes() &&;
    const uint64_t& changes() const;                  // grows with every change of a process
    const std::deque<Interface>& interfaces() const;  // by number
    // The names of addresses that the file's name resolution blocks have told so far, at most
    // kMaxNames: later ones are left out.
    const std::vector<packet::NamedAddress>& address_names() const;
    static constexpr size_t kMaxNames = 131072;
    // Whether long texts about processes (command lines, paths) weren't kept, because there are
    // more than ProcessIndex::kMaxTexts bytes of them.
    bool left_texts_out() const;
    // For progress: the bytes read so far of the file on disk, and its size if that is known.
    uint64_t bytes_read() const;
    std::optional<uint64_t> bytes_total() const;

  private:
    class Implementation;
    explicit Source(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace forensics
