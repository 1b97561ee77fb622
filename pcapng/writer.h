// SPDX-License-Identifier: GPL-2.0-only
//
// Writer: encodes the blocks of one pcapng section, little-endian, nanoseconds, straight into the
// buffer of an Output that it owns. No allocation for a packet. One thread at a time.
//
// The caller decides the order of blocks: interfaces before their packets, a process's Darwin block
// before its packets, and no process information or journal entry before the first packet
// (Wireshark 4.0's relative times start at the first frame, and theirs has no time).
//
// An error is either the Output's (a write failed: final) or says which argument would have made
// the file unreadable; then nothing was written. Its code is EMSGSIZE if the block would be larger
// than kMaxBlockSize.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "pcapng/blocks.h"
#include "pcapng/output.h"
#include "pcapng/result.h"

namespace pcapng {

class Writer {
  public:
    // Takes over the output and writes the section header. Call flush() to make it visible to a
    // reader.
    static Result<Writer> create(Output output, const SectionInfo& section);
    // The same with encoded options, such as another file's.
    static Result<Writer> create_encoded(Output output, std::span<const uint8_t> options);

    // Ends the section and begins another one, with encoded options. Interfaces are numbered from 0
    // again; Darwin processes are counted on.
    Result<void> begin_section(std::span<const uint8_t> options);

    // Adds an interface. Returns its number, counted from 0. Error: more interfaces than a reader
    // takes.
    Result<uint32_t> add_interface(const Interface& interface);
    // Adds an interface of another file, with encoded options that include if_tsresol 9. Its
    // packets are never cut.
    Result<uint32_t> add_interface(const Interface& interface, std::span<const uint8_t> options);

    // Data beyond the interface's snaplen or kMaxPacketSize are cut; a comment is cut to
    // kMaxOptionSize, between code points. Error: an interface or Darwin process not added before.
    Result<void> packet(const PacketBlock& packet);
    // Writes a packet with options that encode_options() made, which can be reused for many
    // packets. Ignores the members of `packet` that options are made of. A wire length below the
    // captured one is written as it stands, for copies of packets that claim so.
    Result<void> packet(const PacketBlock& packet, std::span<const uint8_t> options);
    // Appends a packet's options to `out`. Error: as packet().
    Result<void> encode_options(const PacketBlock& packet, ByteBuffer& out) const;

    // Darwin process block; returns its index in the file, counted from 0.
    Result<uint32_t> darwin_process(uint32_t pid, std::string_view name);
    Result<uint32_t> darwin_process(uint32_t pid, std::span<const uint8_t> options);

    Result<void> process_information(const ProcessInformation& process);

    // An entry of the systemd journal export format, which becomes a frame of its own. The time is
    // written first, in microseconds. Values longer than kMaxOptionSize are cut.
    Result<void> journal_entry(uint64_t time_ns, std::span<const JournalField> fields);

    // A name resolution block. A name is cut so that its record has kMaxOptionSize bytes at most.
    Result<void> names(std::span<const NameRecord> records);

    // Decryption secrets blocks of a TLS key log: whole lines, each with its newline. Readers use
    // them for the packets behind. No line: no block. A line has at most kMaxKeyLog bytes.
    Result<void> tls_keys(std::string_view lines);

    Result<void> statistics(const InterfaceStatistics& statistics);

    // Writes a block whose body is already encoded, little-endian, and pads it to a multiple of
    // four. Not for section headers, interfaces and Darwin processes, because the Writer counts
    // those.
    Result<void> block(uint32_t type, std::span<const uint8_t> body);

    // Continues after close() in `output`, which is the same file opened again at its end.
    void reopen(Output output) { output_ = std::move(output); }
    Result<void> flush() { return output_.flush(); }
    Result<void> close() { return output_.close(); }
    uint64_t bytes() const { return output_.bytes(); }
    const Output& output() const { return output_; }

  private:
    explicit Writer(Output output) : output_(std::move(output)) {}
    Result<void> check(const PacketBlock& packet) const;
    size_t begin(uint32_t block_type);
    Result<void> packet_block(const PacketBlock& packet, uint32_t wire_length,
                              std::span<const uint8_t> options);
    Result<void> end(size_t start);
    Result<uint32_t> added_interface(size_t start, uint32_t limit);
    Error unknown_interface(std::string_view what, uint32_t id) const;
    Error too_large(size_t total) const;

    Output output_;
    ByteBuffer options_;            // of the packet that is written
    std::vector<uint32_t> limits_;  // by interface: the most bytes of a packet
    uint32_t darwin_processes_ = 0;
};

// Returns whether a block wasn't written because no reader would take one of its size.
template <typename T>
bool is_too_large(const Result<T>& written) {
    return !written.ok() && written.error().code == EMSGSIZE;
}

}  // namespace pcapng
