// SPDX-License-Identifier: GPL-2.0-only
#include "packet/packet_store.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <utility>

namespace packet {
namespace {

constexpr size_t kSmallestChunk = size_t{64} * 1024;
constexpr size_t kLargestChunk = size_t{1} << 20;
constexpr uint64_t kChunks = 32;  // at least, while chunks have no extreme size

constexpr uint32_t kNoProcess = std::numeric_limits<uint32_t>::max();
// What a process costs besides its copy: nodes of two hash tables, shared pointers.
constexpr size_t kPerProcess = 192;
// What a chunk pays for each process that it names.
constexpr size_t kPerReference = 64;

size_t bytes_of(const Process& process) {
    size_t bytes = sizeof(Process) + kPerProcess;
    for (const std::string* text :
         {&process.host, &process.parent_comm, &process.comm, &process.exe, &process.exe_device,
          &process.cmdline, &process.user, &process.container, &process.unit, &process.cgroup}) {
        bytes += text->size() + 1;
    }
    for (const RareText* text : {&process.container_name, &process.container_image,
                                 &process.pod_name, &process.pod_namespace}) {
        bytes += text->empty() ? 0 : sizeof(std::string) + text->view().size() + 1;
    }
    return bytes;
}

size_t aligned(size_t bytes) {
    return (bytes + 7) & ~size_t{7};
}

}  // namespace

// A process as it was. Counts its own bytes.
struct PacketStore::Copy {
    Copy(const Process& of, uint64_t& total)
        : process(of), bytes(bytes_of(of)), process_bytes(total) {
        process_bytes += bytes;
    }
    ~Copy() { process_bytes -= bytes; }
    Copy(const Copy&) = delete;
    Copy& operator=(const Copy&) = delete;

    Process process;
    size_t bytes;
    uint64_t& process_bytes;
};

struct PacketStore::Chunk {
    uint64_t number = 0;
    std::unique_ptr<std::byte[]> bytes;
    size_t capacity = 0;
    size_t used = 0;
    uint64_t packets = 0;
    uint64_t first_ns = 0;
    uint64_t last_ns = 0;
    std::vector<SharedCopy> processes;  // that its records name
    size_t new_processes = 0;           // bytes of those copies that were made for it
};

struct PacketStore::EndRecord {
    uint32_t process = kNoProcess;  // index in the chunk
    uint32_t tid = 0;
    uint32_t uid = 0;
    uint32_t gid = 0;
    uint16_t user_length = 0;  // of the name behind the header, unless it is the process's
    Via via = Via::kUnrecorded;
    bool has_uid = false;
    bool has_gid = false;
    bool user_of_process = false;
};

// What a record begins with. The names of users follow, then the packet's bytes.
struct PacketStore::Header {
    uint64_t time_ns = 0;
    uint64_t number = 0;
    uint64_t drop_count = 0;
    uint32_t size = 0;  // of the whole record
    uint32_t interface = 0;
    uint32_t wire_length = 0;
    uint32_t data_length = 0;
    EndRecord self;
    EndRecord peer;
    Direction direction = Direction::kUnknown;
    At self_at = At::kUnknown;
    bool has_drop_count = false;
    bool is_event = false;
    ProcessEvent::Type event = ProcessEvent::Type::kChange;
};

PacketStore::PacketStore(uint64_t limit)
    : limit_(limit),
      chunk_size_(std::clamp(static_cast<size_t>(limit / kChunks), kSmallestChunk, kLargestChunk)) {
    assert(limit >= kSmallest);
}

PacketStore::~PacketStore() = default;

void PacketStore::evict() {
    if (before_eviction_) {
        before_eviction_(chunks_.front().number);
    }
    left_ += chunks_.front().packets;
    free_oldest();
}

void PacketStore::free_oldest() {
    Chunk gone = std::move(chunks_.front());
    chunks_.pop_front();
    chunk_bytes_ -= gone.capacity + sizeof(Chunk) + gone.processes.size() * kPerReference;
    packets_ -= gone.packets;
    for (SharedCopy& copy : gone.processes) {
        const uint32_t number = copy->process.number;
        copy.reset();
        const auto latest = latest_.find(number);
        if (latest != latest_.end() && latest->second.use_count() == 1) {
            latest_.erase(latest);
        }
    }
}

void PacketStore::forget_before(const Cursor& cursor) {
    while (chunks_.size() > 1 && chunks_.front().number < cursor.chunk) {
        free_oldest();
    }
}

// The oldest go until a chunk for a record of so many bytes fits.
void PacketStore::begin_chunk(size_t record) {
    const size_t capacity = std::max(chunk_size_, record);
    while (!chunks_.empty() && chunk_bytes_ + process_bytes_ + capacity + sizeof(Chunk) > limit_) {
        evict();
    }
    Chunk& chunk = chunks_.emplace_back();
    chunk.number = next_chunk_++;
    chunk.bytes = std::make_unique_for_overwrite<std::byte[]>(capacity);
    chunk.capacity = capacity;
    chunk_bytes_ += capacity + sizeof(Chunk);
    in_chunk_.clear();
}

// Returns the process's index in the last chunk, which has a copy of it afterwards.
uint32_t PacketStore::index_of(const Process& process) {
    Chunk& chunk = chunks_.back();
    const auto found = in_chunk_.find(process.number);
    if (found != in_chunk_.end() &&
        chunk.processes[found->second]->process.version == process.version) {
        return found->second;
    }
    SharedCopy& latest = latest_[process.number];
    if (latest == nullptr || latest->process.version != process.version) {
        latest = std::make_shared<const Copy>(process, process_bytes_);
        chunk.new_processes += latest->bytes;
    }
    const auto index = static_cast<uint32_t>(chunk.processes.size());
    chunk.processes.push_back(latest);
    chunk_bytes_ += kPerReference;
    in_chunk_[process.number] = index;
    return index;
}

void PacketStore::put_end(EndRecord& record, const End& end) {
    record.tid = end.tid;
    record.via = end.via;
    record.has_uid = end.uid.has_value();
    record.has_gid = end.gid.has_value();
    record.uid = end.uid.value_or(0);
    record.gid = end.gid.value_or(0);
    record.user_of_process = end.process != nullptr && end.user == end.process->user;
    if (!record.user_of_process) {
        record.user_length = static_cast<uint16_t>(
            std::min<size_t>(end.user.size(), std::numeric_limits<uint16_t>::max()));
    }
}

void PacketStore::append(Header& header, std::span<const uint8_t> data, const End* self,
                         const End* peer) {
    put_end(header.self, *self);
    put_end(header.peer, *peer);
    const size_t users = size_t{header.self.user_length} + header.peer.user_length;
    const size_t size = aligned(sizeof(Header) + users + data.size());
    if (chunks_.empty() || chunks_.back().capacity - chunks_.back().used < size ||
        chunks_.back().new_processes > chunk_size_) {
        begin_chunk(size);
    }
    header.self.process = self->process != nullptr ? index_of(*self->process) : kNoProcess;
    header.peer.process = peer->process != nullptr ? index_of(*peer->process) : kNoProcess;
    header.size = static_cast<uint32_t>(size);
    header.data_length = static_cast<uint32_t>(data.size());
    Chunk& chunk = chunks_.back();
    std::byte* at = chunk.bytes.get() + chunk.used;
    const auto put = [&at](const void* from, size_t count) {
        if (count > 0) {
            std::memcpy(at, from, count);
        }
        at += count;
    };
    put(&header, sizeof(header));
    put(self->user.data(), header.self.user_length);
    put(peer->user.data(), header.peer.user_length);
    put(data.data(), data.size());
    chunk.first_ns = chunk.used == 0 ? header.time_ns : chunk.first_ns;
    chunk.last_ns = std::max(chunk.last_ns, header.time_ns);
    chunk.used += size;
    // New copies may have taken more than there was.
    while (chunks_.size() > 1 && chunk_bytes_ + process_bytes_ > limit_) {
        evict();
    }
}

void PacketStore::add(const Packet& packet) {
    Header header;
    header.time_ns = packet.time_ns.value_or(0);
    header.number = packet.number;
    header.interface = packet.interface->number;
    header.wire_length = packet.wire_length;
    header.direction = packet.direction;
    header.self_at = packet.self_at;
    header.has_drop_count = packet.drop_count.has_value();
    header.drop_count = packet.drop_count.value_or(0);
    append(header, packet.data, &packet.self, &packet.peer);
    chunks_.back().packets++;
    packets_++;
}

void PacketStore::add(const ProcessEvent& event) {
    Header header;
    header.time_ns = event.time_ns;
    header.is_event = true;
    header.event = event.type;
    const End self{.process = event.process};
    const End peer;
    append(header, {}, &self, &peer);
}

End PacketStore::end_of(const EndRecord& record, const Chunk& chunk, const std::byte* user) const {
    End end;
    end.process =
        record.process != kNoProcess ? &chunk.processes[record.process]->process : nullptr;
    end.tid = record.tid;
    end.via = record.via;
    end.uid = record.has_uid ? std::optional(record.uid) : std::nullopt;
    end.gid = record.has_gid ? std::optional(record.gid) : std::nullopt;
    end.user = record.user_of_process && end.process != nullptr
                   ? std::string_view(end.process->user)
                   : std::string_view(reinterpret_cast<const char*>(user), record.user_length);
    return end;
}

std::optional<PacketStore::Record> PacketStore::next(Cursor& cursor) const {
    if (chunks_.empty()) {
        return std::nullopt;
    }
    if (cursor.chunk < chunks_.front().number) {
        cursor = {chunks_.front().number, 0};
    }
    while (cursor.offset >= chunks_[cursor.chunk - chunks_.front().number].used) {
        if (cursor.chunk == chunks_.back().number) {
            return std::nullopt;
        }
        cursor = {cursor.chunk + 1, 0};
    }
    const Chunk& chunk = chunks_[cursor.chunk - chunks_.front().number];
    const std::byte* at = chunk.bytes.get() + cursor.offset;
    Header header;
    std::memcpy(&header, at, sizeof(header));
    cursor.offset += header.size;
    at += sizeof(header);
    const End self = end_of(header.self, chunk, at);
    at += header.self.user_length;
    if (header.is_event) {
        return ProcessEvent{header.time_ns, header.event, self.process};
    }
    Packet packet;
    packet.self = self;
    packet.peer = end_of(header.peer, chunk, at);
    at += header.peer.user_length;
    packet.number = header.number;
    packet.time_ns = header.time_ns;
    packet.interface = &interfaces_[header.interface];
    packet.direction = header.direction;
    packet.wire_length = header.wire_length;
    packet.data = {reinterpret_cast<const uint8_t*>(at), header.data_length};
    packet.self_at = header.self_at;
    if (header.has_drop_count) {
        packet.drop_count = header.drop_count;
    }
    return packet;
}

PacketStore::Cursor PacketStore::find(uint64_t time_ns) const {
    const auto chunk = std::find_if(chunks_.begin(), chunks_.end(),
                                    [time_ns](const Chunk& one) { return one.last_ns >= time_ns; });
    if (chunk == chunks_.end()) {
        return chunks_.empty() ? Cursor{} : Cursor{chunks_.back().number, chunks_.back().used};
    }
    size_t offset = 0;
    while (offset < chunk->used) {
        Header header;
        std::memcpy(&header, chunk->bytes.get() + offset, sizeof(header));
        if (header.time_ns >= time_ns) {
            break;
        }
        offset += header.size;
    }
    return {chunk->number, offset};
}

PacketStore::Fill PacketStore::fill() const {
    Fill fill;
    fill.limit = limit_;
    fill.bytes = chunk_bytes_ + process_bytes_;
    fill.packets = packets_;
    fill.left = left_;
    if (!chunks_.empty()) {
        fill.oldest_ns = chunks_.front().first_ns;
        fill.newest_ns = chunks_.back().last_ns;
    }
    return fill;
}

}  // namespace packet
