// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/key_table.h"

#include <algorithm>
#include <string_view>

namespace capture::tls {
namespace {

using packet::ClientRandom;
using packet::KeyLogLine;

// In place of a process's number.
constexpr uint32_t kOthers = UINT32_MAX;

bool contains(const std::vector<std::string>& labels, std::string_view label) {
    return std::find(labels.begin(), labels.end(), label) != labels.end();
}

bool contains_key(const std::vector<std::pair<uint32_t, std::string>>& pairs, uint32_t key) {
    return std::find_if(pairs.begin(), pairs.end(),
                        [key](const auto& pair) { return pair.first == key; }) != pairs.end();
}

// With TLS 1.2 the one secret comes ahead of what it encrypts, at both ends but for a server's
// first record; there is nothing to wait for that could be told from a handshake that was given up.
bool is_under_way(const std::vector<std::string>& labels) {
    const bool begun = contains(labels, "CLIENT_HANDSHAKE_TRAFFIC_SECRET") ||
                       contains(labels, "SERVER_HANDSHAKE_TRAFFIC_SECRET");
    const bool ended =
        contains(labels, "CLIENT_TRAFFIC_SECRET_0") && contains(labels, "SERVER_TRAFFIC_SECRET_0");
    return begun && !ended;
}

}  // namespace

KeyTable::Connection& KeyTable::connection_of(const ClientRandom& random, uint64_t time_ns) {
    const auto [found, is_new] = connections_.try_emplace(random);
    if (is_new) {
        young_.emplace_back(time_ns, random);
        if (connections_.size() > kMost) {
            forget_oldest();
        }
    }
    return found->second;  // the newest, so it isn't the oldest
}

void KeyTable::forget_oldest() {
    // Of what there is more: made-up secrets, which are young, push out each other.
    InOrder& order = captured_.size() > young_.size() ? captured_ : young_;
    connections_.erase(order.front().second);
    order.pop_front();
}

void KeyTable::take_part(Connection& connection, const packet::Process* process) {
    if (process == nullptr || std::find(connection.processes.begin(), connection.processes.end(),
                                        process->number) != connection.processes.end()) {
        return;
    }
    const bool has_room =
        participants_.size() < kMostProcesses || participants_.contains(process->number);
    const uint32_t number = has_room ? process->number : kOthers;
    connection.processes.push_back(number);
    Participant& participant = participants_[number];
    participant.status.hellos++;
    if (has_room) {
        participant.status.comm = process->comm;
        participant.status.pid = process->pid;
        participant.host_pid = process->host_pid != 0 ? process->host_pid : process->pid;
    }
}

void KeyTable::has_keys(Connection& connection) {
    const bool is_first = !std::exchange(connection.has_keys, true);
    for (const uint32_t number : connection.processes) {
        Participant& participant = participants_[number];
        participant.status.with_keys += is_first ? 1 : 0;
        for (const auto& [pid, library] : connection.libraries) {
            if (pid == participant.host_pid) {
                participant.status.library = library;
            }
        }
    }
}

std::vector<KeyLogLine> KeyTable::hello(const ClientRandom& random, const packet::Packet& packet) {
    Connection& connection = connection_of(random, packet.time_ns.value_or(0));
    if (std::exchange(connection.is_captured, true)) {
        return {};  // once more, at another interface or as a retransmission
    }
    take_part(connection, packet.self.process);
    take_part(connection, packet.peer.process);
    if (!connection.waiting.empty()) {
        has_keys(connection);
    }
    return std::exchange(connection.waiting, {});
}

std::optional<DueLine> KeyTable::secret(DerivedSecret secret) {
    Connection& connection = connection_of(secret.line.client_random, secret.time_ns);
    if (!contains_key(connection.libraries, secret.pid)) {
        connection.libraries.emplace_back(secret.pid, std::move(secret.library));
        if (connection.has_keys) {
            has_keys(connection);
        }
    }
    if (contains(connection.labels, secret.line.label)) {
        return std::nullopt;  // the other end's
    }
    const bool was_under_way = is_under_way(connection.labels);
    connection.labels.push_back(secret.line.label);
    if (!was_under_way && is_under_way(connection.labels)) {
        connection.secret_ns = secret.time_ns;
        under_way_.push_back(secret.line.client_random);
    }
    if (!connection.is_captured) {
        connection.waiting.push_back(std::move(secret.line));
        return std::nullopt;
    }
    has_keys(connection);
    // In a handshake that has paused, a packet from before the pause.
    const uint64_t since = was_under_way ? connection.secret_ns : secret.time_ns;
    return DueLine{std::move(secret.line), since - kBehindNs};
}

std::optional<uint64_t> KeyTable::needed_since(uint64_t now_ns, uint64_t wait_ns) {
    std::optional<uint64_t> earliest;
    std::erase_if(under_way_, [&](const ClientRandom& random) {
        const auto found = connections_.find(random);
        if (found == connections_.end() || !is_under_way(found->second.labels) ||
            now_ns >= found->second.secret_ns + wait_ns) {
            return true;
        }
        if (found->second.is_captured) {
            const uint64_t since = found->second.secret_ns - kBehindNs;
            earliest = std::min(earliest.value_or(since), since);
        }
        return false;
    });
    return earliest;
}

void KeyTable::forget(uint64_t now_ns) {
    while (!young_.empty() && now_ns >= young_.front().first + kPatienceNs) {
        const auto found = connections_.find(young_.front().second);
        if (found != connections_.end() && found->second.is_captured) {
            captured_.push_back(young_.front());
        } else if (found != connections_.end()) {
            connections_.erase(found);
        }
        young_.pop_front();
    }
    while (!captured_.empty() && now_ns >= captured_.front().first + kMemoryNs) {
        connections_.erase(captured_.front().second);
        captured_.pop_front();
    }
}

std::vector<KeyStatus> KeyTable::status() const {
    std::vector<KeyStatus> all;
    for (const auto& [number, participant] : participants_) {
        all.push_back(participant.status);
    }
    std::sort(all.begin(), all.end(), [](const KeyStatus& left, const KeyStatus& right) {
        return left.hellos != right.hellos ? left.hellos > right.hellos : left.pid < right.pid;
    });
    return all;
}

}  // namespace capture::tls
