// SPDX-License-Identifier: GPL-2.0-only
//
// PacketStore: the latest packets of a capture in a fixed amount of memory. It copies packets with
// the processes at their ends as they are at that moment; when it is full, the oldest go. The limit
// includes those processes and what the store itself needs. Packets and events are added in the
// order of time, and read through cursors, which go on where they are as more is added.
//
// What a cursor returns is valid until the next add(). Interfaces are kept for good: their number
// is bounded by the source. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <variant>
#include <vector>

#include "packet/packet.h"
#include "packet/sink.h"

namespace packet {

class PacketStore {
  public:
    static constexpr uint64_t kSmallest = uint64_t{1} << 20;

    // A place between two records.
    struct Cursor {
        uint64_t chunk = 0;  // number
        size_t offset = 0;
    };
    using Record = std::variant<Packet, ProcessEvent>;

    struct Fill {
        uint64_t limit = 0;  // bytes
        uint64_t bytes = 0;  // in use, at most the limit
        uint64_t packets = 0;
        uint64_t left = 0;       // packets that were pushed out
        uint64_t oldest_ns = 0;  // times of the oldest and the newest record; 0: there is none
        uint64_t newest_ns = 0;
    };

    // `limit`: bytes, at least kSmallest.
    explicit PacketStore(uint64_t limit);
    ~PacketStore();
    PacketStore(const PacketStore&) = delete;
    PacketStore& operator=(const PacketStore&) = delete;

    // Calls `before_chunk_goes(number)` before the records of that chunk, the oldest, are removed:
    // the last chance to read them.
    void before_eviction(std::function<void(uint64_t)> before_chunk_goes) {
        before_eviction_ = std::move(before_chunk_goes);
    }

    void add_interface(const Interface& interface) { interfaces_.push_back(interface); }
    // The packet's interface has been added.
    void add(const Packet& packet);
    void add(const ProcessEvent& event);

    // Frees what stands before the cursor's chunk.
    void forget_before(const Cursor& cursor);

    // Returns the place before the first record of this time or later.
    Cursor find(uint64_t time_ns) const;
    // Returns the record behind the cursor and moves the cursor past it, or nullopt if there is
    // none yet. A cursor whose records were removed goes on at the oldest one.
    std::optional<Record> next(Cursor& cursor) const;

    Fill fill() const;
    const std::deque<Interface>& interfaces() const { return interfaces_; }

  private:
    struct Copy;
    struct Chunk;
    struct EndRecord;
    struct Header;
    using SharedCopy = std::shared_ptr<const Copy>;

    void begin_chunk(size_t record);
    void evict();
    void free_oldest();
    uint32_t index_of(const Process& process);
    void put_end(EndRecord& record, const End& end);
    End end_of(const EndRecord& record, const Chunk& chunk, const std::byte* user) const;
    void append(Header& header, std::span<const uint8_t> data, const End* self, const End* peer);

    uint64_t limit_;
    size_t chunk_size_;
    std::deque<Interface> interfaces_;
    uint64_t process_bytes_ = 0;                       // of all copies
    uint64_t chunk_bytes_ = 0;                         // of all chunks, without the copies
    std::deque<Chunk> chunks_;                         // never empty after the first record
    std::unordered_map<uint32_t, SharedCopy> latest_;  // by process number
    std::unordered_map<uint32_t, uint32_t> in_chunk_;  // its index in the last chunk
    std::function<void(uint64_t)> before_eviction_;
    uint64_t next_chunk_ = 0;
    uint64_t packets_ = 0;
    uint64_t left_ = 0;
};

}  // namespace packet
