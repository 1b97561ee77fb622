// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/source/read_ahead.h"

#include <sched.h>
#include <signal.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace forensics {
namespace {

using pcapng::Result;

constexpr size_t kBatches = 8;
// Of a batch: some 250 packets with comments, so that all batches stay in the cache.
constexpr size_t kBatchBytes = size_t{64} * 1024;
constexpr size_t kBatchBlocks = 512;
constexpr size_t kMostBytesKept = 4 * kBatchBytes;

// What a caller reads alone before the thread is worth its start.
constexpr uint64_t kAloneBytes = size_t{1024} * 1024;

bool has_several_cpus() {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    return sched_getaffinity(0, sizeof cpus, &cpus) == 0 && CPU_COUNT(&cpus) > 1;
}

// All signals are for the threads that were there before.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { (void)pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  private:
    sigset_t before_{};
};

Result<bool> read_next(pcapng::Reader& reader, const packet::KeyedHash& comment_hash,
                       ReadAhead::Read& into) {
    Result<bool> read = reader.next_into(into.block);
    if (read.ok() && *read) {
        into.offset = reader.offset();
        into.raw = reader.raw();
        into.byte_order = reader.byte_order();
        into.problem = reader.problem();
        if (const auto* packet = std::get_if<pcapng::PacketRead>(&into.block);
            packet != nullptr && packet->comment.data() != nullptr) {
            into.comment_hash = comment_hash(packet->comment);
        }
    }
    return read;
}

}  // namespace

class ReadAhead::Thread {
  public:
    // Returns null if there can be no thread.
    static std::unique_ptr<Thread> start(pcapng::Reader& reader,
                                         const packet::KeyedHash& comment_hash) {
        const SignalsBlocked blocked;
        try {
            return std::make_unique<Thread>(reader, comment_hash);
        } catch (const std::system_error&) {
            return nullptr;  // too many of them: the caller goes on alone
        }
    }

    Thread(pcapng::Reader& reader, const packet::KeyedHash& comment_hash)
        : comment_hash_(comment_hash), thread_([this, &reader] { run(reader); }) {}
    ~Thread() {
        {
            const std::lock_guard lock(mutex_);
            stopped_ = true;
        }
        room_.notify_one();
        thread_.join();
    }
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    // Gives the last batch back and waits for the next one. Empty: the end.
    Result<std::span<const Read>> next() {
        if (held_ != nullptr && held_->last) {
            return end_of(*held_);
        }
        std::unique_lock lock(mutex_);
        if (held_ != nullptr) {
            give_back(*held_);
        }
        ready_.wait(lock, [this] { return filled_ > taken_; });
        held_ = &batches_[taken_ % kBatches];
        if (held_->size == 0) {
            return end_of(*held_);
        }
        return std::span<const Read>(held_->reads).first(held_->size);
    }

  private:
    struct Batch {
        std::vector<uint8_t> bytes;  // that the blocks point into
        std::vector<Read> reads;     // the first `size` of them
        size_t size = 0;             // 0: only of the last one
        bool last = false;
        Result<void> failure;  // what follows the last one

        // The memory of a large block isn't kept.
        bool is_large() const { return bytes.size() > kMostBytesKept; }
    };

    static Result<std::span<const Read>> end_of(const Batch& last) {
        if (!last.failure.ok()) {
            return last.failure.error();
        }
        return std::span<const Read>();
    }

    void give_back(Batch& batch) {
        if (batch.is_large()) {
            batch.bytes = {};
        }
        ++taken_;
        if (filled_ - taken_ <= kBatches / 2) {
            room_.notify_one();
        }
    }

    void run(pcapng::Reader& reader) {
        Batch* batch = nullptr;
        do {
            batch = &batches_[filled_ % kBatches];  // nobody else changes `filled_`
            fill(reader, *batch);
        } while (hand_over(*batch));
    }

    // Waits until there is room for another one; false: there is none, or nobody wants it.
    bool hand_over(const Batch& batch) {
        // A large one's memory comes back first. Else the thread sleeps until half of them are
        // free, so that it isn't woken for each.
        const bool large = batch.is_large();
        const bool last = batch.last;
        std::unique_lock lock(mutex_);
        ++filled_;
        ready_.notify_one();
        if (last) {
            return false;
        }
        if (large || filled_ - taken_ == kBatches) {
            const size_t most = large ? 0 : kBatches / 2;
            room_.wait(lock, [this, most] { return stopped_ || filled_ - taken_ <= most; });
        }
        return !stopped_;
    }

    // Takes a block that may have to be read, and all that are in memory behind it.
    void fill(pcapng::Reader& reader, Batch& batch) const {
        batch.size = 0;
        do {
            if (batch.size == batch.reads.size()) {
                batch.reads.emplace_back();
            }
            Result<bool> read = read_next(reader, comment_hash_, batch.reads[batch.size]);
            if (!read.ok() || !*read) {
                batch.last = true;
                batch.failure = read.ok() ? Result<void>() : std::move(read).error();
                return;
            }
            ++batch.size;
        } while (batch.size < kBatchBlocks && reader.has_next());
        batch.bytes.resize(kBatchBytes);
        reader.exchange_buffer(batch.bytes);
    }

    packet::KeyedHash comment_hash_;
    std::array<Batch, kBatches> batches_;
    std::mutex mutex_;
    std::condition_variable ready_;
    std::condition_variable room_;
    // How many batches were filled and given back, ever: those in between are the caller's.
    uint64_t filled_ = 0;
    uint64_t taken_ = 0;
    bool stopped_ = false;
    Batch* held_ = nullptr;  // what the caller has
    std::thread thread_;     // the last: it uses the others
};

ReadAhead::ReadAhead(pcapng::Reader reader, const packet::KeyedHash& comment_hash)
    : reader_(std::move(reader)), comment_hash_(comment_hash) {}
ReadAhead::~ReadAhead() = default;

void ReadAhead::start() {
    may_start_ = has_several_cpus();
}

Result<const ReadAhead::Read*> ReadAhead::next() {
    if (!batch_.empty()) {
        batch_ = batch_.subspan(1);
    }
    if (!batch_.empty()) {
        return &batch_.front();
    }
    return thread_ != nullptr ? next_of_batch() : next_alone();
}

Result<const ReadAhead::Read*> ReadAhead::next_alone() {
    if (may_start_ && reader_.offset() >= kAloneBytes) {
        may_start_ = false;
        thread_ = Thread::start(reader_, comment_hash_);
        if (thread_ != nullptr) {
            return next_of_batch();
        }
    }
    const Result<bool> read = read_next(reader_, comment_hash_, read_);
    if (!read.ok()) {
        return read.error();
    }
    return *read ? &read_ : nullptr;
}

Result<const ReadAhead::Read*> ReadAhead::next_of_batch() {
    const auto batch = thread_->next();
    if (!batch.ok()) {
        return batch.error();
    }
    batch_ = *batch;
    return batch_.empty() ? nullptr : &batch_.front();
}

}  // namespace forensics
