// SPDX-License-Identifier: GPL-2.0-only
//
// DoublingSlots: the slots of a hash table with open addressing and linear probing; a power of two
// of them. They double in place as far as the allocator can, which extends a large block or moves
// its pages: a large table isn't in memory twice meanwhile. A Slot is plain data, and empty as it
// is made.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace forensics {

template <typename Slot>
class DoublingSlots {
    static_assert(std::is_trivially_copyable_v<Slot>);

  public:
    DoublingSlots() { resize(1024); }

    size_t size() const { return size_; }
    size_t mask() const { return size_ - 1; }
    Slot& operator[](size_t at) { return slots_[at]; }
    const Slot& operator[](size_t at) const { return slots_[at]; }
    const Slot* begin() const { return slots_.get(); }
    const Slot* end() const { return slots_.get() + size_; }

    // Doubles them. `is_empty` tells of a slot whether it is; one must be. `find` returns the first
    // empty slot at or behind the place where one belongs, of as many as there are then.
    //
    // Takes out and inserts one after the other. A slot stands in a row of full ones that begins
    // where it belongs, or before; those before it in the row already have their new places if this
    // begins at a row's beginning. So its place is its old one or one before that, in the old half
    // or in the new one, and is empty.
    template <typename IsEmpty, typename Find>
    void grow(IsEmpty is_empty, Find find) {
        const size_t old = size_;
        resize(2 * old);
        size_t begin = 0;
        while (!is_empty(slots_[begin])) {
            begin++;
        }
        for (size_t i = 1; i < old; i++) {
            const Slot slot = std::exchange(slots_[(begin + i) & (old - 1)], {});
            if (!is_empty(slot)) {
                slots_[find(slot)] = slot;
            }
        }
    }

  private:
    struct Free {
        void operator()(Slot* slots) const { std::free(slots); }
    };

    // Throws as a vector does. The new slots are empty.
    void resize(size_t size) {
        void* resized = std::realloc(slots_.get(), size * sizeof(Slot));
        if (resized == nullptr) {
            throw std::bad_alloc();
        }
        static_cast<void>(slots_.release());
        slots_.reset(static_cast<Slot*>(resized));
        std::uninitialized_fill(slots_.get() + size_, slots_.get() + size, Slot{});
        size_ = size;
    }

    std::unique_ptr<Slot[], Free> slots_;
    size_t size_ = 0;
};

}  // namespace forensics
