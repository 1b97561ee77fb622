// SPDX-License-Identifier: GPL-2.0-only
#include "tests/kernel/world.h"

#include <catch2/catch.hpp>
#include <cstdio>

namespace test {
namespace {

// Of what /proc tells in clock ticks, less than one of 10 ms.
constexpr uint64_t kStartTolerance = 9'000'000;
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
    std::vector<std::string> near = {"-i", "lo", "-i", "veth0", "-w", folder_.file("near.pcapng")};
    std::vector<std::string> far = {"-i", "veth0", "-w", folder_.file("far.pcapng")};
    near.insert(near.end(), arguments.begin(), arguments.end());
    far.insert(far.end(), arguments.begin(), arguments.end());
    near_run_ = std::make_unique<PidcapRun>(near_, near);
    far_run_ = std::make_unique<PidcapRun>(far_, far);
    near_run_->wait_until_listening();
    far_run_->wait_until_listening();
}

void World::stop() {
    near_run_->ask_to_stop();
    far_run_->ask_to_stop();
    for (auto* run : {&near_run_, &far_run_}) {
        const int status = (*run)->wait();
        INFO((*run)->messages());
        REQUIRE(status == 0);
        CHECK((*run)->dropped() == 0);
    }
    near_packets_ = read_packets(folder_.file("near.pcapng"));
    far_packets_ = read_packets(folder_.file("far.pcapng"));
    CHECK(near_packets_.size() == near_run_->captured());
    CHECK(far_packets_.size() == far_run_->captured());
}

void Ownership::claim(const std::string& protocol, const std::string& address, uint16_t port,
                      const Who& who) {
    claims_[{protocol, address, port}] = who;
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
        const auto found = echoes_.find(
            {is_request ? packet.source : packet.destination, packet.echo_id});
        if (found == echoes_.end()) {
            return std::nullopt;
        }
        (is_request ? ends.sender : ends.receiver).push_back(found->second);
        return ends;
    }
    const auto from = claims_.find({packet.protocol, packet.source, packet.source_port});
    const auto to = claims_.find({packet.protocol, packet.destination, packet.destination_port});
    if (from != claims_.end()) {
        ends.sender.push_back(from->second);
    }
    if (to != claims_.end()) {
        ends.receiver.push_back(to->second);
    }
    if (ends.sender.empty() && ends.receiver.empty()) {
        return std::nullopt;
    }
    return ends;
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
    } else if (peer || loopback || incoming) {
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
