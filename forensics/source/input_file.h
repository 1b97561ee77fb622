// SPDX-License-Identifier: GPL-2.0-only
//
// InputFile: a file that is rewritten: its Source, and its other blocks, encoded for a
// little-endian section. Several files may be written from one input: blocks are kept, and each
// Rewriter takes them when it needs them. At most kMaxCarried bytes of descriptions of interfaces
// and Darwin processes are kept, and as many of other blocks; TLS keys apart (RecordedKeys).
// Doesn't move. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "forensics/analysis/hello_reader.h"
#include "forensics/packet_types.h"
#include "forensics/rewrite/option_copy.h"
#include "forensics/source/recorded_keys.h"
#include "forensics/source/source.h"
#include "packet/keyed_hash.h"
#include "pcapng/blocks.h"
#include "pcapng/read_blocks.h"
#include "pcapng/result.h"

namespace forensics {

struct CarriedInterface {
    std::string name;
    std::vector<uint8_t> options;  // encoded, but for the name and what says how times are counted
};

struct CarriedDarwinProcess {
    uint32_t pid = 0;
    std::vector<uint8_t> options;  // encoded
    uint32_t section = 0;          // that it is in, from 1
};

// Any other block.
struct CarriedBlock {
    // kSection, kInterfaceDescription, kDarwinProcess: where such a block stands in the file.
    // kUnknown: a block of a type that isn't known, which may refer to others.
    enum class Of : uint8_t {
        kFile,
        kProcess,
        kInterface,
        kSection,
        kInterfaceDescription,
        kDarwinProcess,
        kUnknown
    };
    Of of = Of::kFile;
    uint32_t type = 0;
    std::vector<uint8_t> body = {};  // encoded; of statistics: what follows the interface's number

    // Of a process (process information, journal).
    std::optional<uint32_t> pid = {};
    uint64_t start_ns = 0;  // the process's start, if the block tells it
    uint64_t time_ns = 0;   // of a journal entry: when

    // The number of the interface that statistics or a description are of, or the index of the
    // Darwin process.
    uint32_t index = 0;
    uint64_t packets = 0;                      // that an interface had in the file up to here
    std::vector<uint8_t> body_of_a_part = {};  // without what counts the file's own packets
};

class InputFile : private Source::Observer {
  public:
    // The most bytes of other blocks that are kept; the oldest are dropped.
    static constexpr size_t kMaxCarried = size_t{64} * 1024 * 1024;

    // `detail`: see copy_option(). kIdentities: blocks about processes aren't kept either.
    static pcapng::Result<std::unique_ptr<InputFile>> open(const std::string& path,
                                                           Detail detail = Detail::kAll);
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    // See Source. Before the first next().
    void read_ahead() { source_.read_ahead(); }

    // What becomes of decryption secrets; before the first next(). By default they are kept, and
    // TLS keys become known where they stand.
    void leave_secrets_out() { secrets_wanted_ = false; }
    void read_keys_ahead(const RecordedKeys::Progress& progress) {
        keys_.read_ahead(path_, progress);
    }
    // The TLS keys that are known so far.
    const RecordedKeys& keys() const { return keys_; }
    // The random of the ClientHello in the latest packet (see HelloReader). Nothing in a file whose
    // keys are known and none.
    const std::optional<packet::ClientRandom>& hello() const { return hello_; }

    // See Source.
    pcapng::Result<const Packet*> next();
    const pcapng::PacketRead* block() const { return source_.block(); }
    const Source& source() const { return source_; }
    Detail detail() const { return detail_; }

    // The first section, known after the first next(); empty for a pcap file.
    const pcapng::SectionInfo& section() const { return section_; }
    const std::vector<uint8_t>& section_options() const { return section_options_; }  // encoded
    // The host that it names; empty: none.
    const std::string& header_host() const { return header_host_; }
    // Returns the interface with this Interface::number, or null for a pcap file.
    const CarriedInterface* interface(uint32_t number) const;
    // Returns the process with this index, as packets refer to it, or null if there is none.
    const CarriedDarwinProcess* darwin_process(uint32_t index) const;
    // The number of the latest packet's section, from 1.
    uint32_t current_section() const { return sections_; }

    // The other blocks by their number in the file, from `first_block()` to before `end_block()`.
    // Those before `first_block()` are dropped.
    uint64_t first_block() const { return first_block_; }
    uint64_t end_block() const { return first_block_ + blocks_.size(); }
    const CarriedBlock& carried(uint64_t number) const { return blocks_[number - first_block_]; }
    // The numbers of those that belong to no process, in order.
    const std::deque<uint64_t>& blocks_of_no_process() const { return blocks_of_no_process_; }
    // Returns the numbers of the blocks that belong to a process, as far as is known.
    std::vector<uint64_t> blocks_of(const Process& process);
    // Returns the process that a block belongs to, or null if it is not known so far.
    const Process* owner(const CarriedBlock& block);
    // How many blocks are in none of the above, because their byte order can't be turned.
    uint64_t unturned() const { return unturned_; }

  private:
    // Blocks of processes in an order in which those of one process follow each other.
    struct ProcessBlock {
        uint32_t pid = 0;
        uint64_t start_ns = 0;
        uint64_t time_ns = 0;
        uint64_t number = 0;
        auto operator<=>(const ProcessBlock&) const = default;
    };
    // The processes of one pid.
    struct Namesakes {
        std::map<uint64_t, const Process*> by_start;
        const Process* without_start = nullptr;  // the latest
    };

    InputFile(Source source, std::string path, Detail detail);
    static void settle(Namesakes& namesakes);
    void meet_processes();
    static ProcessBlock key_of(const CarriedBlock& block, uint64_t number);
    pcapng::Result<void> block(const OtherBlock& block) override;
    void add(const pcapng::SecretsRead& secrets);
    void add(const pcapng::SectionRead& section);
    pcapng::Result<void> add(const pcapng::InterfaceRead& interface);
    pcapng::Result<void> add(const pcapng::DarwinProcessRead& process);
    pcapng::Result<void> count_described(size_t bytes);
    void add(const pcapng::UnknownRead& block, pcapng::ByteOrder order);
    pcapng::Result<void> process_block(const OtherBlock& other);
    void carry(CarriedBlock block);
    void carry_statistics(const pcapng::StatisticsRead& statistics);

    Source source_;
    std::string path_;
    Detail detail_;
    bool secrets_wanted_ = true;
    RecordedKeys keys_;
    HelloReader hellos_;
    std::optional<packet::ClientRandom> hello_;
    uint32_t sections_ = 0;
    pcapng::SectionInfo section_;
    std::vector<uint8_t> section_options_;
    std::string header_host_;
    std::deque<CarriedInterface> interfaces_;
    std::deque<CarriedDarwinProcess> darwin_processes_;
    std::vector<uint64_t> packets_;  // by interface
    uint32_t first_interface_ = 0;   // of the section
    uint64_t first_block_ = 0;
    std::deque<CarriedBlock> blocks_;
    std::deque<uint64_t> blocks_of_no_process_;
    size_t carried_bytes_ = 0;
    size_t described_bytes_ = 0;  // of interfaces and Darwin processes
    std::set<ProcessBlock> process_blocks_;
    std::unordered_map<uint32_t, Namesakes, packet::KeyedHash> processes_by_pid_;
    size_t processes_seen_ = 0;
    uint64_t unturned_ = 0;
};

}  // namespace forensics
