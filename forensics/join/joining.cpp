// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/join/joining.h"

#include <netinet/in.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "forensics/analysis/flow_key.h"
#include "packet/keyed_hash.h"

namespace forensics {
namespace {

constexpr uint64_t kSpacingNs = 1'000'000'000;
constexpr size_t kFewestPackets = 2;
// Of one packet: a file can have it any number of times.
constexpr size_t kMostPlaces = 8;

std::span<const std::byte> bytes_of(const Address& address) {
    return std::as_bytes(std::span(address.bytes).first(address.length));
}

FlowKey key_of(const Flow& flow) {
    const auto& [a, b] = flow.sides;
    return make_key(bytes_of(a.address), bytes_of(b.address), a.port, b.port, flow.protocol,
                    KeyKind::kPlain, 0)
        .key;
}

// The same where a connection's sequence numbers stand for its place.
FlowKey key_of(const Flow& flow, uint64_t numbers) {
    FlowKey key = key_of(flow);
    key.place = numbers;
    return key;
}

uint64_t numbers_of(const Evidence& evidence) {
    return (uint64_t{evidence.syn.sequence} << 32) | evidence.answer.sequence;
}

// From the SYN to its answer: the longer, the nearer to the client. nullopt: not known.
std::optional<uint64_t> gap_of(const Evidence& evidence) {
    if (!evidence.has_handshake() || evidence.answer.time_ns < evidence.syn.time_ns) {
        return std::nullopt;
    }
    return evidence.answer.time_ns - evidence.syn.time_ns;
}

bool once(const Evidence& evidence) {
    return evidence.syn.times == 1 && evidence.answer.times == 1;
}

bool same_segment(const Evidence::Opening& left, const Evidence::Opening& right) {
    return left.identity != 0 && left.identity == right.identity;
}

// The views that are one conversation.
struct Group {
    Proof proof = Proof::kNone;
    bool has_handshake = false;
    std::vector<size_t> members = {};  // of the views; none: it is part of another group
};

class Joining {
  public:
    explicit Joining(std::span<const JoinedHost> hosts) : hosts_(hosts) {
        for (size_t host = 0; host < hosts.size(); ++host) {
            for (size_t flow = 0; flow < hosts[host].flows.size(); ++flow) {
                views_.push_back({.host = host, .flow = flow});
            }
        }
        for (size_t view = 0; view < views_.size(); ++view) {
            group_.push_back(view);
            groups_.push_back({.has_handshake = evidence(view).has_handshake(), .members = {view}});
        }
    }

    Joined result() {
        join_by_sequence_numbers();
        estimate_offsets();
        join_behind_nat();
        join_by_packets();
        note_ends();
        for (size_t view = 0; view < views_.size(); ++view) {
            const Group& group = groups_[group_[view]];
            if (group.members.front() == view) {
                joined_.conversations.push_back(conversation_of(group));
            }
        }
        return std::move(joined_);
    }

  private:
    const Evidence& evidence(size_t view) const {
        return hosts_[views_[view].host].evidence[views_[view].flow];
    }
    const Flow& flow(size_t view) const {
        return hosts_[views_[view].host].flows[views_[view].flow];
    }
    size_t host(size_t view) const { return views_[view].host; }

    bool share_a_host(const Group& left, const Group& right) const {
        return std::ranges::any_of(left.members, [&](size_t one) {
            return std::ranges::any_of(right.members,
                                       [&](size_t other) { return host(one) == host(other); });
        });
    }

    // Those of the later one become members of the earlier one.
    void merge(size_t left, size_t right, Proof proof) {
        const auto [to, from] = std::minmax(left, right);
        Group& stays = groups_[to];
        Group& goes = groups_[from];
        for (const size_t member : goes.members) {
            group_[member] = to;
            stays.members.push_back(member);
        }
        std::ranges::sort(stays.members);
        stays.has_handshake = stays.has_handshake || goes.has_handshake;
        stays.proof = std::max({stays.proof, goes.proof, proof});
        goes = {};
    }

    void join_by_sequence_numbers() {
        std::unordered_map<FlowKey, size_t, packet::KeyedHash> known;
        for (size_t view = 0; view < views_.size(); ++view) {
            if (!evidence(view).has_handshake()) {
                continue;
            }
            const FlowKey key = key_of(flow(view), numbers_of(evidence(view)));
            const auto [entry, is_new] = known.try_emplace(key, view);
            // One file may have it in two network namespaces.
            if (!is_new && host(entry->second) != host(view)) {
                merge(group_[entry->second], group_[view], Proof::kSequenceNumbers);
            }
        }
    }

    // Whether the first of two views is nearer to the client; nullopt: nothing tells.
    std::optional<bool> first_is_nearer(size_t left, size_t right) const {
        const Flow of_left = flow(left);
        const Flow& of_right = flow(right);
        const auto names = [](const Flow& of, size_t side) {
            return of.sides[side].processes.first() != nullptr;
        };
        const auto nearer = [&](const Flow& one, const Flow& other) {
            return (names(one, 0) && !names(other, 0)) || (names(other, 1) && !names(one, 1));
        };
        const bool is_left = nearer(of_left, of_right);
        const bool is_right = nearer(of_right, of_left);
        if (is_left != is_right) {
            return is_left;
        }
        const auto left_gap = gap_of(evidence(left));
        const auto right_gap = gap_of(evidence(right));
        if (!left_gap || !right_gap || *left_gap == *right_gap) {
            return std::nullopt;
        }
        return *left_gap > *right_gap;
    }

    // How far the second view's clock is ahead of the first one's, by their handshake.
    std::optional<OffsetBounds> bounds_between(size_t left, size_t right) const {
        if (!once(evidence(left)) || !once(evidence(right))) {
            return std::nullopt;
        }
        const auto left_is_client = first_is_nearer(left, right);
        if (!left_is_client) {
            return std::nullopt;
        }
        const size_t client_view = *left_is_client ? left : right;
        const size_t server_view = *left_is_client ? right : left;
        const Evidence& client = evidence(client_view);
        const Evidence& server = evidence(server_view);
        const auto bounds = bounds_of({.syn_sent = client.syn.time_ns,
                                       .syn_arrived = server.syn.time_ns,
                                       .answer_sent = server.answer.time_ns,
                                       .answer_arrived = client.answer.time_ns},
                                      {.client = hosts_[host(client_view)].evidence.resolution(),
                                       .server = hosts_[host(server_view)].evidence.resolution()},
                                      evidence(left).syn.time_ns);
        return bounds && !*left_is_client ? turned(*bounds) : bounds;
    }

    void estimate_offsets() {
        std::map<std::pair<size_t, size_t>, std::vector<OffsetBounds>> all;
        for (size_t one = 0; one < hosts_.size(); ++one) {
            for (size_t other = one + 1; other < hosts_.size(); ++other) {
                all[{one, other}];
            }
        }
        for (const Group& group : groups_) {
            for (size_t i = 0; i < group.members.size(); ++i) {
                for (size_t j = i + 1; j < group.members.size(); ++j) {
                    const size_t left = group.members[i];
                    const size_t right = group.members[j];
                    if (host(left) == host(right) ||
                        !same_segment(evidence(left).syn, evidence(right).syn) ||
                        !same_segment(evidence(left).answer, evidence(right).answer)) {
                        continue;
                    }
                    if (const auto bounds = bounds_between(left, right)) {
                        all[{host(left), host(right)}].push_back(*bounds);
                    }
                }
            }
        }
        for (auto& [pair, bounds] : all) {
            joined_.offsets[pair] = estimate(std::move(bounds));
        }
    }

    // A translated handshake's segments aren't equal, but its numbers and its times are what they
    // would be.
    bool may_be_translated(size_t left, size_t right) const {
        const auto bounds = bounds_between(left, right);
        if (!bounds || bounds->low > bounds->high) {
            return false;
        }
        const ClockOffset known = joined_.offset(host(left), host(right));
        return known.handshakes == 0 || !known.agree || !contradict(*bounds, known.bounds);
    }

    void join_behind_nat() {
        std::unordered_map<uint64_t, std::vector<size_t>, packet::KeyedHash> by_numbers;
        for (size_t view = 0; view < views_.size(); ++view) {
            std::vector<size_t>* same =
                evidence(view).has_handshake() ? &by_numbers[numbers_of(evidence(view))] : nullptr;
            if (same != nullptr && same->size() < 3) {
                same->push_back(view);
            }
        }
        for (size_t view = 0; view < views_.size(); ++view) {
            const auto same = by_numbers.find(numbers_of(evidence(view)));
            if (!evidence(view).has_handshake() || same->second.size() != 2 ||
                same->second.front() != view) {
                continue;
            }
            const size_t other = same->second.back();
            if (group_[view] != group_[other] && host(view) != host(other) &&
                may_be_translated(view, other)) {
                merge(group_[view], group_[other], Proof::kSequenceNumbersBehindNat);
            }
        }
    }

    struct Place {
        size_t view = 0;
        uint64_t time_ns = 0;
    };
    struct Match {
        size_t count = 0;
        int64_t least = 0;  // by which the other's packets are later
        int64_t most = 0;
    };

    void join_by_packets() {
        std::unordered_map<uint64_t, std::vector<Place>, packet::KeyedHash> known;
        for (size_t view = 0; view < views_.size(); ++view) {
            std::map<size_t, Match> matches;
            const Evidence& own = evidence(view);
            for (size_t i = 0; i < own.packet_count; ++i) {
                std::vector<Place>& places = known[own.packets[i].identity];
                for (const Place& place : places) {
                    if (host(place.view) != host(view)) {
                        add(matches[place.view], own.packets[i].time_ns, place.time_ns);
                    }
                }
                if (places.size() < kMostPlaces) {
                    places.push_back({view, own.packets[i].time_ns});
                }
            }
            join_best(view, matches);
        }
    }

    static void add(Match& match, uint64_t own_ns, uint64_t other_ns) {
        const auto later = static_cast<int64_t>(other_ns - own_ns);
        match.least = match.count == 0 ? later : std::min(match.least, later);
        match.most = match.count == 0 ? later : std::max(match.most, later);
        ++match.count;
    }

    // Joins it to the view that has the most equal packets, unless two have as many.
    void join_best(size_t view, const std::map<size_t, Match>& matches) {
        size_t most = kFewestPackets - 1;
        std::optional<size_t> best;
        for (const auto& [other, match] : matches) {
            const Group& own = groups_[group_[view]];
            const Group& theirs = groups_[group_[other]];
            const uint64_t spread =
                static_cast<uint64_t>(match.most) - static_cast<uint64_t>(match.least);
            if (match.count < kFewestPackets || spread > kSpacingNs || share_a_host(own, theirs) ||
                (own.has_handshake && theirs.has_handshake)) {
                continue;
            }
            if (match.count == most && best && group_[*best] != group_[other]) {
                best.reset();
            } else if (match.count > most) {
                best = other;
                most = match.count;
            }
        }
        if (best) {
            merge(group_[view], group_[*best], Proof::kPackets);
        }
    }

    // Notes which ends more than one host has.
    void note_ends() {
        constexpr size_t kSeveral = SIZE_MAX;
        for (size_t view = 0; view < views_.size(); ++view) {
            const auto [entry, is_new] = ends_.try_emplace(key_of(flow(view)), host(view));
            if (!is_new && entry->second != host(view)) {
                entry->second = kSeveral;
            }
        }
    }

    JoinedConversation conversation_of(const Group& group) const {
        JoinedConversation conversation;
        if (group.members.size() == 1) {
            const size_t view = group.members.front();
            conversation.same_ends = ends_.at(key_of(flow(view))) != host(view);
            conversation.views = {views_[view]};
            return conversation;
        }
        conversation.proof = group.proof;
        const Flow first = flow(group.members.front());
        std::vector<std::tuple<int, uint64_t, size_t>> order;
        for (const size_t member : group.members) {
            const bool turned = is_turned(first, flow(member));
            const auto& sides = flow(member).sides;
            const bool at_a = sides[turned ? 1 : 0].processes.first() != nullptr;
            const bool at_b = sides[turned ? 0 : 1].processes.first() != nullptr;
            order.emplace_back(at_a == at_b ? 1
                               : at_a       ? 0
                                            : 2,
                               UINT64_MAX - gap_of(evidence(member)).value_or(0), member);
        }
        std::ranges::sort(order);
        const Flow front = flow(std::get<2>(order.front()));
        for (const auto& [rank, gap, member] : order) {
            View view = views_[member];
            view.turned = is_turned(front, flow(member));
            conversation.views.push_back(view);
        }
        return conversation;
    }

    // Where a file lacks the handshake, the ports say who began.
    static bool is_turned(const Flow& one, const Flow& other) {
        const auto same = [&](size_t left, size_t right) {
            return one.sides[left].address == other.sides[right].address &&
                   one.sides[left].port == other.sides[right].port;
        };
        return !(same(0, 0) && same(1, 1)) && same(0, 1) && same(1, 0);
    }

    std::span<const JoinedHost> hosts_;
    std::vector<View> views_;
    std::vector<size_t> group_;  // by view
    std::vector<Group> groups_;  // by number; at first each view has its own
    std::unordered_map<FlowKey, size_t, packet::KeyedHash> ends_;
    Joined joined_;
};

}  // namespace

ClockOffset Joined::offset(size_t from, size_t to) const {
    const auto known = offsets.find(std::minmax(from, to));
    ClockOffset offset = known != offsets.end() ? known->second : ClockOffset{};
    if (from > to) {
        offset.bounds = turned(offset.bounds);
    }
    return offset;
}

Joined join(std::span<const JoinedHost> hosts) {
    return Joining(hosts).result();
}

}  // namespace forensics
