// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/counted_peers.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <unordered_map>

namespace capture {
namespace {

// Of a counter: without padding, so bytes are equal if keys are.
std::string_view bytes_of(const pidcap_count_key& key) {
    return {reinterpret_cast<const char*>(&key), sizeof(key)};
}

// The key that the counter at the other end has.
pidcap_count_key key_of_peer(const CountedEnd& end) {
    pidcap_count_key key = end.key;
    key.start_boot = end.count.peer.start_boot;
    key.tgid = end.count.peer.tgid;
    key.netns = end.count.peer_netns;
    std::swap(key.local, key.remote);
    std::swap(key.local_port, key.remote_port);
    return key;
}

}  // namespace

void pair_ends(std::vector<CountedEnd>& ends) {
    std::unordered_map<std::string_view, CountedEnd*> without_peer;
    for (CountedEnd& end : ends) {
        if (end.key.tgid != 0 && end.count.peer.tgid == 0) {
            without_peer.emplace(bytes_of(end.key), &end);
        }
    }
    if (without_peer.empty()) {
        return;
    }
    for (const CountedEnd& end : ends) {
        if (end.key.tgid == 0 || end.count.peer.tgid == 0) {
            continue;
        }
        const pidcap_count_key peer = key_of_peer(end);
        const auto found = without_peer.find(bytes_of(peer));
        if (found != without_peer.end()) {
            pidcap_count& count = found->second->count;
            count.peer = {end.key.start_boot, end.key.tgid, 0};
            count.peer_netns = end.key.netns;
        }
    }
}

}  // namespace capture
