// SPDX-License-Identifier: GPL-2.0-only
//
// Attribution: whose a packet is, from what a file carries: pidcap's comment, else ptcpdump's or
// RustNet's, else a Darwin process block, else option 8 with process information, else a PKTAP
// header. Where they contradict, the first of these counts. Comments repeat, so what they say is
// kept: bounded, and found by all their bytes. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forensics/analysis/probed_slots.h"
#include "forensics/packet_types.h"
#include "forensics/source/process_index.h"
#include "forensics/source/recorded.h"
#include "packet/keyed_hash.h"
#include "packet/process_comment.h"
#include "pcapng/read_blocks.h"

namespace forensics {

class Attribution {
  public:
    // `host`: whose the processes are for which a packet names none; empty: not known.
    void begin_section(const std::string& host);
    // A section of another file: Darwin processes are counted from 0 again.
    void begin_file(const std::string& host);
    const std::string& host() const { return host_; }
    void darwin_process(const pcapng::DarwinProcessRead& block);
    void process_information(const pcapng::ProcessInformationRead& block);
    void journal(const pcapng::JournalRead& block);

    // Sets the ends of `packet`, whose other fields are there. Its views are valid until the
    // next call. `comment_hash`: that of its comment by comment_hash().
    void attribute(const pcapng::PacketRead& block, uint64_t comment_hash, Packet& packet);
    // The same for a pcap record, which has nothing but its data.
    void attribute(Packet& packet);

    const packet::KeyedHash& comment_hash() const { return hash_; }

    const ProcessIndex& index() const { return index_; }
    // Of the file so far.
    size_t darwin_processes() const { return darwin_.size(); }
    // Whether processes were left out, because there were too many to keep.
    bool left_processes_out() const { return left_darwin_out_ || index_.left_processes_out(); }
    std::deque<Process> take_processes() { return index_.take_processes(); }

  private:
    // What comments of these very bytes say: first what is read for each packet.
    struct Speech {
        std::string text;
        bool told = false;        // of a process, or why there is none
        bool in_grammar = false;  // in pidcap's
        // Whether `ends` holds as long as no process changes, and the state in which none has.
        bool settled = false;
        uint64_t changes = 0;
        std::array<End, 2> ends{};  // self, peer
        std::optional<At> at = {};
        // The processes that told their start, and the state in which they have all that is
        // told.
        std::array<Process*, 2> processes{};
        std::array<uint32_t, 2> versions{};
        packet::CommentEnds recorded;
    };
    struct Slot {
        uint64_t key = 0;  // the hash of the text
        Speech* speech = nullptr;

        bool is_empty() const { return speech == nullptr; }
    };
    using Slots = ProbedSlots<Slot>;
    struct Darwin {
        uint32_t pid = 0;
        std::string comm;
        uint64_t section = 0;
        Process* process = nullptr;  // once a comment has told who it is
    };

    void forget_speeches();
    Speech& speech_of(const pcapng::PacketRead& block, uint64_t comment_hash);
    Speech& speech_in(Slots& slots, std::string_view text, uint64_t hash,
                      const pcapng::Options* all);
    void read(Speech& speech, const pcapng::Options* all) const;
    void settle(Speech& speech, const Packet& packet);
    End end_of(const packet::CommentEnd& recorded, Process*& process, uint32_t& version,
               const Packet& packet);
    bool by_darwin(const pcapng::PacketRead& block, Packet& packet);
    bool by_option(const pcapng::PacketRead& block, Packet& packet);
    void by_pktap(Packet& packet);
    Darwin* darwin_of(const pcapng::PacketRead& block);

    ProcessIndex index_;
    uint64_t section_ = 0;
    std::string host_;           // of the section
    std::deque<Darwin> darwin_;  // by index
    size_t darwin_bytes_ = 0;
    bool left_darwin_out_ = false;
    std::deque<Speech> speeches_;
    Slots single_;   // of a packet's first comment, in pidcap's grammar or not
    Slots several_;  // from the first comment to the last, with what is in between
    size_t kept_bytes_ = 0;
    packet::KeyedHash hash_;
};

}  // namespace forensics
