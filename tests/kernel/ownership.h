// SPDX-License-Identifier: GPL-2.0-only
//
// Ownership: who should own which packet, and the verdict on who it is said to be.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/kernel/hook.h"
#include "tests/kernel/pair.h"
#include "tests/support/actor.h"
#include "tests/support/packets.h"

namespace test {

// The processes at both ends of a packet: one of those named; none: no process.
struct Ends {
    std::vector<Who> sender;
    std::vector<Who> receiver;
    // Not right, but of the same service: a parent, a sibling.
    std::vector<Who> related{};
    // How `pid` is known, or why there is none, if it isn't what Ownership expects by itself.
    std::vector<std::string> via{};
    // PIDs that may be missing: of the two ends one has to be named, this one's unless only it is
    // listed here.
    std::vector<uint32_t> optional{};
    // Those whose sockets get a copy each, if `receiver` isn't who gets it.
    std::vector<Who> copies{};
};

using Endpoint = std::pair<std::string, uint16_t>;  // address and port

// From good to bad. `none`: a process is missing, and no wrong one is named.
enum class Verdict { right, related, none, wrong };

struct Score {
    Verdict verdict = Verdict::right;
    std::string reason{};
};

class Ownership {
  public:
    explicit Ownership(Hook hook = Hook::tc) : hook_(hook) {}

    // The process behind an address and port: one of those that claim it.
    void claim(const std::string& protocol, const std::string& address, uint16_t port,
               const Who& who);
    // A process whose socket gets a copy of what goes there.
    void claim_copy(const std::string& protocol, const std::string& address, uint16_t port,
                    const Who& who) {
        copies_[{protocol, address, port}].push_back(who);
    }
    // The process behind an echo request's identifier.
    void claim_echo(const std::string& requester, unsigned id, const Who& who);
    // All that goes from one address to the other, whatever it is.
    void claim_route(const std::string& source, const std::string& destination, const Ends& ends) {
        routes_[{source, destination}] = ends;
    }
    // ICMP errors to this address that quote a packet from this port of it.
    void claim_error(const std::string& address, uint16_t port, const Who& who);
    // A process that shares a socket with others. Signed data is of no other than who signed it;
    // "for=PID" in its note says who should be named as its receiver.
    void add_user(const Who& who) { users_[who.pid] = who; }
    // A process with several threads at a socket: which one sends isn't known of what a softirq
    // sees, as at a veth's far end.
    void add_threads(const Who& who) { threaded_.insert(who.pid); }
    // Where a packet introduces this process, it has to say this.
    void demand(uint32_t pid, const std::string& key, const std::string& value) {
        demands_[pid] = {key, value};
    }
    // Both ends of a path's connection.
    void claim_flow(const std::string& protocol, const Path& path, uint16_t client_port,
                    const Who& client, uint16_t server_port, const Who& server);

    // The same for one conversation only, where others have its server's end, too. `related`: see
    // Ends.
    void claim_conversation(const std::string& protocol, const Path& path, uint16_t client_port,
                            const Who& client, uint16_t server_port, const Who& server,
                            const std::vector<Who>& related = {});
    // `ends`: of what goes from `here` to `there`.
    void claim_conversation(const std::string& protocol, const Endpoint& here,
                            const Endpoint& there, const Ends& ends);

    // Asked first; nullopt: the claims decide.
    using Rule = std::function<std::optional<Ends>(const Packet&)>;
    void set_rule(Rule rule) { rule_ = std::move(rule); }
    // What the claims say; nullopt: nothing.
    std::optional<Ends> by_claims(const Packet& packet) const;

    // Whether the rule, not a default, says whose it is.
    bool rules(const Packet& packet) const { return rule_ && rule_(packet); }
    // A packet that nobody expects is wrong too; ARP and neighbour discovery must be the kernel's.
    Score score(const Packet& packet) const;

  private:
    Score score_ends(const Packet& packet, const Ends& ends) const;
    std::vector<Who> users_of(const Packet& packet, bool of_source) const;
    std::string unmet_demand(const Packet& packet) const;
    void narrow_by_signature(const Packet& packet, Ends& ends) const;
    bool is_signed_by(const Packet& packet, const NamedProcess& sender) const;

    using End = std::tuple<std::string, std::string, uint16_t>;  // protocol, address, port
    Hook hook_;
    std::map<End, std::vector<Who>> claims_;
    std::map<End, std::vector<Who>> copies_;
    std::map<std::tuple<std::string, Endpoint, Endpoint>, Ends> conversations_;
    std::map<uint32_t, Who> users_;
    std::map<std::pair<std::string, unsigned>, Who> echoes_;
    std::map<std::pair<std::string, std::string>, Ends> routes_;
    std::map<Endpoint, Who> errors_;
    std::map<uint32_t, std::pair<std::string, std::string>> demands_;
    std::set<uint32_t> threaded_;
    Rule rule_;
};

// ARP, neighbour discovery and group membership, which the kernel sends when it likes.
bool is_neighbour_discovery(const Packet& packet);

bool is_icmp_error(const Packet& packet);

// What the data says about its sender, if it is signed. tid 0: any thread.
struct Signature {
    uint32_t pid = 0;
    uint32_t tid = 0;
};
std::optional<Signature> signature(const Packet& packet);

// For a note: who should be named as the receiver.
inline std::string for_user(const Actor& actor) {
    return "for=" + std::to_string(actor.pid());
}

// What differs, or nothing. A start of 0 is one that isn't known.
std::string difference(const NamedProcess& named, const Who& who);

}  // namespace test
