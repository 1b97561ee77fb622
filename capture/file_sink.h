// SPDX-License-Identifier: GPL-2.0-only
//
// FileSink: writes packets into a pcapng file, pipe or fifo. A packet's process is written into its
// comment, its option 8 and its Darwin index, see docs/file-format.md. Owns the writer. One thread.
//
// The file is whole by itself: an interface or process that it doesn't have yet is introduced with
// its first packet. So a capture can go on in another FileSink at any packet.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "capture/packet_types.h"
#include "packet/address_names.h"
#include "pcapng/writer.h"

namespace capture {

// How much a packet's comment says about its process.
enum class Comments {
    kFull,   // all details, on every packet
    kIntro,  // all details on the first packet of a process, only its identity on the others
    kShort,  // only its identity, on every packet
    kNone,
};

struct FileOptions {
    Comments comments = Comments::kIntro;
    bool process_blocks = false;  // write process information and journal blocks too
    std::string filter = {};      // the capture filter's expression
    bool compress = false;        // with zstd; for who makes the Output
    std::vector<std::string> section_comments = {};  // besides those that every file has
    // Of which host the file says to be; nullopt: this machine's name, empty: none.
    std::optional<std::string> host = {};
};

class FileSink : public packet::Sink {
  public:
    // Writes the section header to `output`. `origin` says how the packets were captured; it
    // becomes a comment of the section.
    static Result<FileSink> create(pcapng::Output output, const FileOptions& options,
                                   const std::string& origin);

    // Introduces an interface ahead of its packets, unless the file has it.
    Result<void> interface(const packet::Interface& interface) override;
    Result<void> packet(const Packet& packet) override;
    Result<void> process(const ProcessEvent& event) override;
    // Leaves out secrets of exporters. Before the first interface, keys wait for it.
    Result<void> keys(std::span<const packet::KeyLogLine> lines) override;
    Result<void> idle() override;
    // Leaves out the counters of interfaces that the file doesn't have.
    Result<void> finish(const std::vector<InterfaceCounters>& counters) override;

    // The time since when the counters of finish() count; by default, that of create().
    void counts_from(uint64_t time_ns) { start_ns_ = time_ns; }
    // Adds a comment to the first statistics block, for what isn't known when the file begins.
    void add_note(std::string note) { notes_.push_back(std::move(note)); }

    uint64_t bytes() const { return writer_.bytes(); }
    // See Output::held_back().
    uint64_t held_back() const { return writer_.output().held_back(); }
    Result<void> flush() { return writer_.flush(); }
    int fd() const { return writer_.output().fd(); }

  private:
    using User = std::optional<uint32_t>;  // nullopt: not known

    // A process's identity as a comment shows it, for one uid. A socket may be older than the
    // process's latest change of user.
    struct Identity {
        std::string text;  // empty: not made yet
        User uid;
    };

    struct Written;
    static constexpr uint64_t kNoUser = UINT64_MAX;
    // What the comment of a packet that introduces no process depends on, besides the process at
    // this end.
    struct CommentInputs {
        uint32_t tid = 0;
        uint32_t peer_tid = 0;
        uint64_t uid = kNoUser;
        uint64_t peer_uid = kNoUser;
        const Written* peer = nullptr;
        uint32_t peer_version = 0;
        Via via = Via::kUnknown;
        Via peer_via = Via::kUnknown;
        packet::At self_at = packet::At::kUnknown;

        bool operator==(const CommentInputs&) const = default;
    };
    struct CachedOptions {
        CommentInputs inputs;
        pcapng::ByteBuffer options;  // encoded; empty: not made yet
    };
    static constexpr size_t kCached = 8;

    // What has been written about a process, and the texts cached for it.
    struct Written {
        uint32_t version = 0;
        std::optional<User> introduced;  // in a packet's comment, with this user
        std::optional<User> described;   // in a process information block, with this user
        uint32_t darwin_index = 0;
        Identity identity;
        Identity peer_identity;
        std::array<CachedOptions, kCached> cached;  // see cached_for()
    };

    FileSink(pcapng::Writer writer, const FileOptions& options);

    Result<void> write_keys();
    bool has(const packet::Interface& interface) const {
        return interface.number < ids_.size() && ids_[interface.number];
    }
    Written* recent(const Process& process) const;
    Result<Written*> written(const Process& process);
    Result<void> name_addresses(const Process& process);
    static const std::string& identity(const End& end, Identity& kept, std::string_view prefix);
    static CommentInputs comment_inputs(const Packet& packet, const Written* peer);
    static CachedOptions& cached_for(const Packet& packet, Written& self);
    bool introduces(const End& end, const Written& written) const {
        return options_.comments == Comments::kFull ||
               (options_.comments == Comments::kIntro &&
                written.introduced != std::optional<User>(end.uid));
    }
    bool introduces_nobody(const Packet& packet, const Written* self, const Written* peer) const;
    std::string_view comment_on(const Packet& packet, Written* self, Written* peer);
    Result<void> write(pcapng::PacketBlock& block, const Packet& packet, Written* self,
                       Written* peer);
    void append_ends(std::string& out, const Packet& packet, Written* self, Written* peer);
    Result<void> describe(const End& end, Written& written);

    pcapng::Writer writer_;
    FileOptions options_;
    // The interface's number in the file, by its number in the capture.
    std::vector<std::optional<uint32_t>> ids_;
    std::unordered_map<uint32_t, Written> known_;  // by process number
    struct Recent {
        uint32_t number = 0;
        Written* written = nullptr;  // of known_; null: none
    };
    std::array<Recent, 16> recent_;  // by the last bits of the process's number
    packet::AddressNames names_;     // that the file has
    std::string comment_;
    std::string keys_;  // lines of a key log, not written yet
    uint64_t start_ns_ = 0;
    std::vector<std::string> notes_;  // not written yet
    uint64_t next_flush_ns_ = 0;
    bool any_packet_ = false;
};

}  // namespace capture
