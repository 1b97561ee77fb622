// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/top_json.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "forensics/analysis/row_text.h"
#include "packet/dissect/address.h"

namespace cmd {
namespace {

using nlohmann::ordered_json;

ordered_json amount(const capture::Amount& amount) {
    return {{"packets", amount.packets}, {"bytes", amount.bytes}};
}

void add_text(ordered_json& to, const char* name, std::string_view text) {
    to[name] = text.empty() ? ordered_json() : ordered_json(text);
}

template <typename T>
ordered_json known(const std::optional<T>& value) {
    return value ? ordered_json(*value) : ordered_json();
}

void add_sums(ordered_json& to, const TrafficSums& sums, uint32_t round_trip_us) {
    to["out"] = amount(sums.out);
    to["in"] = amount(sums.in);
    to["retransmissions"] = sums.retransmissions;
    to["rtt_us"] = round_trip_us != 0 ? ordered_json(round_trip_us) : ordered_json();
}

std::string time_text(uint64_t time_ns) {
    std::string text;
    forensics::append_time({time_ns}, text);
    return text;
}

ordered_json process_object(const TrafficOwner& owner, const OwnerTraffic& traffic) {
    ordered_json object;
    const packet::Process& process = traffic.process;
    if (!owner.process) {
        object["pid"] = nullptr;
        object["via"] = packet::via_name(owner.via);
    } else {
        object["pid"] = process.pid;
        object["start"] = time_text(process.start_ns);
        add_text(object, "comm", process.comm);
        add_text(object, "exe", process.exe);
        add_text(object, "cmdline", packet::joined_arguments(process));
        object["ppid"] = known(process.ppid);
        object["uid"] = known(process.uid);
        add_text(object, "user", process.user);
        add_text(object, "container", process.container);
        add_text(object, "container_name", process.container_name.view());
        add_text(object, "container_image", process.container_image.view());
        add_text(object, "pod_name", process.pod_name.view());
        add_text(object, "pod_namespace", process.pod_namespace.view());
        add_text(object, "unit", process.unit);
        const bool is_known = traffic.usage && !traffic.usage->ended;
        object["ended"] = traffic.usage && traffic.usage->ended;
        object["cpu_percent"] = is_known ? ordered_json(traffic.usage->cpu_percent) : nullptr;
        object["memory"] = is_known ? ordered_json(traffic.usage->memory_bytes) : nullptr;
    }
    add_sums(object, traffic.now, traffic.round_trip_us);
    object["conversations"] = ordered_json::array();
    return object;
}

ordered_json conversation_object(const Traffic::Key& key, const ConversationTraffic& traffic) {
    ordered_json object;
    const bool is_ip = key.length != 0;
    object["netns"] = key.netns;
    object["protocol"] = is_ip ? ordered_json(key.protocol) : ordered_json();
    const auto address = [&](const std::array<uint8_t, 16>& bytes) {
        return is_ip ? ordered_json(packet::to_text({bytes, key.length})) : ordered_json();
    };
    const auto port = [](uint16_t port) { return port != 0 ? ordered_json(port) : ordered_json(); };
    object["local"] = address(key.local);
    object["local_port"] = port(key.local_port);
    object["remote"] = address(key.remote);
    object["remote_port"] = port(key.remote_port);
    object["peer"] = nullptr;
    if (traffic.peer) {
        object["peer"] = {{"pid", traffic.peer->pid}, {"start", time_text(traffic.peer->start_ns)}};
        add_text(object["peer"], "comm", traffic.peer->comm);
    }
    add_sums(object, traffic.now, traffic.round_trip_us);
    return object;
}

}  // namespace

std::string top_json(const Traffic& traffic, uint64_t time_ns) {
    ordered_json object;
    const capture::Counts& latest = traffic.latest();
    object["time"] = time_text(time_ns);
    object["seconds"] = latest.seconds;
    object["seen"] = {{"out", amount(latest.out)},
                      {"in", amount(latest.in)},
                      {"loopback", amount(latest.loopback)}};
    object["left_out"] = amount(latest.left_out);
    object["uncounted"] = amount(latest.uncounted);
    std::map<TrafficOwner, ordered_json> processes;
    for (const auto& [owner, entry] : traffic.owners()) {
        if (entry.now.both().packets > 0) {
            processes[owner] = process_object(owner, entry);
        }
    }
    for (const auto& [key, entry] : traffic.conversations()) {
        if (entry.now.both().packets > 0) {
            processes[key.owner]["conversations"].push_back(conversation_object(key, entry));
        }
    }
    object["processes"] = ordered_json::array();
    for (auto& [owner, process] : processes) {
        object["processes"].push_back(std::move(process));
    }
    // ASCII: nothing in it controls a terminal.
    return object.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
}

}  // namespace cmd
