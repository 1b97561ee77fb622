// SPDX-License-Identifier: GPL-2.0-only
//
// FileSink: packets into a pcapng file, pipe or fifo: who a packet belongs to goes into its
// comment, its option 8 and its Darwin index, as docs/file-format.md says. Owns the writer. One
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "capture/packet_types.h"
#include "pcapng/writer.h"

namespace capture {

// How much of a process each packet's comment tells.
enum class Comments {
    kFull,   // everything, on every packet
    kIntro,  // the first packet of a process tells everything, the others who it is
    kShort,  // who it is, never more
    kNone,
};

struct FileOptions {
    Comments comments = Comments::kIntro;
    bool process_blocks = false;  // process information and journal blocks too
    std::string filter = {};      // the expression that packets were chosen by
};

class FileSink : public packet::Sink {
  public:
    // Begins the file on `output`. `origin`: how the packets were taken, a comment of the section.
    static Result<FileSink> create(pcapng::Output output, const FileOptions& options,
                                   const std::string& origin);

    Result<void> interface(const packet::Interface& interface) override;
    Result<void> packet(const Packet& packet) override;
    Result<void> process(const ProcessEvent& event) override;
    Result<void> idle() override;
    Result<void> finish(const std::vector<InterfaceCounters>& counters) override;

    uint64_t bytes() const { return writer_.bytes(); }
    int fd() const { return writer_.output().fd(); }

  private:
    using User = std::optional<uint32_t>;  // nullopt: not known

    // A process as comments tell it, for one uid: sockets may be older than its latest.
    struct Identity {
        std::string text;  // empty: to be made
        User uid;
    };

    struct Written;
    // All that a comment depends on that introduces nobody, besides the process at this end.
    struct Speech {
        uint32_t tid = 0;
        std::optional<uint32_t> uid;
        Via via = Via::kUnknown;
        packet::At self_at = packet::At::kUnknown;
        const Written* peer = nullptr;
        uint32_t peer_version = 0;
        uint32_t peer_tid = 0;
        std::optional<uint32_t> peer_uid;
        Via peer_via = Via::kUnknown;

        bool operator==(const Speech&) const = default;
    };
    struct Line {
        Speech of;
        pcapng::ByteBuffer options;  // encoded; empty: to be made
    };

    // What was written about a process, and the texts made for it.
    struct Written {
        uint32_t version = 0;
        std::optional<User> introduced;  // by a packet's comment, as of this user
        std::optional<User> described;   // by a process information block, likewise
        uint32_t darwin_index = 0;
        Identity identity;
        Identity peer_identity;
        std::array<Line, 2> lines;  // of the last packet in and the last one out
    };

    FileSink(pcapng::Writer writer, const FileOptions& options);

    Result<Written*> written(const Process& process);
    static const std::string& identity(const End& end, Identity& kept, std::string_view prefix);
    static Speech speech_of(const Packet& packet, const Written* peer);
    bool introduces(const End& end, const Written& written) const;
    bool introduces_nobody(const Packet& packet, const Written* self, const Written* peer) const;
    std::string_view comment_on(const Packet& packet, Written* self, Written* peer);
    Result<void> write(pcapng::PacketBlock& block, const Packet& packet, Written* self,
                       Written* peer);
    void append_ends(std::string& out, const Packet& packet, Written* self, Written* peer);
    Result<void> describe(const End& end, Written& written);

    pcapng::Writer writer_;
    FileOptions options_;
    std::unordered_map<uint32_t, Written> known_;  // by the process's number
    std::string comment_;
    uint64_t start_ns_ = 0;
    uint64_t next_flush_ns_ = 0;
    bool any_packet_ = false;
};

}  // namespace capture
