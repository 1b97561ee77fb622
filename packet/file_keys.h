// SPDX-License-Identifier: GPL-2.0-only
//
// FileKeys: which of a running source's keys belong into which of the files that its packets go to,
// one after the other. A file gets the keys of the connections whose ClientHello it has, before
// that packet if they are there by then, for a reader needs both. Packets come in the order of
// time.
//
// What QUIC encrypts of its hellos isn't read here: a file with one of its first packets gets all
// keys that came around that time. Keys whose hello isn't recognized, and doesn't come while
// packets of that time do, go into the file at hand, so that none is lost. Keeps the latest keys up
// to a limit, for hellos that are still to come or come again. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "packet/key_log.h"
#include "packet/keyed_hash.h"
#include "packet/packet.h"

namespace packet {

class FileKeys {
  public:
    // Enough for all handshakes of some seconds.
    static constexpr size_t kLimit = size_t{16} * 1024 * 1024;

    // `limit`: bytes, about, that the keys take.
    explicit FileKeys(size_t limit = kLimit) : limit_(limit) {}

    // A file begins, with packets of this time and later.
    void begin_file(uint64_t from_ns);

    // Takes lines that have come at this time, after the hello was on the wire. Times are
    // nanoseconds since the epoch, as those of packets. Returns those to be written now. What these
    // functions return is valid until the next call, and isn't returned again for this file.
    std::span<const KeyLogLine> add(std::span<const KeyLogLine> lines, uint64_t time_ns);
    // Returns the lines that belong before this packet, the next one of the file.
    std::span<const KeyLogLine> before(const Packet& packet);
    // Returns the lines that are in no file so far: no more packets come.
    std::span<const KeyLogLine> rest();

    // Lines that had to go before they were in any file.
    uint64_t lost() const { return lost_; }

  private:
    struct Held {
        KeyLogLine line;
        uint64_t time_ns = 0;
        uint64_t file = 0;  // the latest that has it; 0: none
    };

    Held& held(uint64_t number) { return lines_[number - first_]; }
    uint64_t end() const { return first_ + lines_.size(); }
    uint64_t first_from(uint64_t time_ns) const;
    void note_hello(const ClientRandom& random);
    bool has_hello(const ClientRandom& random) const;
    void take(Held& held);
    void take_of(const ClientRandom& random);
    void take_around(uint64_t time_ns);
    void take_overdue(uint64_t time_ns);
    void make_room();

    size_t limit_;
    std::deque<Held> lines_;  // in the order in which they came, and of time
    uint64_t first_ = 0;      // the number of the first of them
    size_t bytes_ = 0;
    uint64_t lost_ = 0;
    std::unordered_map<ClientRandom, std::vector<uint64_t>, KeyedHash> by_random_;  // numbers

    uint64_t file_ = 0;        // the file at hand; the first is 1
    uint64_t overdue_ = 0;     // lines before this number have been looked at, as to their time
    uint64_t around_ = 0;      // likewise, for QUIC
    uint64_t quic_until_ = 0;  // a handshake of QUIC in the file at hand may bring keys before then
    // The latest hellos of the file at hand, in two halves, of which the older one is dropped.
    std::unordered_set<ClientRandom, KeyedHash> hellos_;
    std::unordered_set<ClientRandom, KeyedHash> older_hellos_;
    std::vector<KeyLogLine> due_;
};

}  // namespace packet
