// SPDX-License-Identifier: GPL-2.0-only
#include "capture/file_sink.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "capture/clock.h"
#include "capture/host_name.h"
#include "packet/host_comment.h"
#include "packet/process_comment.h"
#include "packet/version.h"

namespace capture {
namespace {

// The longest time in nanoseconds after which a reader of the file sees a packet.
constexpr uint64_t kFlushNs = 200'000'000;

// The cache is emptied when it holds this many processes. A process seen again afterwards is
// introduced again.
constexpr size_t kMaxKnown = 8192;

pcapng::SectionInfo section_info(const std::string& origin, const FileOptions& options) {
    pcapng::SectionInfo section;
    utsname system{};
    if (uname(&system) == 0) {
        section.hardware = system.machine;
        section.os = fmt::format("{} {}", system.sysname, system.release);
    }
    section.application = fmt::format("pidcap {}", packet::kVersion);
    section.comments = {std::string(packet::kCommentGrammar), origin};
    const std::string host = options.host ? *options.host : host_name();
    if (!host.empty()) {
        section.comments.push_back(packet::host_comment(host));
    }
    section.comments.insert(section.comments.end(), options.section_comments.begin(),
                            options.section_comments.end());
    return section;
}

std::string number_text(const std::optional<uint32_t>& number) {
    return number ? fmt::format("{}", *number) : std::string();
}

std::string identity_of(const End& end, std::string_view prefix) {
    std::string identity;
    packet::append_identity(identity, packet::process_as_of(end), prefix);
    return identity;
}

}  // namespace

Result<FileSink> FileSink::create(pcapng::Output output, const FileOptions& options,
                                  const std::string& origin) {
    auto writer = pcapng::Writer::create(std::move(output), section_info(origin, options));
    if (!writer) {
        return std::move(writer).error();
    }
    return FileSink(*std::move(writer), options);
}

FileSink::FileSink(pcapng::Writer writer, const FileOptions& options)
    : writer_(std::move(writer)), options_(options), start_ns_(clock_ns(CLOCK_REALTIME)) {}

Result<void> FileSink::interface(const packet::Interface& interface) {
    if (has(interface)) {
        return {};
    }
    pcapng::Interface block;
    std::string layout;
    if (interface.event != nullptr) {
        layout = packet::layout_text(*interface.event);
        block.description = layout;
    } else {
        block.filter = options_.filter;
    }
    block.link_type = interface.link_type;
    block.snaplen = interface.snaplen;
    block.name = interface.name;
    block.mac = interface.mac;
    auto id = writer_.add_interface(block);
    if (!id) {
        return std::move(id).error();
    }
    if (interface.number >= ids_.size()) {
        ids_.resize(interface.number + size_t{1});
    }
    ids_[interface.number] = *id;
    return write_keys();
}

Result<void> FileSink::write_keys() {
    Result<void> written = writer_.tls_keys(keys_);
    packet::wipe(keys_);
    return written;
}

// Returns what has been written about the process, or null if it may be new or have changed.
FileSink::Written* FileSink::recent(const Process& process) const {
    const Recent& recent = recent_[process.number % recent_.size()];
    const bool is_it = recent.written != nullptr && recent.number == process.number &&
                       recent.written->version == process.version;
    return is_it ? recent.written : nullptr;
}

// Returns what has been written about the process. Writes its Darwin block first if it is new or
// has changed.
Result<FileSink::Written*> FileSink::written(const Process& process) {
    auto [entry, fresh] = known_.try_emplace(process.number);
    Written& written = entry->second;
    if (fresh || written.version != process.version) {
        auto index = writer_.darwin_process(process.pid, process.comm);
        if (!index) {
            return std::move(index).error();
        }
        written = Written{};
        written.version = process.version;
        written.darwin_index = *index;
        if (auto named = name_addresses(process); !named) {
            return std::move(named).error();
        }
    }
    recent_[process.number % recent_.size()] = {process.number, &written};
    return &written;
}

// Writes the names of the process's container for its addresses that the file doesn't have yet: of
// several names of an address, readers take the latest.
Result<void> FileSink::name_addresses(const Process& process) {
    std::vector<pcapng::NameRecord> records;
    for (const packet::NamedAddress& named : names_.add(process)) {
        records.push_back({std::span(named.address.bytes).first(named.address.length), named.name});
    }
    return records.empty() ? Result<void>{} : writer_.names(records);
}

const std::string& FileSink::identity(const End& end, Identity& kept, std::string_view prefix) {
    if (kept.text.empty() || kept.uid != end.uid) {
        kept = {identity_of(end, prefix), end.uid};
    }
    return kept.text;
}

FileSink::CommentInputs FileSink::comment_inputs(const Packet& packet, const Written* peer) {
    const auto number_of = [](const User& user) { return user ? uint64_t{*user} : kNoUser; };
    CommentInputs inputs;
    inputs.tid = packet.self.tid;
    inputs.uid = number_of(packet.self.uid);
    inputs.via = packet.self.via;
    inputs.self_at = packet.self_at;
    if (peer != nullptr) {
        inputs.peer = peer;
        inputs.peer_version = peer->version;
        inputs.peer_tid = packet.peer.tid;
        inputs.peer_uid = number_of(packet.peer.uid);
        inputs.peer_via = packet.peer.via;
    }
    return inputs;
}

bool FileSink::introduces_nobody(const Packet& packet, const Written* self,
                                 const Written* peer) const {
    return options_.comments == Comments::kNone ||
           ((self == nullptr || !introduces(packet.self, *self)) &&
            (peer == nullptr || !introduces(packet.peer, *peer)));
}

// Appends the identity of both ends.
void FileSink::append_ends(std::string& out, const Packet& packet, Written* self, Written* peer) {
    if (self != nullptr) {
        packet::append_process(out, packet.self.process->pid, packet.self.tid,
                               identity(packet.self, self->identity, {}), packet.self.via);
        packet::append_at(out, packet.self_at, packet.direction);
    } else {
        packet::append_reason(out, packet.self.via);
    }
    if (peer != nullptr) {
        packet::append_process(out, packet.peer.process->pid, packet.peer.tid,
                               identity(packet.peer, peer->peer_identity, packet::kPeerPrefix),
                               packet.peer.via, packet::kPeerPrefix);
    }
}

// The returned text is valid until the next call.
std::string_view FileSink::comment_on(const Packet& packet, Written* self, Written* peer) {
    if (options_.comments == Comments::kNone) {
        return {};
    }
    comment_.clear();
    append_ends(comment_, packet, self, peer);
    if (self != nullptr && introduces(packet.self, *self)) {
        packet::append_introduction(comment_, packet::process_as_of(packet.self));
        self->introduced = packet.self.uid;
    }
    // If one process is at both ends, it is introduced once.
    if (peer != nullptr && introduces(packet.peer, *peer)) {
        packet::append_introduction(comment_, packet::process_as_of(packet.peer),
                                    packet::kPeerPrefix);
        peer->introduced = packet.peer.uid;
    }
    return packet::cut_comment(comment_, pcapng::kMaxOptionSize);
}

Result<void> FileSink::packet(const Packet& packet) {
    // Makes room for both ends at once: adding the second must not evict the first.
    if (known_.size() + 2 > kMaxKnown) {
        known_.clear();
        recent_ = {};
    }
    // First of all: Wireshark's library takes a file's link type from the interfaces that stand
    // before any other block, and editcap needs it.
    if (!has(*packet.interface)) {
        if (auto introduced = interface(*packet.interface); !introduced) {
            return introduced;
        }
    }
    Written* self = nullptr;
    Written* peer = nullptr;
    for (const auto& [process, end] :
         {std::pair(packet.self.process, &self), std::pair(packet.peer.process, &peer)}) {
        if (process == nullptr || (*end = recent(*process)) != nullptr) {
            continue;
        }
        auto found = written(*process);
        if (!found) {
            return std::move(found).error();
        }
        *end = *found;
    }
    pcapng::PacketBlock block;
    block.interface_id = *ids_[packet.interface->number];
    block.time_ns = packet.time_ns.value_or(0);
    block.data = packet.data;
    block.wire_length = packet.wire_length;
    block.direction = packet.direction;
    block.drop_count = packet.drop_count;
    if (self != nullptr) {
        block.process = {packet.self.process->pid, packet.self.tid};
        block.darwin_index = self->darwin_index;
    }
    if (auto added = write(block, packet, self, peer); !added) {
        return added;
    }
    any_packet_ = true;
    return self != nullptr && options_.process_blocks ? describe(packet.self, *self)
                                                      : Result<void>{};
}

// Returns where the encoded options of such packets are kept. In short connections packets
// that differ in how their processes were found take turns.
FileSink::CachedOptions& FileSink::cached_for(const Packet& packet, Written& self) {
    const size_t inbound = packet.direction == Direction::kInbound ? 1 : 0;
    // Apart for a peer that isn't known yet, is known by its socket, or by memory.
    const auto via =
        static_cast<size_t>(packet.self.via) + static_cast<size_t>(packet.peer.via) / 2;
    return self.cached[(2 * via + inbound) % kCached];
}

// Writes the packet with its comment. Most packets of a conversation repeat a comment, so its
// encoded form is cached.
Result<void> FileSink::write(pcapng::PacketBlock& block, const Packet& packet, Written* self,
                             Written* peer) {
    if (self == nullptr || packet.drop_count || !introduces_nobody(packet, self, peer)) {
        block.comment = comment_on(packet, self, peer);
        return writer_.packet(block);
    }
    CachedOptions& cached = cached_for(packet, *self);
    const CommentInputs inputs = comment_inputs(packet, peer);
    if (cached.options.size() == 0 || cached.inputs != inputs) {
        cached.inputs = inputs;
        cached.options.clear();
        block.comment = comment_on(packet, self, peer);
        if (auto encoded = writer_.encode_options(block, cached.options); !encoded) {
            return encoded;
        }
    }
    return writer_.packet(block, cached.options.view());
}

// Writes a process information block. It follows the process's first packet, because ahead of the
// file's first packet it would upset the relative times of Wireshark 4.0.
Result<void> FileSink::describe(const End& end, Written& written) {
    if (written.described == std::optional<User>(end.uid)) {
        return {};
    }
    written.described = end.uid;
    const Process& process = *end.process;
    pcapng::ProcessInformation block;
    block.pid = process.pid;
    block.name = process.comm;
    block.path = process.exe;
    block.cmdline = process.cmdline;
    block.ppid = process.ppid;
    block.uid = end.uid;
    block.user = user_of(end);
    block.start_ns = process.start_ns;
    return writer_.process_information(block);
}

Result<void> FileSink::process(const ProcessEvent& event) {
    if (!options_.process_blocks || !any_packet_ ||
        (event.type != ProcessEvent::Type::kExec && event.type != ProcessEvent::Type::kExit)) {
        return {};
    }
    const Process& process = *event.process;
    const std::string arguments = packet::joined_arguments(process);
    const char* what = event.type == ProcessEvent::Type::kExec ? "exec" : "exit";
    const std::string message =
        fmt::format("{} {} [{}] {}", what, process.comm, process.pid, arguments);
    const std::string pid = fmt::format("{}", process.pid);
    const std::string uid = number_text(process.uid);
    const std::string gid = number_text(process.gid);
    // Identifies the process together with the pid. Empty if the start is not known.
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

// Interfaces stand before any other block: see packet().
Result<void> FileSink::keys(std::span<const packet::KeyLogLine> lines) {
    for (const packet::KeyLogLine& line : lines) {
        if (!packet::is_exporter_label(line.label)) {
            packet::append_key_log(keys_, {&line, 1});
        }
    }
    return ids_.empty() ? Result<void>{} : write_keys();
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
    for (size_t number = 0; number < std::min(counters.size(), ids_.size()); number++) {
        if (!ids_[number]) {
            continue;
        }
        const InterfaceCounters& counter = counters[number];
        uint64_t dropped =
            std::accumulate(counter.dropped.begin(), counter.dropped.end(), uint64_t{0});
        pcapng::InterfaceStatistics block;
        block.interface_id = *ids_[number];
        block.time_ns = now;
        block.start_ns = start_ns_;
        block.end_ns = now;
        block.received = counter.captured + counter.filtered + dropped;
        block.os_dropped = dropped;
        block.delivered = counter.captured;
        block.comments = notes_;
        if (auto added = writer_.statistics(block); !added) {
            return added;
        }
        notes_.clear();
    }
    return writer_.close();
}

}  // namespace capture
