// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/records.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "forensics/analysis/temporary_file.h"

namespace forensics {
namespace {

constexpr size_t kFewestPages = 8;

off_t offset_of(size_t number) {
    return static_cast<off_t>(number * Pages::kSize);
}

}  // namespace

Pages::Pages(size_t most_in_memory) : most_in_memory_(std::max(most_in_memory, kFewestPages)) {}

void Pages::add() {
    std::unique_ptr<std::byte[]> bytes = take_room();
    std::memset(bytes.get(), 0, kSize);
    in_memory_.push_back(static_cast<uint32_t>(pages_.size()));
    pages_.push_back({.bytes = std::move(bytes), .changed = true});
}

std::byte* Pages::load(size_t number) {
    std::unique_ptr<std::byte[]> bytes = take_room();
    size_t done = 0;
    while (done < kSize) {
        const ssize_t got = ::pread(file_.get(), bytes.get() + done, kSize - done,
                                    offset_of(number) + static_cast<off_t>(done));
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            state_ = pcapng::errno_error("read the temporary file", got == 0 ? EIO : errno);
            std::memset(bytes.get() + done, 0, kSize - done);
            break;
        }
        done += got > 0 ? static_cast<size_t>(got) : 0;
    }
    pages_[number].bytes = std::move(bytes);
    in_memory_.push_back(static_cast<uint32_t>(number));
    return pages_[number].bytes.get();
}

// Returns memory for a page: that of another one, which goes to the file, if there are enough.
std::unique_ptr<std::byte[]> Pages::take_room() {
    while (can_store_ && in_memory_.size() >= most_in_memory_) {
        hand_ = hand_ < in_memory_.size() ? hand_ : 0;
        Page& page = pages_[in_memory_[hand_]];
        if (std::exchange(page.used, false)) {
            ++hand_;
            continue;
        }
        if (page.changed && !store(in_memory_[hand_])) {
            can_store_ = false;
            break;
        }
        page.changed = false;
        in_memory_[hand_] = in_memory_.back();
        in_memory_.pop_back();
        return std::move(page.bytes);
    }
    return std::make_unique_for_overwrite<std::byte[]>(kSize);
}

bool Pages::store(size_t number) {
    if (!file_.valid()) {
        auto file = open_temporary_file();
        if (!file) {
            return false;
        }
        file_ = *std::move(file);
    }
    const std::byte* bytes = pages_[number].bytes.get();
    size_t done = 0;
    while (done < kSize) {
        const ssize_t put = ::pwrite(file_.get(), bytes + done, kSize - done,
                                     offset_of(number) + static_cast<off_t>(done));
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        done += static_cast<size_t>(put);
    }
    return true;
}

}  // namespace forensics
