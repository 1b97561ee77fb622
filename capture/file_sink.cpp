// SPDX-License-Identifier: GPL-2.0-only
#include "capture/file_sink.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <array>
#include <numeric>
#include <utility>

#include "capture/clock.h"
#include "packet/comment.h"
#include "packet/version.h"

namespace capture {
namespace {

// A reader of the file sees packets at most this late.
constexpr uint64_t kFlushNs = 200'000'000;

// Texts are forgotten when so many processes have come by; who comes back is introduced again.
constexpr size_t kMaxKnown = 8192;

pcapng::SectionInfo section_info(const std::string& origin) {
    pcapng::SectionInfo section;
    utsname system{};
    if (uname(&system) == 0) {
        section.hardware = system.machine;
        section.os = fmt::format("{} {}", system.sysname, system.release);
    }
    section.application = fmt::format("pidcap {}", packet::kVersion);
    section.comments = {std::string(packet::kCommentGrammar), origin};
    return section;
}

std::string identity_of(const Process& process, uint32_t uid, std::string_view prefix) {
    packet::ProcessText text;
    text.comm = process.comm;
    text.exe = process.exe;
    text.uid = uid;
    text.start_ns = process.start_ns;
    std::string identity;
    packet::append_identity(identity, text, prefix);
    return identity;
}

void append_introduction(std::string& out, const End& end, std::string_view prefix) {
    const Process& process = *end.process;
    packet::Introduction introduction;
    if (process.ppid != 0) {
        introduction.ppid = process.ppid;
    }
    introduction.pcomm = process.parent_comm;
    introduction.user = end.user;
    introduction.cmdline = process.cmdline;
    introduction.cgroup = process.cgroup;
    introduction.container = process.container;
    introduction.unit = process.unit;
    introduction.netns = process.netns;
    introduction.nspid = process.nspid;
    packet::append_introduction(out, introduction, prefix);
}

}  // namespace

Result<FileSink> FileSink::create(pcapng::Output output, const FileOptions& options,
                                  const std::string& origin) {
    auto writer = pcapng::Writer::create(std::move(output), section_info(origin));
    if (!writer) {
        return std::move(writer).error();
    }
    return FileSink(*std::move(writer), options);
}

FileSink::FileSink(pcapng::Writer writer, const FileOptions& options)
    : writer_(std::move(writer)), options_(options), start_ns_(clock_ns(CLOCK_REALTIME)) {}

Result<void> FileSink::interface(const CapturedInterface& interface) {
    pcapng::Interface block;
    block.filter = options_.filter;
    block.link_type = interface.link_type;
    block.snaplen = interface.snaplen;
    block.name = interface.name;
    block.mac = interface.mac;
    auto id = writer_.add_interface(block);
    if (!id) {
        return std::move(id).error();
    }
    assert(*id == interface.id);
    return {};
}

// What the file already knows of the process; writes its Darwin block when it is new or has
// changed.
Result<FileSink::Written*> FileSink::written(const Process& process) {
    auto [entry, fresh] = known_.try_emplace(process.key);
    Written& written = entry->second;
    if (fresh || written.version != process.version) {
        auto index = writer_.darwin_process(process.key.pid, process.comm);
        if (!index) {
            return std::move(index).error();
        }
        written = Written{};
        written.version = process.version;
        written.darwin_index = *index;
    }
    return &written;
}

const std::string& FileSink::identity(const End& end, Identity& kept, std::string_view prefix) {
    if (kept.text.empty() || kept.uid != end.uid) {
        kept = {identity_of(*end.process, end.uid, prefix), end.uid};
    }
    return kept.text;
}

FileSink::Speech FileSink::speech_of(const Packet& packet, const Written* peer) {
    Speech speech;
    speech.tid = packet.self.tid;
    speech.uid = packet.self.uid;
    speech.via = packet.self.via;
    speech.far_end = packet.self_at_far_end;
    if (peer != nullptr) {
        speech.peer = peer;
        speech.peer_version = peer->version;
        speech.peer_tid = packet.peer->tid;
        speech.peer_uid = packet.peer->uid;
        speech.peer_via = packet.peer->via;
    }
    return speech;
}

bool FileSink::introduces(const End& end, const Written& written) const {
    return options_.comments == Comments::kFull ||
           (options_.comments == Comments::kIntro && written.introduced != end.uid);
}

bool FileSink::introduces_nobody(const Packet& packet, const Written* self,
                                 const Written* peer) const {
    return options_.comments == Comments::kNone ||
           ((self == nullptr || !introduces(packet.self, *self)) &&
            (peer == nullptr || !introduces(*packet.peer, *peer)));
}

// Who the ends are.
void FileSink::append_ends(std::string& out, const Packet& packet, Written* self, Written* peer) {
    const char* via = via_name(packet.self.via);
    if (self != nullptr) {
        packet::append_process(out, packet.self.process->key.pid, packet.self.tid,
                               identity(packet.self, self->identity, {}), via);
        if (packet.self_at_far_end) {
            packet::append_key(out, "at",
                               packet.direction == Direction::kIn ? "sender" : "receiver");
        }
    } else {
        packet::append_key(out, "via", via);
    }
    if (peer != nullptr) {
        packet::append_process(out, packet.peer->process->key.pid, packet.peer->tid,
                               identity(*packet.peer, peer->peer_identity, packet::kPeerPrefix),
                               via_name(packet.peer->via), packet::kPeerPrefix);
    }
}

// Valid until the next call.
std::string_view FileSink::comment_on(const Packet& packet, Written* self, Written* peer) {
    if (options_.comments == Comments::kNone) {
        return {};
    }
    comment_.clear();
    append_ends(comment_, packet, self, peer);
    if (self != nullptr && introduces(packet.self, *self)) {
        append_introduction(comment_, packet.self, {});
        self->introduced = packet.self.uid;
    }
    // Of one process at both ends the first introduction is enough.
    if (peer != nullptr && introduces(*packet.peer, *peer)) {
        append_introduction(comment_, *packet.peer, packet::kPeerPrefix);
        peer->introduced = packet.peer->uid;
    }
    return packet::cut_comment(comment_, pcapng::kMaxOptionSize);
}

Result<void> FileSink::packet(const Packet& packet) {
    // Both ends' texts have room, or none has: who is second must not drive out the first.
    if (known_.size() + 2 > kMaxKnown) {
        known_.clear();
    }
    Written* self = nullptr;
    Written* peer = nullptr;
    if (packet.self.process != nullptr) {
        auto found = written(*packet.self.process);
        if (!found) {
            return std::move(found).error();
        }
        self = *found;
    }
    if (packet.peer && packet.peer->process != nullptr) {
        auto found = written(*packet.peer->process);
        if (!found) {
            return std::move(found).error();
        }
        peer = *found;
    }
    pcapng::PacketBlock block;
    block.interface_id = packet.interface->id;
    block.time_ns = packet.time_ns;
    block.data = {reinterpret_cast<const uint8_t*>(packet.data.data()), packet.data.size()};
    block.wire_length = packet.wire_len;
    block.direction = packet.direction == Direction::kIn ? pcapng::Direction::kInbound
                                                         : pcapng::Direction::kOutbound;
    if (packet.lost != 0) {
        block.drop_count = packet.lost;
    }
    if (self != nullptr) {
        block.process = {packet.self.process->key.pid, packet.self.tid};
        block.darwin_index = self->darwin_index;
    }
    if (auto added = write(block, packet, self, peer); !added) {
        return added;
    }
    any_packet_ = true;
    return self != nullptr ? describe(packet.self, *self) : Result<void>{};
}

// With the comment. A conversation's packets say the same again and again: it is encoded once.
Result<void> FileSink::write(pcapng::PacketBlock& block, const Packet& packet, Written* self,
                             Written* peer) {
    if (self == nullptr || packet.lost != 0 || !introduces_nobody(packet, self, peer)) {
        block.comment = comment_on(packet, self, peer);
        return writer_.packet(block);
    }
    Line& line = self->lines[packet.direction == Direction::kIn ? 0 : 1];
    const Speech speech = speech_of(packet, peer);
    if (line.options.size() == 0 || line.of != speech) {
        line.of = speech;
        line.options.clear();
        block.comment = comment_on(packet, self, peer);
        if (auto encoded = writer_.encode_options(block, line.options); !encoded) {
            return encoded;
        }
    }
    return writer_.packet(block, line.options.view());
}

// A process information block, after the process's first packet: before the file's first packet it
// would upset the relative times of Wireshark 4.0.
Result<void> FileSink::describe(const End& end, Written& written) {
    if (!options_.process_blocks || written.described == end.uid) {
        return {};
    }
    written.described = end.uid;
    const Process& process = *end.process;
    pcapng::ProcessInformation block;
    block.pid = process.key.pid;
    block.name = process.comm;
    block.path = process.exe;
    block.cmdline = process.cmdline;
    if (process.ppid != 0) {
        block.ppid = process.ppid;
    }
    block.uid = end.uid;
    block.user = end.user;
    block.start_ns = process.start_ns;
    return writer_.process_information(block);
}

Result<void> FileSink::process(const ProcessEvent& event) {
    if (!options_.process_blocks || !any_packet_ ||
        (event.type != PIDCAP_EVENT_EXEC && event.type != PIDCAP_EVENT_EXIT)) {
        return {};
    }
    const Process& process = *event.process;
    std::string arguments = process.cmdline;
    while (arguments.ends_with('\0')) {
        arguments.pop_back();
    }
    for (char& byte : arguments) {
        byte = byte == '\0' ? ' ' : byte;
    }
    const char* what = event.type == PIDCAP_EVENT_EXEC ? "exec" : "exit";
    const std::string message =
        fmt::format("{} {} [{}] {}", what, process.comm, process.key.pid, arguments);
    const std::string pid = fmt::format("{}", process.key.pid);
    const std::string uid = fmt::format("{}", process.uid);
    const std::string gid = fmt::format("{}", process.gid);
    // With the pid it says which process: only where the start is known.
    const std::string start =
        process.start_ns != 0 ? fmt::format("{}", process.start_ns) : std::string();
    const std::array<pcapng::JournalField, 10> fields = {{
        {"MESSAGE", message},
        {"_PID", pid},
        {"_PIDCAP_START", start},
        {"_UID", uid},
        {"_GID", gid},
        {"_COMM", process.comm},
        {"_EXE", process.exe},
        {"_CMDLINE", arguments},
        {"_SYSTEMD_CGROUP", process.cgroup},
        {"_SYSTEMD_UNIT", process.unit},
    }};
    return writer_.journal_entry(event.time_ns, fields);
}

Result<void> FileSink::idle() {
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    if (now < next_flush_ns_) {
        return {};
    }
    next_flush_ns_ = now + kFlushNs;
    return writer_.flush();
}

Result<void> FileSink::finish(const std::vector<InterfaceCounters>& counters) {
    uint64_t now = clock_ns(CLOCK_REALTIME);
    for (size_t id = 0; id < counters.size(); id++) {
        const InterfaceCounters& counter = counters[id];
        uint64_t dropped =
            std::accumulate(counter.dropped.begin(), counter.dropped.end(), uint64_t{0});
        pcapng::InterfaceStatistics block;
        block.interface_id = static_cast<uint32_t>(id);
        block.time_ns = now;
        block.start_ns = start_ns_;
        block.end_ns = now;
        block.received = counter.captured + counter.filtered + dropped;
        block.os_dropped = dropped;
        block.delivered = counter.captured;
        if (auto added = writer_.statistics(block); !added) {
            return added;
        }
    }
    return writer_.close();
}

}  // namespace capture
