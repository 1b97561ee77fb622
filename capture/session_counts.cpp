// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <sys/socket.h>

#include <chrono>
#include <span>
#include <thread>
#include <utility>

#include "capture/clock.h"
#include "capture/kernel/counted_peers.h"
#include "capture/session.h"

namespace capture {
namespace {

packet::Address address_of_words(const uint32_t (&words)[4], uint8_t family) {
    const auto bytes = std::as_bytes(std::span(words));
    if (family == 0) {
        return {};
    }
    return packet::address_of(bytes.first(family == AF_INET ? 4 : 16));
}

Conversation conversation_of(const pidcap_count_key& key) {
    return {.netns = key.netns,
            .protocol = key.protocol,
            .local = address_of_words(key.local, key.family),
            .remote = address_of_words(key.remote, key.family),
            .local_port = ntohs(key.local_port),
            .remote_port = ntohs(key.remote_port)};
}

Amount amount_of(const pidcap_amount& amount) {
    return {amount.packets, amount.bytes};
}

}  // namespace

// What happened to processes up to the switch of the counters is to be known, too.
Result<Counts> Session::take_counts() {
    const uint64_t now = kernel_mono_ns();
    auto counted = programs_.take_counted();
    if (!counted) {
        return std::move(counted).error();
    }
    std::this_thread::sleep_for(std::chrono::nanoseconds(Merge::kSlackNs));
    if (auto handed = step(); !handed) {
        return std::move(handed).error();
    }
    pair_ends(counted->ends);
    Counts counts;
    counts.seconds = static_cast<double>(now - counted_mono_) / 1e9;
    counted_mono_ = now;
    counts.out = amount_of(counted->seen[PIDCAP_SEEN_OUT]);
    counts.in = amount_of(counted->seen[PIDCAP_SEEN_IN]);
    counts.loopback = amount_of(counted->seen[PIDCAP_SEEN_LOOPBACK]);
    counts.left_out = amount_of(counted->seen[PIDCAP_SEEN_LEFT_OUT]);
    counts.uncounted = amount_of(counted->seen[PIDCAP_SEEN_UNCOUNTED]);
    for (const auto& [key, count] : counted->ends) {
        const Process* process = table_.find(count.owner);
        const Via via = via_of_record(key.via);
        const Amount out = amount_of(count.out);
        const Amount in = amount_of(count.in);
        if (process != nullptr ? !filter_.wants(*process) : !filter_.wants_without_process(via)) {
            counts.left_out += out + in;
            refuse(count.owner, process);
            continue;
        }
        CountedConversation& added = counts.conversations.emplace_back();
        added.process = process;
        added.via = process != nullptr ? Via::kUnrecorded : via;
        added.peer = table_.find_known(count.peer);
        added.conversation = conversation_of(key);
        added.out = out;
        added.in = in;
        if (count.has_tcp != 0) {
            added.tcp = {count.srtt_us, count.first_retransmitted, count.retransmitted};
        }
    }
    return counts;
}

}  // namespace capture
