// SPDX-License-Identifier: GPL-2.0-only
#include "tests/kernel/ownership.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace test {
namespace {

// /proc tells clock ticks of 10 ms, a file may know better; both add an error of the clocks.
constexpr uint64_t kStartTolerance = 11'000'000;

std::string without_difference(const NamedProcess& named, const std::vector<Who>& whos) {
    std::string reasons;
    for (const Who& who : whos) {
        const std::string reason = difference(named, who);
        if (reason.empty()) {
            return {};
        }
        reasons += reason + "; ";
    }
    return reasons;
}

// What is missing isn't wrong.
bool is_without_exe(NamedProcess named, const std::vector<Who>& whos) {
    return named.exe.empty() && std::ranges::any_of(whos, [&](const Who& who) {
               named.exe = who.exe;
               return difference(named, who).empty();
           });
}

bool is_one_of(const std::optional<NamedProcess>& named, const std::vector<Who>& whos) {
    return named && !whos.empty() && without_difference(*named, whos).empty();
}

// One end of a packet, where there must be a process.
Score score_end(const std::optional<NamedProcess>& named, const std::vector<Who>& whos,
                const std::vector<Who>& related, const std::string& which) {
    if (!named) {
        return {Verdict::none, which + " isn't named; it is " + std::to_string(whos.front().pid) +
                                   " (" + whos.front().comm + ")"};
    }
    const std::string reason = without_difference(*named, whos);
    if (reason.empty()) {
        return {};
    }
    if (is_without_exe(*named, whos)) {
        return {Verdict::none, which + " has no exe"};
    }
    return {is_one_of(named, related) ? Verdict::related : Verdict::wrong,
            which + " is wrong: " + reason};
}

bool may_miss(const Ends& ends, const std::vector<Who>& whos) {
    return !whos.empty() && std::find(ends.optional.begin(), ends.optional.end(),
                                      whos.front().pid) != ends.optional.end();
}

void take_worse(Score& score, Score other) {
    if (other.verdict > score.verdict) {
        score.verdict = other.verdict;
    }
    score.reason += other.reason;
}

// What the provenance of data that its sender signed should be: by its socket, and a look-up for
// its receiver, or, for what is in another namespace, an earlier packet.
std::string wrong_provenance(const NamedProcess& self, const std::optional<NamedProcess>& peer,
                             bool receiver_first, bool loopback) {
    std::string reason;
    const std::optional<NamedProcess>& sender = receiver_first ? peer : self;
    if (sender && sender->via != "socket") {
        reason += "data whose sender isn't known by its socket; ";
    }
    if (receiver_first && self.via != "lookup") {
        reason += "data whose receiver isn't known by a look-up; ";
    }
    const char* far_via = loopback ? "lookup" : "flow";
    if (!receiver_first && peer && peer->via != far_via) {
        reason += std::string("data whose far end isn't known by ") + far_via;
    }
    return reason;
}

}  // namespace

bool is_neighbour_discovery(const Packet& packet) {
    return packet.protocol == "arp" || packet.protocol == "igmp" ||
           (packet.protocol == "icmpv6" && packet.icmp_type >= 130 && packet.icmp_type <= 143);
}

bool is_icmp_error(const Packet& packet) {
    // Unreachable and time exceeded; RFC 4443: below 128 are errors.
    return packet.protocol == "icmp"
               ? packet.icmp_type == 3 || packet.icmp_type == 11
               : packet.protocol == "icmpv6" && packet.icmp_type >= 1 && packet.icmp_type < 128;
}

std::optional<Signature> signature(const Packet& packet) {
    Signature found;
    if (std::sscanf(packet.payload.c_str(), "pid=%u tid=%u", &found.pid, &found.tid) != 2) {
        return std::nullopt;
    }
    return found;
}

std::string difference(const NamedProcess& named, const Who& who) {
    std::string text;
    const auto compare = [&](const char* what, const std::string& is, const std::string& should) {
        if (is != should) {
            text += std::string(text.empty() ? "" : ", ") + what + " is '" + is + "', not '" +
                    should + "'";
        }
    };
    compare("pid", std::to_string(named.pid), std::to_string(who.pid));
    compare("comm", named.comm, who.comm);
    compare("exe", named.exe, who.exe);
    compare("uid", std::to_string(named.uid), std::to_string(who.uid));
    const uint64_t apart = named.start_ns > who.start_ns ? named.start_ns - who.start_ns
                                                         : who.start_ns - named.start_ns;
    if (who.start_ns != 0 && apart > kStartTolerance) {
        compare("st", std::to_string(named.start_ns), std::to_string(who.start_ns));
    }
    return text;
}

void Ownership::claim(const std::string& protocol, const std::string& address, uint16_t port,
                      const Who& who) {
    claims_[{protocol, address, port}].push_back(who);
}

void Ownership::claim_echo(const std::string& requester, unsigned id, const Who& who) {
    echoes_[{requester, id}] = who;
}

void Ownership::claim_error(const std::string& address, uint16_t port, const Who& who) {
    errors_[{address, port}] = who;
}

void Ownership::claim_flow(const std::string& protocol, const Path& path, uint16_t client_port,
                           const Who& client, uint16_t server_port, const Who& server) {
    claim(protocol, path.client_address, client_port, client);
    claim(protocol, path.server_address, server_port, server);
}

void Ownership::claim_conversation(const std::string& protocol, const Path& path,
                                   uint16_t client_port, const Who& client, uint16_t server_port,
                                   const Who& server, const std::vector<Who>& related) {
    claim_conversation(protocol, {path.client_address, client_port},
                       {path.server_address, server_port}, {{client}, {server}, related});
}

void Ownership::claim_conversation(const std::string& protocol, const Endpoint& here,
                                   const Endpoint& there, const Ends& ends) {
    Ends back = ends;
    std::swap(back.sender, back.receiver);
    conversations_[{protocol, here, there}] = ends;
    conversations_[{protocol, there, here}] = back;
}

std::optional<Ends> Ownership::by_claims(const Packet& packet) const {
    if (const auto route = routes_.find({packet.source, packet.destination});
        route != routes_.end()) {
        return route->second;
    }
    Ends ends;
    const bool is_request = packet.icmp_type == 8 || packet.icmp_type == 128;
    const bool is_reply = packet.icmp_type == 0 || packet.icmp_type == 129;
    if (is_request || is_reply) {
        const auto found =
            echoes_.find({is_request ? packet.source : packet.destination, packet.echo_id});
        if (found == echoes_.end()) {
            return std::nullopt;
        }
        (is_request ? ends.sender : ends.receiver).push_back(found->second);
        return ends;
    }
    if (is_icmp_error(packet)) {
        // tshark shows the quoted packet's ports.
        const auto found = errors_.find({packet.destination, packet.source_port});
        return found == errors_.end()
                   ? std::nullopt
                   : std::optional(Ends{{}, {found->second}, {}, {"icmp-error"}});
    }
    const auto found = conversations_.find({packet.protocol,
                                            {packet.source, packet.source_port},
                                            {packet.destination, packet.destination_port}});
    if (found != conversations_.end()) {
        ends = found->second;
        narrow_by_signature(packet, ends);
        return ends;
    }
    ends = {users_of(packet, true), users_of(packet, false)};
    const auto copies =
        copies_.find({packet.protocol, packet.destination, packet.destination_port});
    if (copies != copies_.end()) {
        ends.copies = copies->second;
    }
    if (ends.sender.empty() && ends.receiver.empty()) {
        return std::nullopt;
    }
    narrow_by_signature(packet, ends);
    return ends;
}

// Everybody who claims an end.
std::vector<Who> Ownership::users_of(const Packet& packet, bool of_source) const {
    const auto found =
        claims_.find({packet.protocol, of_source ? packet.source : packet.destination,
                      of_source ? packet.source_port : packet.destination_port});
    return found == claims_.end() ? std::vector<Who>() : found->second;
}

bool Ownership::is_signed_by(const Packet& packet, const NamedProcess& sender) const {
    const auto signer = signature(packet);
    const bool may_miss_thread = packet.interface != "lo" && threaded_.contains(sender.pid);
    return signer->pid == sender.pid &&
           (signer->tid == 0 || signer->tid == sender.tid || (sender.tid == 0 && may_miss_thread));
}

void Ownership::narrow_by_signature(const Packet& packet, Ends& ends) const {
    if (const auto signer = signature(packet)) {
        if (const auto user = users_.find(signer->pid); user != users_.end()) {
            ends.sender = {user->second};
        }
    }
    const size_t note = packet.payload.find("for=");
    if (note != std::string::npos) {
        ends.receiver = {users_.at(
            static_cast<uint32_t>(std::strtoul(packet.payload.c_str() + note + 4, nullptr, 10)))};
    }
}

std::string Ownership::unmet_demand(const Packet& packet) const {
    for (const std::string prefix : {"", "peer."}) {
        // Only an introduction has the parent's name.
        const auto named = packet.comment.find(prefix + "pid");
        if (named == packet.comment.end() || !packet.comment.contains(prefix + "pcomm")) {
            continue;
        }
        const auto demand =
            demands_.find(static_cast<uint32_t>(std::strtoul(named->second.c_str(), nullptr, 10)));
        if (demand == demands_.end()) {
            continue;
        }
        const auto& [key, value] = demand->second;
        const auto said = packet.comment.find(prefix + key);
        if (said == packet.comment.end() || said->second != value) {
            return prefix + key + " isn't " + value;
        }
    }
    return {};
}

Score Ownership::score(const Packet& packet) const {
    std::optional<Ends> ends = rule_ ? rule_(packet) : std::nullopt;
    if (!ends && is_neighbour_discovery(packet)) {
        ends = Ends{.sender = {}, .receiver = {}, .via = {"kernel", "forwarded"}};
    }
    if (!ends) {
        ends = by_claims(packet);
    }
    if (!ends) {
        return {Verdict::wrong, "nobody expects this packet"};
    }
    return score_ends(packet, at_hook(hook_, packet, *ends));
}

Score Ownership::score_ends(const Packet& packet, const Ends& ends) const {
    const auto self = packet.self();
    const auto peer = packet.peer();
    const bool loopback = packet.interface == "lo";
    const bool incoming = !loopback && !packet.outbound;
    if (loopback && !packet.outbound) {
        return {Verdict::wrong, "a packet on lo is captured on its way out"};
    }
    // The process at this end, or the only one.
    const bool receiver_first = incoming ? !ends.receiver.empty() : ends.sender.empty();
    const std::vector<Who>& first = receiver_first ? ends.receiver : ends.sender;
    const std::vector<Who>& second = receiver_first ? ends.sender : ends.receiver;
    const bool via_is_expected = ends.via.empty() || std::find(ends.via.begin(), ends.via.end(),
                                                               packet.via()) != ends.via.end();
    if (first.empty()) {
        if (self || peer) {
            return {Verdict::wrong, "no process should be named"};
        }
        return via_is_expected ? Score{} : Score{Verdict::none, "for another reason"};
    }
    const bool first_may_miss = may_miss(ends, first) && !may_miss(ends, second);
    const bool second_may_miss =
        second.empty() || may_miss(ends, second) || !(loopback || (incoming && second.size() == 1));
    // The only process that is named may be the other end's.
    if (!peer && is_one_of(self, second) && !is_one_of(self, first)) {
        return first_may_miss ? Score{} : Score{Verdict::none, "only the other end is named"};
    }
    Score score = score_end(self, first, ends.related, "pid");
    if (second.empty() && peer) {
        take_worse(score, {Verdict::wrong, "peer should not be named"});
    } else if (peer && peer->via == "flow") {
        // The far end as it was when it was last heard of: one of its users.
        const std::vector<Who> users = users_of(packet, receiver_first);
        take_worse(score, score_end(peer, users.empty() ? second : users, ends.related, "peer"));
    } else if (peer || !second_may_miss) {
        take_worse(score, score_end(peer, second, ends.related, "peer"));
    }
    if (score.verdict != Verdict::right) {
        return score;
    }
    if (!via_is_expected) {
        return {Verdict::wrong, "for another reason"};
    }
    if (const std::string unmet = unmet_demand(packet); !unmet.empty()) {
        return {Verdict::wrong, unmet};
    }
    const auto& sender = receiver_first ? peer : self;
    if (signature(packet)) {
        if (sender && !is_signed_by(packet, *sender)) {
            return {Verdict::wrong, "signed by another process or thread"};
        }
        const std::string reason =
            ends.via.empty() ? wrong_provenance(*self, peer, receiver_first, loopback) : "";
        if (!reason.empty()) {
            return {Verdict::wrong, reason};
        }
    }
    return score;
}

}  // namespace test
