// SPDX-License-Identifier: GPL-2.0-only
//
// KeyTable: brings together the hellos that were captured and the secrets that probes have seen.
// A secret is handed out once, and only if the ClientHello of its connection is in the capture: so
// none of a process whose packets aren't wanted gets out. What is old is forgotten. Times are in
// nanoseconds since the epoch, as those of packets. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "packet/key_log.h"
#include "packet/keyed_hash.h"
#include "packet/packet.h"

namespace capture::tls {

// A secret that a probe has seen.
struct DerivedSecret {
    packet::KeyLogLine line = {};
    uint64_t time_ns = 0;
    uint32_t pid = 0;          // who derived it, in the initial PID namespace
    std::string library = {};  // "OpenSSL 3.0.19"
};

// A line that is to be written now, and the time of the first packet that may need it.
struct DueLine {
    packet::KeyLogLine line;
    uint64_t needed_ns = 0;
};

// The connections of one process, at whichever end of them.
struct KeyStatus {
    std::string comm;
    uint32_t pid = 0;          // 0: of all processes for which there was no room
    std::string library = {};  // that this process took secrets from; empty: none was seen
    uint64_t hellos = 0;       // connections whose ClientHello was captured
    uint64_t with_keys = 0;
};

class KeyTable {
  public:
    // A packet may need a secret that is derived so long after it; 5 ms was the longest seen.
    static constexpr uint64_t kBehindNs = 5'000'000;
    // How long a secret waits for its hello, and a connection is remembered.
    static constexpr uint64_t kPatienceNs = 10'000'000'000;
    static constexpr uint64_t kMemoryNs = 600'000'000'000;
    // How many connections are remembered; then the oldest go. And how many processes: further ones
    // are counted together.
    static constexpr size_t kMost = 65'536;
    static constexpr size_t kMostProcesses = 4'096;

    // A ClientHello was captured. Returns what is to be written of its connection by now.
    std::vector<packet::KeyLogLine> hello(const packet::ClientRandom& random,
                                          const packet::Packet& packet);

    // Returns the line if it is to be written now.
    std::optional<DueLine> secret(DerivedSecret secret);

    // Returns the time of the first packet that may need a secret that is still to come: of the
    // captured handshakes of TLS 1.3 that are under way, of which there is a secret, and one that
    // they end with is missing. Those that have been so for `wait_ns` don't count. Nothing: there
    // is none.
    std::optional<uint64_t> needed_since(uint64_t now_ns, uint64_t wait_ns);

    void forget(uint64_t now_ns);

    // By process, those with the most connections first.
    std::vector<KeyStatus> status() const;

  private:
    struct Connection {
        uint64_t secret_ns = 0;  // of the first secret of a handshake under way
        bool is_captured = false;
        bool has_keys = false;
        std::vector<std::string> labels = {};  // of the secrets that have come
        std::vector<packet::KeyLogLine> waiting = {};
        std::vector<uint32_t> processes = {};  // numbers of those at its ends
        // Who has derived secrets of it, by pid, and with what.
        std::vector<std::pair<uint32_t, std::string>> libraries = {};
    };
    struct Participant {
        KeyStatus status;
        uint32_t host_pid = 0;
    };

    Connection& connection_of(const packet::ClientRandom& random, uint64_t time_ns);
    void forget_oldest();
    void take_part(Connection& connection, const packet::Process* process);
    void has_keys(Connection& connection);

    std::unordered_map<packet::ClientRandom, Connection, packet::KeyedHash> connections_;
    // The oldest first: those that are younger than kPatienceNs, and captured ones from then on.
    using InOrder = std::deque<std::pair<uint64_t, packet::ClientRandom>>;
    InOrder young_;
    InOrder captured_;
    std::vector<packet::ClientRandom> under_way_;
    std::unordered_map<uint32_t, Participant> participants_;  // by process number
};

}  // namespace capture::tls
