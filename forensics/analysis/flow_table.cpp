// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/flow_table.h"

#include <netinet/in.h>

#include <cassert>
#include <cstring>
#include <optional>
#include <vector>

#include "forensics/analysis/flow_index.h"
#include "forensics/analysis/flow_key.h"
#include "forensics/analysis/fragments.h"
#include "forensics/analysis/name_reader.h"
#include "forensics/analysis/tcp_stream.h"
#include "packet/dissect/dissect.h"

namespace forensics {
namespace {

constexpr uint16_t kFirstEphemeralPort = 32768;  // net.ipv4.ip_local_port_range
constexpr uint16_t kFirstUnprivilegedPort = 1024;

Address to_address(std::span<const std::byte> bytes) {
    Address address;
    std::memcpy(address.bytes.data(), bytes.data(), bytes.size());
    address.length = static_cast<uint8_t>(bytes.size());
    return address;
}

// Returns whether the first packet of a conversation was sent by the side that began it.
bool from_client(const packet::Dissected& packet) {
    if (packet.tcp && packet.tcp->has(packet::TcpHeader::kSyn)) {
        return !packet.tcp->has(packet::TcpHeader::kAck);
    }
    if (packet.echo) {
        return packet.echo->request;
    }
    const uint16_t source = packet.source_port;
    const uint16_t target = packet.target_port;
    if (!packet.has_ports ||
        (source < kFirstUnprivilegedPort) != (target < kFirstUnprivilegedPort)) {
        return !packet.has_ports || target < kFirstUnprivilegedPort;
    }
    return (source >= kFirstEphemeralPort) >= (target >= kFirstEphemeralPort);
}

void add_end(const End* end, const Packet& packet, Participants& processes) {
    if (end != nullptr && end->process != nullptr) {
        processes.add(*end->process, packet.wire_length);
    }
}

}  // namespace

class FlowTable::Implementation {
  public:
    Found add(const Packet& packet) {
        if (packet.interface == nullptr) {
            return {};
        }
        const std::optional<packet::Dissected> dissected =
            packet::dissect(packet.interface->link_type, packet.data, packet.wire_length);
        if (!dissected) {
            return {};
        }
        const uint64_t time_ns = packet.time_ns.value_or(0);
        const Place place = find(*dissected, time_ns);
        Flow& flow = *tracks_[place.number].flow;
        count(packet, flow, place.side);
        if (dissected->tcp) {
            add_tcp(*dissected, time_ns, place, flow);
        } else if (flow.protocol == IPPROTO_UDP) {
            names_.datagram(dissected->payload, place.side, flow);
        }
        return {.flow = &flow, .side = place.side};
    }

    const std::deque<Flow>& flows() const { return flows_; }

    void finish(std::span<const packet::NamedAddress> names) {
        names_.add(names);
        for (Flow& flow : flows_) {
            names_.name(flow);
        }
    }

  private:
    // The internal state of a conversation.
    struct Track {
        FlowKey key;
        Flow* flow = nullptr;
        uint32_t stream = 0;         // TCP: its index
        bool lower_is_first = true;  // the lower end of the key is side 0
    };
    struct Stream {
        TcpStream tcp;
        std::array<NameReader::Opening, 2> openings;
    };
    struct Place {
        uint32_t number = 0;
        int side = 0;
    };

    static KeyOfPacket key_of(const packet::Dissected& packet) {
        const packet::Network& network = packet.network;
        if (packet.has_ports) {
            return make_key(network.source, network.target, packet.source_port, packet.target_port,
                            network.protocol, KeyKind::kPorts);
        }
        if (packet.echo) {
            return make_key(network.source, network.target, packet.echo->id, packet.echo->id,
                            network.protocol, KeyKind::kEcho);
        }
        return make_key(network.source, network.target, 0, 0, network.protocol, KeyKind::kPlain);
    }

    Place place(uint32_t number, bool from_lower) const {
        return {.number = number, .side = from_lower == tracks_[number].lower_is_first ? 0 : 1};
    }

    Place find(const packet::Dissected& packet, uint64_t time_ns) {
        const KeyOfPacket key = key_of(packet);
        if (packet.network.fragment) {
            return find_fragment(packet, key, time_ns);
        }
        return find_key(packet, key);
    }

    Place find_fragment(const packet::Dissected& packet, const KeyOfPacket& key, uint64_t time_ns) {
        const packet::Network& network = packet.network;
        const KeyOfPacket plain =
            make_key(network.source, network.target, 0, 0, network.protocol, KeyKind::kPlain);
        const FragmentFlows::Datagram datagram{
            .key = plain.key, .from_lower = key.from_lower, .id = network.fragment_id};
        const uint64_t hash = hash_(plain.key);
        if (network.fragment_offset > 0) {
            if (const std::optional<uint32_t> number = fragments_.find(datagram, hash, time_ns)) {
                return place(*number, key.from_lower);
            }
            return find_key(packet, key);
        }
        const Place place = find_key(packet, key);
        fragments_.remember(datagram, hash, place.number, time_ns);
        return place;
    }

    Place find_key(const packet::Dissected& packet, const KeyOfPacket& key) {
        if (last_ != FlowIndex::kNone && tracks_[last_].key == key.key && !packet_is_syn(packet)) {
            return place(last_, key.from_lower);
        }
        const uint64_t hash = hash_(key.key);
        const size_t slot =
            index_.find(hash, [&](uint32_t number) { return tracks_[number].key == key.key; });
        const uint32_t number = index_.at(slot);
        if (number == FlowIndex::kNone) {
            last_ = begin(packet, key);
            index_.insert(slot, hash, last_,
                          [this](uint32_t other) { return hash_(tracks_[other].key); });
        } else {
            last_ = number;
            const Place found = place(number, key.from_lower);
            if (packet.tcp && packet.tcp->whole &&
                streams_[tracks_[number].stream].tcp.begins_another(*packet.tcp, found.side)) {
                last_ = begin(packet, key);
                index_.replace(slot, last_);
            }
        }
        return place(last_, key.from_lower);
    }

    static bool packet_is_syn(const packet::Dissected& packet) {
        return packet.tcp && packet.tcp->has(packet::TcpHeader::kSyn);
    }

    // Begins a conversation and returns its number.
    uint32_t begin(const packet::Dissected& packet, const KeyOfPacket& key) {
        const bool client = from_client(packet);
        Flow& flow = flows_.emplace_back();
        flow.number = flows_.size() - 1;
        flow.protocol = packet.network.protocol;
        Side& sender = flow.sides[client ? 0 : 1];
        Side& receiver = flow.sides[client ? 1 : 0];
        sender.address = to_address(packet.network.source);
        sender.port = packet.source_port;
        receiver.address = to_address(packet.network.target);
        receiver.port = packet.target_port;
        Track track{.key = key.key, .flow = &flow, .lower_is_first = key.from_lower == client};
        if (flow.protocol == IPPROTO_TCP && packet.has_ports) {
            track.stream = static_cast<uint32_t>(streams_.size());
            streams_.emplace_back();
        }
        tracks_.push_back(track);
        names_.name(flow);
        return static_cast<uint32_t>(flow.number);
    }

    static void count(const Packet& packet, Flow& flow, int side) {
        Side& sender = flow.sides[static_cast<size_t>(side)];
        Side& receiver = flow.sides[static_cast<size_t>(1 - side)];
        ++sender.packets;
        sender.bytes += packet.wire_length;
        if (packet.time_ns) {
            if (!flow.first_ns || *packet.time_ns < *flow.first_ns) {
                flow.first_ns = packet.time_ns;
            }
            if (!flow.last_ns || *packet.time_ns > *flow.last_ns) {
                flow.last_ns = packet.time_ns;
            }
        }
        if (!packet.attributed()) {
            return;
        }
        const Ends ends = ends_of(packet);
        add_end(ends.sender, packet, sender.processes);
        add_end(ends.receiver, packet, receiver.processes);
        if (ends.either != nullptr) {
            add_end(&packet.self, packet, flow.either);
            if (packet.peer.process != packet.self.process) {
                add_end(&packet.peer, packet, flow.either);
            }
        }
    }

    void add_tcp(const packet::Dissected& packet, uint64_t time_ns, const Place& place,
                 Flow& flow) {
        Stream& stream = streams_[tracks_[place.number].stream];
        const packet::Piece payload = packet.payload;
        stream.tcp.add(*packet.tcp, static_cast<uint32_t>(payload.length()), time_ns, place.side,
                       flow);
        if (!stream.openings[static_cast<size_t>(place.side)].done) {
            names_.segment(*packet.tcp, payload, place.side, stream.openings, flow);
        }
    }

    packet::KeyedHash hash_;
    FlowIndex index_;
    std::deque<Flow> flows_;
    std::vector<Track> tracks_;  // by the flow's number
    std::deque<Stream> streams_;
    FragmentFlows fragments_;
    NameReader names_;
    uint32_t last_ = FlowIndex::kNone;  // the conversation of the previous packet
};

FlowTable::FlowTable() : implementation_(std::make_unique<Implementation>()) {}
FlowTable::~FlowTable() = default;
FlowTable::FlowTable(FlowTable&&) noexcept = default;
FlowTable& FlowTable::operator=(FlowTable&&) noexcept = default;

FlowTable::Found FlowTable::add(const Packet& packet) {
    return implementation_->add(packet);
}

const std::deque<Flow>& FlowTable::flows() const {
    return implementation_->flows();
}

void FlowTable::finish(std::span<const packet::NamedAddress> names) {
    implementation_->finish(names);
}

}  // namespace forensics
