// SPDX-License-Identifier: GPL-2.0-only
#include "packet/file_keys.h"

#include <netinet/in.h>

#include <algorithm>
#include <utility>

#include "packet/dissect/dissect.h"
#include "packet/dissect/quic.h"
#include "packet/dissect/tls_hello.h"

namespace packet {
namespace {

// By how much the times of packets and of keys may differ: readings of two clocks, and packets that
// aren't quite in order.
constexpr uint64_t kSlackNs = 50'000'000;
// How long after a client's first packet of QUIC its keys may come.
constexpr uint64_t kHandshakeNs = 5'000'000'000;
// Half of the hellos that are remembered: 1 MiB.
constexpr size_t kHellos = size_t{32} * 1024;

// What a line takes, its places in tables included.
size_t size_of(const KeyLogLine& line) {
    constexpr size_t kPlaces = 64;
    return sizeof(KeyLogLine) + line.label.size() + line.secret.bytes().size() + kPlaces;
}

uint64_t later(uint64_t time_ns, uint64_t by_ns) {
    return time_ns > UINT64_MAX - by_ns ? UINT64_MAX : time_ns + by_ns;
}

}  // namespace

// The number of the first line of this time or later.
uint64_t FileKeys::first_from(uint64_t time_ns) const {
    const auto found = std::ranges::lower_bound(lines_, time_ns, {}, &Held::time_ns);
    return first_ + static_cast<uint64_t>(found - lines_.begin());
}

void FileKeys::begin_file(uint64_t from_ns) {
    file_++;
    hellos_.clear();
    older_hellos_.clear();
    const uint64_t first = first_from(from_ns - std::min(from_ns, 2 * kSlackNs));
    overdue_ = first;
    around_ = first;
    quic_until_ = 0;
}

void FileKeys::note_hello(const ClientRandom& random) {
    if (hellos_.size() >= kHellos) {
        older_hellos_ = std::exchange(hellos_, {});
    }
    hellos_.insert(random);
}

bool FileKeys::has_hello(const ClientRandom& random) const {
    return hellos_.contains(random) || older_hellos_.contains(random);
}

void FileKeys::take(Held& held) {
    if (held.file != file_) {
        held.file = file_;
        due_.push_back(held.line);
    }
}

void FileKeys::take_of(const ClientRandom& random) {
    if (const auto found = by_random_.find(random); found != by_random_.end()) {
        for (const uint64_t number : found->second) {
            take(held(number));
        }
    }
}

// Of a time when a handshake that begins now may bring keys. Lines are looked at once.
void FileKeys::take_around(uint64_t time_ns) {
    const uint64_t from = time_ns - std::min(time_ns, kSlackNs);
    quic_until_ = std::max(quic_until_, later(time_ns, kHandshakeNs));
    for (around_ = std::max(around_, first_from(from));
         around_ < end() && held(around_).time_ns < quic_until_; around_++) {
        take(held(around_));
    }
}

// Before this time all hellos have come.
void FileKeys::take_overdue(uint64_t time_ns) {
    for (overdue_ = std::max(overdue_, first_);
         overdue_ < end() && later(held(overdue_).time_ns, kSlackNs) < time_ns; overdue_++) {
        if (held(overdue_).file == 0) {
            take(held(overdue_));
        }
    }
}

std::span<const KeyLogLine> FileKeys::add(std::span<const KeyLogLine> lines, uint64_t time_ns) {
    due_.clear();
    if (!lines_.empty()) {
        time_ns = std::max(time_ns, lines_.back().time_ns);  // a clock that was set back
    }
    for (const KeyLogLine& line : lines) {
        std::vector<uint64_t>& numbers = by_random_[line.client_random];
        // If both ends are here, each line comes twice.
        if (std::ranges::any_of(numbers,
                                [&](uint64_t known) { return held(known).line == line; })) {
            continue;
        }
        numbers.push_back(end());
        lines_.push_back({line, time_ns});
        bytes_ += size_of(line);
        if (has_hello(line.client_random) || time_ns < quic_until_) {
            take(lines_.back());
        }
    }
    make_room();
    return due_;
}

void FileKeys::make_room() {
    while (bytes_ > limit_ && lines_.size() > 1) {
        const Held& oldest = lines_.front();
        const auto numbers = by_random_.find(oldest.line.client_random);
        numbers->second.erase(numbers->second.begin());
        if (numbers->second.empty()) {
            by_random_.erase(numbers);
        }
        lost_ += oldest.file == 0 ? 1 : 0;
        bytes_ -= size_of(oldest.line);
        lines_.pop_front();
        first_++;
    }
}

std::span<const KeyLogLine> FileKeys::before(const Packet& packet) {
    due_.clear();
    if (lines_.empty()) {  // most captures have no keys
        return due_;
    }
    const uint64_t time_ns = packet.time_ns.value_or(0);
    take_overdue(time_ns);
    const auto dissected = dissect(packet.interface->link_type, packet.data, packet.wire_length);
    if (!dissected) {
        return due_;
    }
    const TlsHello hello = hello_of(*dissected);
    if (hello.type == TlsHello::Type::kClient) {
        note_hello(hello.random);
        take_of(hello.random);
    } else if (dissected->network.protocol == IPPROTO_UDP) {
        Piece datagram = dissected->payload;
        if (take_quic_initial(datagram).version != QuicVersion::kNone) {
            take_around(time_ns);
        }
    }
    return due_;
}

std::span<const KeyLogLine> FileKeys::rest() {
    due_.clear();
    take_overdue(UINT64_MAX);
    return due_;
}

}  // namespace packet
