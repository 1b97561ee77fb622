// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/first_bytes.h"

#include <algorithm>
#include <cassert>

namespace forensics {

FirstBytes::Handle FirstBytes::begin() {
    generation_ = std::max<uint32_t>(generation_ + 1, 1);
    const Handle handle{generation_};
    Buffer& buffer = buffers_[slot(handle)];
    buffer.generation = generation_;
    buffer.bytes.clear();
    buffer.whole = 0;
    buffer.islands.clear();
    return handle;
}

void FirstBytes::end(Handle handle) {
    if (alive(handle)) {
        buffers_[slot(handle)].generation = 0;
    }
}

bool FirstBytes::alive(Handle handle) const {
    return handle.generation != 0 && buffers_[slot(handle)].generation == handle.generation;
}

bool FirstBytes::add(Handle handle, size_t offset, std::span<const std::byte> bytes) {
    assert(alive(handle));
    Buffer& buffer = buffers_[slot(handle)];
    if (offset >= kMaxBytes) {
        return false;
    }
    bytes = bytes.first(std::min(bytes.size(), kMaxBytes - offset));
    const size_t end = offset + bytes.size();
    if (buffer.bytes.size() < end) {
        buffer.bytes.resize(end);
    }
    std::ranges::copy(bytes, buffer.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    if (offset > buffer.whole) {
        buffer.islands.emplace_back(offset, end);
        return buffer.islands.size() <= kMaxIslands;
    }
    buffer.whole = std::max(buffer.whole, end);
    // An island that is reached may reach others.
    for (bool reached = true; reached;) {
        reached = std::erase_if(buffer.islands, [&](const std::pair<size_t, size_t>& island) {
                      if (island.first > buffer.whole) {
                          return false;
                      }
                      buffer.whole = std::max(buffer.whole, island.second);
                      return true;
                  }) > 0;
    }
    return true;
}

std::span<const std::byte> FirstBytes::bytes(Handle handle) const {
    assert(alive(handle));
    const Buffer& buffer = buffers_[slot(handle)];
    return std::span(buffer.bytes).first(buffer.whole);
}

}  // namespace forensics
