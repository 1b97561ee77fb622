// SPDX-License-Identifier: GPL-2.0-only
//
// Records: a growing array of plain records, of which a bounded part is in memory; the rest is in a
// temporary file. A reference is valid until the next call of any member: the record may then be
// moved out. One thread.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace forensics {

// Pages of bytes, the least recently used of which go to a file. If the file can't be written, all
// pages stay in memory.
class Pages {
  public:
    static constexpr size_t kSize = 8192;

    explicit Pages(size_t most_in_memory);

    // Returns the page's bytes, which are valid until the next call. A page that is new is zero.
    // `number` is at most that of the last page + 1.
    std::byte* at(size_t number, bool changes) {
        assert(number <= pages_.size());
        if (number == pages_.size()) {
            add();
        }
        Page& page = pages_[number];
        page.used = true;
        page.changed = page.changed || changes;
        return page.bytes != nullptr ? page.bytes.get() : load(number);
    }
    // Returns the page's bytes, or null if they are in the file.
    const std::byte* in_memory(size_t number) const { return pages_[number].bytes.get(); }
    // Why bytes are lost, if they are: the file can't be read back.
    const pcapng::Result<void>& state() const { return state_; }

  private:
    struct Page {
        std::unique_ptr<std::byte[]> bytes;  // null: in the file
        bool changed = false;                // the file doesn't have it so
        bool used = false;
    };

    void add();
    std::byte* load(size_t number);
    std::unique_ptr<std::byte[]> take_room();
    bool store(size_t number);

    size_t most_in_memory_;
    std::vector<Page> pages_;
    std::vector<uint32_t> in_memory_;  // their numbers
    size_t hand_ = 0;                  // in in_memory_: which is considered next (CLOCK)
    pcapng::Fd file_;
    bool can_store_ = true;
    pcapng::Result<void> state_;
};

template <typename Record>
class Records {
    static_assert(std::is_trivially_copyable_v<Record> &&
                  std::is_trivially_destructible_v<Record> && sizeof(Record) <= Pages::kSize);

  public:
    explicit Records(size_t bytes_in_memory) : pages_(bytes_in_memory / Pages::kSize) {}

    size_t size() const { return size_; }
    Record& emplace_back() {
        const size_t number = size_++;
        return *new (place(number, true)) Record();
    }
    Record& operator[](size_t number) {
        return *std::launder(reinterpret_cast<Record*>(place(number, true)));
    }
    const Record& operator[](size_t number) const {
        return *std::launder(reinterpret_cast<const Record*>(place(number, false)));
    }
    // Begins to bring a record into the cache, if it is in memory.
    void prefetch(size_t number) const {
        assert(number < size_);
        if (const std::byte* page = pages_.in_memory(number / kPerPage)) {
            const std::byte* record = page + number % kPerPage * sizeof(Record);
            for (size_t at = 0; at < sizeof(Record); at += kCacheLine) {
                __builtin_prefetch(record + at, 1);
            }
        }
    }
    const pcapng::Result<void>& state() const { return pages_.state(); }

  private:
    static constexpr size_t kCacheLine = 64;
    static constexpr size_t kPerPage = Pages::kSize / sizeof(Record);

    std::byte* place(size_t number, bool changes) const {
        assert(number < size_);
        return pages_.at(number / kPerPage, changes) + number % kPerPage * sizeof(Record);
    }

    mutable Pages pages_;
    size_t size_ = 0;
};

}  // namespace forensics
