// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/flow_table.h"

#include <netinet/in.h>

#include <deque>
#include <optional>

#include "forensics/analysis/conversation.h"
#include "forensics/analysis/crossings.h"
#include "forensics/analysis/fragments.h"
#include "forensics/analysis/records.h"
#include "forensics/analysis/vantages.h"
#include "forensics/number_index.h"
#include "packet/dissect/dissect.h"

namespace forensics {
namespace {

constexpr uint16_t kFirstEphemeralPort = 32768;  // net.ipv4.ip_local_port_range
constexpr uint16_t kFirstUnprivilegedPort = 1024;

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

void add_end(const End* end, const Packet& packet, Participants& processes,
             Participants::Pool& pool) {
    if (end != nullptr && end->process != nullptr) {
        processes.add(*end->process, packet.wire_length, pool);
    }
}

const Process* process_of(const End* end) {
    return end != nullptr ? end->process : nullptr;
}

bool has_process(const End* end) {
    return process_of(end) != nullptr;
}

// Leaves out the ends whose process was counted.
void leave_out(Ends& ends, bool sender, bool receiver, bool either) {
    if (sender || either) {
        ends.sender = nullptr;
    }
    if (receiver || either) {
        ends.receiver = nullptr;
    }
    if (sender || receiver || either) {
        ends.either = nullptr;
    }
}

// Two hosts of a merged file can't both have sent a packet, nor received it.
bool of_two_hosts(const Process* counted, const End* end) {
    const Process* process = process_of(end);
    return counted != nullptr && process != nullptr && counted->host != process->host;
}

uint8_t named_by(const Ends& ends) {
    return static_cast<uint8_t>((has_process(ends.sender) ? StreamVantages::kSender : 0) |
                                (has_process(ends.receiver) ? StreamVantages::kReceiver : 0) |
                                (ends.either != nullptr ? StreamVantages::kEither : 0));
}

}  // namespace

class FlowTable::Implementation {
  public:
    explicit Implementation(const Options& options)
        : names_wanted_(options.names),
          conversations_(options.bytes_in_memory),
          questions_(options.bytes_in_memory == kAllInMemory ? kAllInMemory
                                                             : DnsQuestions::kBytesInMemory),
          names_(options.questions ? &questions_ : nullptr) {}

    Found add(const Packet& packet) {
        Found found{.counted = Counted::whole(packet)};
        if (packet.interface == nullptr) {
            return found;
        }
        const std::optional<packet::Dissected> dissected =
            packet::dissect(packet.interface->link_type, packet.data, packet.wire_length);
        if (!dissected) {
            return found;
        }
        const uint64_t time_ns = packet.time_ns.value_or(0);
        const Vantage vantage = vantages_.of(packet);
        const Vantages::Inner inner = vantages_.within(vantage.place, *dissected);
        const Sought sought = seek(key_of(*dissected, inner.place));
        Crossing* crossing = see(packet, *dissected, vantage, sought);
        const bool is_known = crossing != nullptr && crossing->again &&
                              has_addresses(conversations_[crossing->flow], sought.key.key);
        const Place place = is_known ? known(*dissected, sought, crossing->flow)
                                     : find(*dissected, sought, time_ns);
        Conversation& conversation = *place.conversation;
        found.flow = &conversation.flow;
        found.side = place.side;
        conversation.see(*packet.interface);
        if (!inner.name.empty() && found.flow->tunnel.empty()) {
            found.flow->tunnel = inner.name;
        }
        if (crossing != nullptr) {
            take_crossing(packet, place, *crossing, conversation, found.counted);
        }
        if (!found.counted.again) {
            add_first(packet, *dissected, vantage, place.side, conversation, found.counted);
        }
        add_ends(packet, found);
        return found;
    }

    Flow flow(uint64_t number) const {
        Flow flow = conversations_[number].flow;
        if (names_wanted_) {
            names_.name_by_all(flow);
        }
        return flow;
    }

    void forget(uint64_t number) {
        Conversation& gone = conversations_[number];
        names_.forget(gone.openings, number);
        for (Side& side : gone.flow.sides) {
            side.processes.clear(pool_);
        }
        gone.flow.either.clear(pool_);
        FlowKey key = gone.key;
        const std::array<uint64_t, Conversation::kMaxPlaces> places = gone.places;
        const size_t place_count = gone.place_count;
        gone = {};
        for (size_t i = 0; i <= place_count; ++i) {
            const size_t slot =
                index_.find(hash_(key), [&](uint32_t known) { return known == number; });
            if (index_.at(slot) != NumberIndex::kNone) {
                index_.erase(slot);
            }
            key.place = i < place_count ? places[i] : 0;
        }
        last_ = NumberIndex::kNone;
        free_.push_back(static_cast<uint32_t>(number));
        if (names_.has_many()) {
            names_.begin_anew([this](const auto& keep) {
                for (size_t i = 0; i < conversations_.size(); ++i) {
                    keep(conversations_[i].flow);
                }
            });
        }
    }

    Flows flows() const {
        return {conversations_.size(),
                [this](size_t number) -> const Flow& { return conversations_[number].flow; }};
    }

    void name_addresses(std::span<const packet::NamedAddress> names) { names_.add(names); }

    void finish(std::span<const packet::NamedAddress> names) {
        index_ = {};
        crossings_ = {};
        name_addresses(names);
        for (size_t number = 0; names_wanted_ && number < conversations_.size(); ++number) {
            names_.name_by_all(conversations_[number].flow);
        }
    }

    const DnsQuestions& questions() const { return questions_; }

    const pcapng::Result<void>& state() const {
        return conversations_.state() ? questions_.state() : conversations_.state();
    }

  private:
    // A conversation and the sender's side. The pointer is valid until another one is looked for.
    struct Place {
        Conversation* conversation = nullptr;
        int side = 0;
    };

    // The key of a packet's conversation, and its hash, unless the packet before had the same key.
    struct Sought {
        KeyOfPacket key;
        bool is_last = false;
        uint64_t hash = 0;
    };

    // Memory takes its time, so that it is asked early: first for the slot, then, once there was
    // something else to do, for what it leads to.
    Sought seek(const KeyOfPacket& key) const {
        if (last_ != NumberIndex::kNone && last_key_ == key.key) {
            return {.key = key, .is_last = true};
        }
        const Sought sought{.key = key, .hash = hash_(key.key)};
        index_.prefetch(sought.hash);
        return sought;
    }
    void prefetch(const Sought& sought) const {
        const uint32_t number = sought.is_last ? last_ : index_.first(sought.hash);
        if (number != NumberIndex::kNone) {
            conversations_.prefetch(number);
        }
    }

    static KeyOfPacket key_of(const packet::Dissected& packet, uint32_t place) {
        const packet::Network& network = packet.network;
        if (packet.has_ports) {
            return make_key(network.source, network.target, packet.source_port, packet.target_port,
                            network.protocol, KeyKind::kPorts, place);
        }
        if (packet.echo) {
            return make_key(network.source, network.target, packet.echo->id, packet.echo->id,
                            network.protocol, KeyKind::kEcho, place);
        }
        return plain_key(network, place);
    }

    static KeyOfPacket plain_key(const packet::Network& network, uint32_t place) {
        return make_key(network.source, network.target, 0, 0, network.protocol, KeyKind::kPlain,
                        place);
    }

    // Returns null for a packet that can't be recognised.
    Crossing* see(const Packet& packet, const packet::Dissected& dissected, const Vantage& vantage,
                  const Sought& sought) {
        if (!packet.time_ns) {
            return nullptr;
        }
        const std::optional<uint64_t> identity = crossings_.identify(dissected);
        prefetch(sought);
        if (!identity) {
            return nullptr;
        }
        Crossing& crossing =
            crossings_.see(*identity, *packet.time_ns, vantage.number, vantages_.count());
        const Ends ends = ends_of(packet);
        if (crossing.again && (of_two_hosts(crossing.sender, ends.sender) ||
                               of_two_hosts(crossing.receiver, ends.receiver))) {
            crossings_.separate(crossing, *packet.time_ns, vantage.number);
        }
        return &crossing;
    }

    static Place place(Conversation& conversation, bool from_lower) {
        return {.conversation = &conversation,
                .side = from_lower == conversation.lower_is_first ? 0 : 1};
    }

    Place find(const packet::Dissected& packet, const Sought& sought, uint64_t time_ns) {
        return packet.network.fragment ? find_fragment(packet, sought, time_ns)
                                       : find_key(packet, sought);
    }

    Place find_fragment(const packet::Dissected& packet, const Sought& sought, uint64_t time_ns) {
        const packet::Network& network = packet.network;
        const KeyOfPacket& key = sought.key;
        const KeyOfPacket plain = plain_key(network, static_cast<uint32_t>(key.key.place));
        const FragmentFlows::Datagram datagram{
            .key = plain.key, .from_lower = key.from_lower, .id = network.fragment_id};
        const uint64_t hash = hash_(plain.key);
        if (network.fragment_offset > 0) {
            const std::optional<uint32_t> number = fragments_.find(datagram, hash, time_ns);
            if (number && has_addresses(conversations_[*number], key.key)) {
                return place(conversations_[*number], key.from_lower);
            }
            return find_key(packet, sought);
        }
        const Place place = find_key(packet, sought);
        fragments_.remember(datagram, hash, number_of(place), time_ns);
        return place;
    }

    // False of a number that was given to another conversation.
    static bool has_addresses(const Conversation& conversation, const FlowKey& key) {
        return conversation.key.addresses == key.addresses &&
               conversation.flow.protocol == ((key.rest >> 32) & 0xff);
    }

    static uint32_t number_of(const Place& place) {
        return static_cast<uint32_t>(place.conversation->flow.number);
    }

    size_t slot_of(const FlowKey& key, uint64_t hash) const {
        return index_.find(hash, [&](uint32_t number) { return conversations_[number].has(key); });
    }

    uint64_t hash_of(const Sought& sought) const {
        return sought.is_last ? hash_(sought.key.key) : sought.hash;
    }

    Place find_key(const packet::Dissected& packet, const Sought& sought) {
        const KeyOfPacket& key = sought.key;
        if (sought.is_last && !packet_is_syn(packet)) {
            return place(conversations_[last_], key.from_lower);
        }
        last_key_ = key.key;
        const uint64_t hash = hash_of(sought);
        const size_t slot = slot_of(key.key, hash);
        last_ = index_.at(slot);
        if (last_ == NumberIndex::kNone) {
            const Place begun = begin(packet, key);
            last_ = number_of(begun);
            index_.insert(slot, hash, last_);
            return begun;
        }
        const Place found = place(conversations_[last_], key.from_lower);
        if (packet.tcp && packet.tcp->whole &&
            found.conversation->tcp.begins_another(*packet.tcp, found.side)) {
            const Place begun = begin(packet, key);
            last_ = number_of(begun);
            index_.replace(slot, last_);
            return begun;
        }
        return found;
    }

    // The conversation of a packet that was seen before: what has the same ends at this place
    // belongs to it from now on.
    Place known(const packet::Dissected& packet, const Sought& sought, uint32_t number) {
        const KeyOfPacket& key = sought.key;
        if (!conversations_[number].has(key.key) && !packet.network.fragment) {
            const uint64_t hash = hash_of(sought);
            const size_t slot = slot_of(key.key, hash);
            if (conversations_[number].add_place(key.key.place)) {
                if (index_.at(slot) == NumberIndex::kNone) {
                    index_.insert(slot, hash, number);
                } else {
                    index_.replace(slot, number);
                }
            }
        }
        return place(conversations_[number], key.from_lower);
    }

    static bool packet_is_syn(const packet::Dissected& packet) {
        return packet.tcp && packet.tcp->has(packet::TcpHeader::kSyn);
    }

    Place begin(const packet::Dissected& packet, const KeyOfPacket& key) {
        const bool client = from_client(packet);
        size_t number = conversations_.size();
        if (free_.empty()) {
            (void)conversations_.emplace_back();
        } else {
            number = free_.front();
            free_.pop_front();
        }
        Conversation& conversation = conversations_[number];
        Flow& flow = conversation.flow;
        flow.number = number;
        flow.protocol = packet.network.protocol;
        Side& sender = flow.sides[client ? 0 : 1];
        Side& receiver = flow.sides[client ? 1 : 0];
        sender.address = packet::address_of(packet.network.source);
        sender.port = packet.source_port;
        receiver.address = packet::address_of(packet.network.target);
        receiver.port = packet.target_port;
        conversation.key = key.key;
        conversation.lower_is_first = key.from_lower == client;
        if (names_wanted_) {
            names_.name(flow);
        }
        return place(conversation, key.from_lower);
    }

    // What the packet's crossing says of it; notes what it is counted for.
    static void take_crossing(const Packet& packet, const Place& place, Crossing& crossing,
                              Conversation& conversation, Counted& counted) {
        if (crossing.again) {
            counted.again = true;
            const bool named =
                crossing.sender != nullptr || crossing.receiver != nullptr || crossing.either;
            if (!named && packet.attributed()) {
                counted.before = {.reason = crossing.reason,
                                  .length = crossing.length,
                                  .time_ns = crossing.time_ns};
            }
            leave_out(counted.ends, crossing.sender != nullptr, crossing.receiver != nullptr,
                      crossing.either);
            for (const Crossing::Seen& seen : crossing.seen) {
                if (seen.times > 0) {
                    conversation.vantages.crosses(seen.vantage);
                }
            }
        } else {
            crossing.flow = number_of(place);
            crossing.length = packet.wire_length;
            crossing.reason = reason_of(packet);
        }
        if (has_process(counted.ends.sender)) {
            crossing.sender = counted.ends.sender->process;
        }
        if (has_process(counted.ends.receiver)) {
            crossing.receiver = counted.ends.receiver->process;
        }
        crossing.either = crossing.either || counted.ends.either != nullptr;
    }

    // A packet that hasn't been seen as it is; its data may have been.
    void add_first(const Packet& packet, const packet::Dissected& dissected, const Vantage& vantage,
                   int side, Conversation& conversation, Counted& counted) {
        using Sight = StreamVantages::Sight;
        Sight sight = Sight::kFirst;
        const auto length = static_cast<uint32_t>(dissected.payload.length());
        if (dissected.tcp && dissected.tcp->whole && length > 0) {
            const uint32_t sequence = dissected.tcp->sequence;
            sight = conversation.vantages.segment(vantage.number, side, sequence, sequence + length,
                                                  conversation.tcp.next(side));
            if (sight == Sight::kAgain) {
                counted.again = true;
                const uint8_t named = conversation.vantages.named_elsewhere(vantage.number, side);
                leave_out(counted.ends, (named & StreamVantages::kSender) != 0,
                          (named & StreamVantages::kReceiver) != 0,
                          (named & StreamVantages::kEither) != 0);
            }
            conversation.vantages.name(vantage.number, side, named_by(counted.ends));
        }
        if (sight == Sight::kAgain) {
            return;
        }
        count(packet, dissected.network.length, conversation.flow, side);
        if (dissected.tcp) {
            add_tcp(dissected, packet.time_ns.value_or(0), side, sight == Sight::kPartly,
                    conversation);
        } else if (names_wanted_ && conversation.flow.protocol == IPPROTO_UDP) {
            names_.datagram(dissected.payload, side, conversation.flow);
        }
    }

    static void count(const Packet& packet, size_t ip_length, Flow& flow, int side) {
        Side& sender = flow.sides[static_cast<size_t>(side)];
        ++sender.packets;
        sender.bytes += packet.wire_length;
        sender.ip_bytes += ip_length;
        if (packet.time_ns) {
            if (!flow.first_ns || *packet.time_ns < *flow.first_ns) {
                flow.first_ns = packet.time_ns;
            }
            if (!flow.last_ns || *packet.time_ns > *flow.last_ns) {
                flow.last_ns = packet.time_ns;
            }
        }
    }

    void add_ends(const Packet& packet, const Found& found) {
        const Ends& ends = found.counted.ends;
        Flow& flow = *found.flow;
        add_end(ends.sender, packet, flow.sides[static_cast<size_t>(found.side)].processes, pool_);
        add_end(ends.receiver, packet, flow.sides[static_cast<size_t>(1 - found.side)].processes,
                pool_);
        if (ends.either != nullptr) {
            add_end(&packet.self, packet, flow.either, pool_);
            if (packet.peer.process != packet.self.process) {
                add_end(&packet.peer, packet, flow.either, pool_);
            }
        }
    }

    // `none_again`: nothing of it was sent before, though some was counted.
    void add_tcp(const packet::Dissected& packet, uint64_t time_ns, int side, bool none_again,
                 Conversation& conversation) {
        Flow& flow = conversation.flow;
        uint64_t& retransmissions = flow.sides[static_cast<size_t>(side)].retransmissions;
        const uint64_t before = retransmissions;
        const packet::Piece payload = packet.payload;
        conversation.tcp.add(*packet.tcp, static_cast<uint32_t>(payload.length()), time_ns, side,
                             flow);
        if (none_again) {
            retransmissions = before;
        }
        if (names_wanted_ && !conversation.openings[static_cast<size_t>(side)].done) {
            names_.segment(*packet.tcp, payload, side, conversation.openings, flow);
        }
    }

    bool names_wanted_;
    packet::KeyedHash hash_;
    NumberIndex index_;
    Records<Conversation> conversations_;  // by number
    std::deque<uint32_t> free_;            // numbers of those that were forgotten
    Participants::Pool pool_;              // of conversations_
    Vantages vantages_;
    Crossings crossings_;
    FragmentFlows fragments_;
    DnsQuestions questions_;
    NameReader names_;
    // The conversation that was found last, and by which key: the next packet's is often the same.
    uint32_t last_ = NumberIndex::kNone;
    FlowKey last_key_;
};

FlowTable::FlowTable(Options options)
    : implementation_(std::make_unique<Implementation>(options)) {}
FlowTable::~FlowTable() = default;
FlowTable::FlowTable(FlowTable&&) noexcept = default;
FlowTable& FlowTable::operator=(FlowTable&&) noexcept = default;

FlowTable::Found FlowTable::add(const Packet& packet) {
    return implementation_->add(packet);
}

Flows FlowTable::flows() const {
    return implementation_->flows();
}

const DnsQuestions& FlowTable::questions() const {
    return implementation_->questions();
}

Flow FlowTable::flow(uint64_t number) const {
    return implementation_->flow(number);
}

void FlowTable::forget(uint64_t number) {
    implementation_->forget(number);
}

void FlowTable::name_addresses(std::span<const packet::NamedAddress> names) {
    implementation_->name_addresses(names);
}

void FlowTable::finish(std::span<const packet::NamedAddress> names) {
    implementation_->finish(names);
}

const pcapng::Result<void>& FlowTable::state() const {
    return implementation_->state();
}

}  // namespace forensics
