// SPDX-License-Identifier: GPL-2.0-only
//
// KeySink: what a capture with TLS keys writes through. Readers use a secret for packets that come
// behind it, and a secret is known some milliseconds after the packet that needs it; so packets
// wait here, all equally long, and secrets don't. Packets wait longer while a handshake is under
// way, up to a limit. Memory is limited, too: then the oldest go on early. Nothing is lost and
// nothing changes its order. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "capture/keys/key_table.h"
#include "capture/packet_types.h"
#include "packet/packet_store.h"
#include "packet/sink.h"

namespace capture::tls {

struct KeySinkOptions {
    // How long every packet waits. 5 ms was the longest that a secret came behind its packet.
    uint64_t lag_ns = 300'000'000;
    // How long packets wait for a handshake that is under way.
    uint64_t wait_ns = 5'000'000'000;
    uint64_t memory = uint64_t{64} << 20;  // bytes
};

class KeySink : public packet::Sink {
  public:
    // Takes the secrets that have come since the last call.
    using TakeSecrets = std::function<std::vector<DerivedSecret>()>;

    // The time now, on the packets' clock.
    using Now = std::function<uint64_t()>;

    // `next` gets packets and keys, and outlives this.
    KeySink(packet::Sink& next, TakeSecrets take_secrets, const KeySinkOptions& options,
            Now now = wall_clock());

    Result<void> interface(const packet::Interface& interface) override;
    Result<void> packet(const packet::Packet& packet) override;
    Result<void> process(const packet::ProcessEvent& event) override;
    Result<void> idle() override;
    Result<void> finish(const std::vector<packet::InterfaceCounters>& counters) override;

    // Returns after how many milliseconds idle() may have something to do; -1: nothing waits.
    int milliseconds_left() const;

    std::vector<KeyStatus> status() const { return table_.status(); }
    // Returns how many secrets came behind packets that may have needed them.
    uint64_t late() const { return late_; }

  private:
    static Now wall_clock();

    Result<void> look_for_hello(const packet::Packet& packet);
    Result<void> take_secrets();
    Result<void> hand_on_due();
    template <typename Wanted>
    Result<void> hand_on(Wanted wanted);

    packet::Sink& next_;
    TakeSecrets take_secrets_;
    KeySinkOptions options_;
    Now now_;
    KeyTable table_;
    packet::PacketStore store_;
    packet::PacketStore::Cursor cursor_;
    Result<void> evicted_;       // what came of packets that went on early
    uint64_t handed_on_ns_ = 0;  // time of the last record that went on
    uint64_t secrets_taken_ns_ = 0;
    uint64_t late_ = 0;
};

}  // namespace capture::tls
