// SPDX-License-Identifier: GPL-2.0-only
//
// Rewriter: writes packets of other files into one pcapng section and keeps their bytes, times,
// lengths, options and comments. References (interfaces, Darwin processes) are renumbered. If the
// packet that introduced a process is not in this file, the first one that is introduces it. The
// blocks of the packets' processes are copied. Of an input with Detail::kIdentities each packet has
// one comment, made anew without an introduction. docs/file-format.md lists what becomes of each
// block. Owns the writer; the input files outlive it. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "forensics/packet_types.h"
#include "forensics/source/input_file.h"
#include "packet/comment.h"
#include "packet/keyed_hash.h"
#include "pcapng/encode.h"
#include "pcapng/output.h"
#include "pcapng/result.h"
#include "pcapng/writer.h"

namespace forensics {

struct RewriteOptions {
    // Every packet of the input is written. So no introduction gets lost, and blocks of processes
    // keep their place, even those of processes without a packet. Without a host, the file is a
    // copy: sections, interfaces without a packet and unknown blocks are in it, too.
    bool all_packets = false;
    // Empty, or the host whose interfaces and processes these are: put before the interfaces'
    // names, and into the comment of each packet that doesn't name one.
    std::string host = {};
};

class Rewriter {
  public:
    // Begins the file.
    static pcapng::Result<Rewriter> create(pcapng::Output output,
                                           const pcapng::SectionInfo& section);
    // Begins a file of one input, which gets the number 0: its section header is the input's.
    static pcapng::Result<Rewriter> create(pcapng::Output output, InputFile& input,
                                           const RewriteOptions& options);

    // The number of the input, for packet().
    size_t add_input(InputFile& file, const RewriteOptions& options);

    // Writes the packet that the input's next() returned last. `comment`, in pidcap's grammar, is
    // added after the packet's own comments; empty: none.
    pcapng::Result<void> packet(size_t input, const Packet& packet, std::string_view comment = {});

    // Writes the inputs' blocks after the last packet and closes the file.
    pcapng::Result<void> finish();

    // Closes the file for now. resume() continues in the same file, opened again at its end.
    pcapng::Result<void> suspend();
    void resume(pcapng::Output output) { writer_.reopen(std::move(output)); }

    // The lines of TLS keys in the file, and how many of those stand behind their connection's
    // hello, because the input couldn't be read ahead.
    struct Keys {
        uint64_t lines = 0;
        uint64_t late = 0;
    };
    const Keys& keys() const { return keys_; }
    // What isn't in the file, because it had no room or couldn't be turned into its byte order.
    struct LeftOut {
        uint64_t blocks = 0;
        uint64_t comments = 0;  // that a packet should have had, or what was to be added to them
        uint64_t keys = 0;      // lines, because there are too many
    };
    const LeftOut& left_out() const { return left_out_; }

  private:
    struct WrittenInterface {
        std::optional<uint32_t> id;
        uint64_t packets = 0;
    };
    // The state of a process that has a packet in the file.
    struct Introduction {
        bool introduced = false;
        std::optional<uint32_t> uid;  // as of the introduction
    };
    struct Named {
        uint32_t process = 0;  // number
        uint32_t section = 0;
    };
    struct Input {
        Input(InputFile& from, RewriteOptions how)
            : file(&from),
              options(std::move(how)),
              next_key(options.all_packets || !from.keys().is_read_ahead() ? 0
                                                                           : from.keys().size()) {}
        bool is_copied() const {
            return options.all_packets && options.host.empty() && file->detail() == Detail::kAll;
        }

        InputFile* file;
        RewriteOptions options;
        size_t next_key = 0;  // those before it are written, or wait for their hello
        // Of the ClientHellos in the file, as far as keys that come may be theirs.
        std::unordered_set<packet::ClientRandom, packet::KeyedHash> hellos;
        uint64_t next_block = 0;
        std::vector<WrittenInterface> interfaces;              // by number
        std::unordered_map<uint32_t, uint32_t> darwin;         // index there, index here
        std::unordered_map<uint32_t, Introduction> processes;  // by number
        std::unordered_set<uint64_t> written;                  // numbers of blocks of processes
        std::vector<uint64_t> due;                             // likewise, to be written
        // From packets that record only a pid.
        std::unordered_map<uint32_t, Named, packet::KeyedHash> by_pid;
    };

    explicit Rewriter(pcapng::Writer writer) : writer_(std::move(writer)) {}
    pcapng::Result<uint32_t> interface(Input& input, const Interface& interface,
                                       const pcapng::PacketRead* first_packet);
    void take_key(const Input& input, size_t number);
    void take_new_keys(Input& input);
    void take_keys_of_hello(Input& input);
    pcapng::Result<void> keys_before_packet(Input& input);
    pcapng::Result<void> write_keys();
    pcapng::Result<void> take_blocks(Input& input);
    pcapng::Result<void> take_by_process(Input& input);
    pcapng::Result<void> take(Input& input, uint64_t number);
    pcapng::Result<void> statistics(const Input& input, const CarriedBlock& block);
    pcapng::Result<void> process_block(Input& input, uint64_t number);
    pcapng::Result<void> carry(uint32_t type, std::span<const uint8_t> body);
    pcapng::Result<uint32_t> darwin(Input& input, uint32_t index,
                                    const CarriedDarwinProcess& process);
    static pcapng::Result<void> tell_apart(Input& input, const Packet& packet, const End& end);
    void keep(Input& input, const Process* process);
    pcapng::Result<void> write_due(Input& input);

    enum class Comments { kCompleted, kUnchanged };
    pcapng::Result<void> options(Input& input, const Packet& packet, std::string_view comment,
                                 Comments comments);
    pcapng::Result<void> copy_packet_options(Input& input, const Packet& packet,
                                             const pcapng::PacketRead& block, Comments comments);
    std::string_view identities(const Source& input, const Packet& packet,
                                const pcapng::PacketRead* block);
    pcapng::Result<void> darwin_option(Input& input, const pcapng::Option& option);
    static const std::string& host_to_name(const Input& input);
    std::string_view completed(Input& input, const Packet& packet, std::string_view comment);
    void introduce(Input& input, const End& end, const packet::Comment& comment,
                   std::string_view prefix);
    pcapng::Result<void> write(Input& input, const Packet& packet, uint32_t interface);
    pcapng::Result<void> write_block(const Input& input, const Packet& packet, uint32_t interface);

    pcapng::Writer writer_;
    std::deque<Input> inputs_;
    uint64_t packets_ = 0;
    LeftOut left_out_;
    Keys keys_;
    std::string key_log_;  // to be written
    pcapng::ByteBuffer options_;
    pcapng::ByteBuffer body_;
    std::string comment_;
};

}  // namespace forensics
