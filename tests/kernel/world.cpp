// SPDX-License-Identifier: GPL-2.0-only
#include "tests/kernel/world.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "tests/support/capture.h"

namespace test {
namespace {

// /proc tells clock ticks of 10 ms, a file may know better; both add an error of the clocks.
constexpr uint64_t kStartTolerance = 11'000'000;
constexpr size_t kShownFailures = 12;

bool is_neighbour_discovery(const Packet& packet) {
    return packet.protocol == "arp" ||
           (packet.protocol == "icmpv6" && packet.icmp_type >= 130 && packet.icmp_type <= 143);
}

// The signature in the data, if there is one.
std::optional<std::pair<uint32_t, uint32_t>> signature(const Packet& packet) {
    uint32_t pid = 0;
    uint32_t tid = 0;
    if (std::sscanf(packet.payload.c_str(), "pid=%u tid=%u", &pid, &tid) != 2) {
        return std::nullopt;
    }
    return std::pair(pid, tid);
}

std::string not_one_of(const std::optional<NamedProcess>& named, const std::vector<Who>& whos,
                       const std::string& which) {
    if (!named) {
        return which + " isn't named; it is " + std::to_string(whos.front().pid) + " (" +
               whos.front().comm + ")";
    }
    std::string reasons;
    for (const Who& who : whos) {
        const std::string reason = difference(*named, who);
        if (reason.empty()) {
            return {};
        }
        reasons += which + " is wrong: " + reason + "; ";
    }
    return reasons;
}

}  // namespace

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
    if (apart > kStartTolerance) {
        compare("st", std::to_string(named.start_ns), std::to_string(who.start_ns));
    }
    return text;
}

World::World() {
    connect_by_veth({near_, "veth0", "10.77.0.1/24", "fd77::1/64"},
                    {far_, "veth0", "10.77.0.2/24", "fd77::2/64"});
}

std::vector<Path> World::paths() const {
    return {
        {"lo4", near_, near_, "127.0.0.1", "127.0.0.1", true},
        {"lo6", near_, near_, "::1", "::1", true},
        {"veth4", near_, far_, "10.77.0.1", "10.77.0.2", false},
        {"veth6", near_, far_, "fd77::1", "fd77::2", false},
    };
}

void World::start(const std::vector<std::string>& arguments) {
    std::vector<std::string> near = {
        PIDCAP_PROGRAM, "-i", "lo", "-i", "veth0", "-w", folder_.file("near.pcapng")};
    std::vector<std::string> far = {PIDCAP_PROGRAM, "-i", "veth0", "-w",
                                    folder_.file("far.pcapng")};
    near.insert(near.end(), arguments.begin(), arguments.end());
    far.insert(far.end(), arguments.begin(), arguments.end());
    near_run_ = std::make_unique<Process>(Launch{near, &near_});
    far_run_ = std::make_unique<Process>(Launch{far, &far_});
    near_run_->wait_for("listening on ");
    far_run_->wait_for("listening on ");
}

void World::stop() {
    near_run_->signal(SIGINT);
    far_run_->signal(SIGINT);
    near_packets_ = read(*near_run_, "near.pcapng");
    far_packets_ = read(*far_run_, "far.pcapng");
}

std::vector<Packet> World::read(Process& run, const std::string& file) const {
    const int status = run.wait();
    INFO(run.err());
    REQUIRE(status == 0);
    std::vector<Packet> packets = read_packets(folder_.file(file));
    const Totals totals = totals_of(run.err());
    CHECK(totals.dropped == 0);
    CHECK(totals.captured == packets.size());
    return packets;
}

void Ownership::claim(const std::string& protocol, const std::string& address, uint16_t port,
                      const Who& who) {
    claims_[{protocol, address, port}].push_back(who);
}

void Ownership::claim_echo(const std::string& requester, unsigned id, const Who& who) {
    echoes_[{requester, id}] = who;
}

void Ownership::claim_flow(const std::string& protocol, const Path& path, uint16_t client_port,
                           const Who& client, uint16_t server_port, const Who& server) {
    claim(protocol, path.client_address, client_port, client);
    claim(protocol, path.server_address, server_port, server);
}

std::optional<Ends> Ownership::by_claims(const Packet& packet) const {
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
    ends = wide_claims(packet);
    if (ends.sender.empty() && ends.receiver.empty()) {
        return std::nullopt;
    }
    narrow_by_signature(packet, ends);
    return ends;
}

Ends Ownership::wide_claims(const Packet& packet) const {
    const auto users = [&](const std::string& address, uint16_t port) {
        const auto found = claims_.find({packet.protocol, address, port});
        return found == claims_.end() ? std::vector<Who>() : found->second;
    };
    return {users(packet.source, packet.source_port),
            users(packet.destination, packet.destination_port)};
}

void Ownership::narrow_by_signature(const Packet& packet, Ends& ends) const {
    if (const auto signer = signature(packet)) {
        if (const auto user = users_.find(signer->first); user != users_.end()) {
            ends.sender = {user->second};
        }
    }
    const size_t note = packet.payload.find("for=");
    if (note != std::string::npos) {
        ends.receiver = {users_.at(
            static_cast<uint32_t>(std::strtoul(packet.payload.c_str() + note + 4, nullptr, 10)))};
    }
}

std::string Ownership::wrong(const Packet& packet) const {
    const auto self = packet.self();
    const auto peer = packet.peer();
    std::optional<Ends> ends = rule_ ? rule_(packet) : std::nullopt;
    if (!ends && is_neighbour_discovery(packet)) {
        return self || packet.via() != "kernel" ? "the kernel's own traffic" : "";
    }
    if (!ends) {
        ends = by_claims(packet);
    }
    if (!ends) {
        return "nobody expects this packet";
    }
    const bool loopback = packet.interface == "lo";
    const bool incoming = !loopback && !packet.outbound;
    if (loopback && !packet.outbound) {
        return "a packet on lo is captured on its way out";
    }
    // The process at this end, or the only one.
    const bool receiver_first = incoming ? !ends->receiver.empty() : ends->sender.empty();
    const std::vector<Who>& first = receiver_first ? ends->receiver : ends->sender;
    const std::vector<Who>& second = receiver_first ? ends->sender : ends->receiver;
    if (first.empty()) {
        return self || peer ? "no process should be named" : "";
    }
    std::string reason = not_one_of(self, first, "pid");
    if (second.empty()) {
        reason += peer ? "peer should not be named" : "";
    } else if (peer && peer->via == "flow") {
        // The far end as it was when it was last heard of: one of its users.
        const auto wide = wide_claims(packet);
        const std::vector<Who>& users = receiver_first ? wide.sender : wide.receiver;
        reason += not_one_of(peer, users.empty() ? second : users, "peer");
    } else if (peer || loopback || (incoming && second.size() == 1)) {
        reason += not_one_of(peer, second, "peer");
    }
    const auto& sender = receiver_first ? peer : self;
    const auto signer = signature(packet);
    if (reason.empty() && signer && sender) {
        if (*signer != std::pair(sender->pid, sender->tid)) {
            reason = "signed by another process or thread";
        }
        const std::string sender_via = receiver_first ? peer->via : self->via;
        if (sender_via != "socket") {
            reason += "data whose sender isn't known by its socket";
        }
        if (receiver_first && self->via != "lookup") {
            reason += "data whose receiver isn't known by a look-up";
        }
        const char* far_via = loopback ? "lookup" : "flow";
        if (!receiver_first && peer && peer->via != far_via) {
            reason += std::string("data whose far end isn't known by ") + far_via;
        }
    }
    return reason;
}

void Ownership::check(const std::vector<Packet>& packets) const {
    std::string shown;
    size_t failures = 0;
    for (const Packet& packet : packets) {
        const std::string reason = wrong(packet);
        if (!reason.empty() && failures++ < kShownFailures) {
            shown += describe(packet) + "\n    " + reason + "\n";
        }
    }
    INFO(shown);
    CHECK(failures == 0);
    CHECK(!packets.empty());
}

std::vector<Packet> select(const std::vector<Packet>& packets,
                           const std::function<bool(const Packet&)>& wanted, size_t least) {
    std::vector<Packet> chosen;
    for (const Packet& packet : packets) {
        if (wanted(packet)) {
            chosen.push_back(packet);
        }
    }
    CHECK(chosen.size() >= least);
    return chosen;
}

}  // namespace test
