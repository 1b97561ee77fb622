// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/recorder_status.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "capture/clock.h"
#include "packet/packet_count.h"
#include "packet/version.h"

namespace cmd {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr size_t kRateSeconds = 10;

// What a client gets at most of lists and texts, so that a socket takes the whole at once.
constexpr size_t kMostInterfaces = 64;
constexpr size_t kMostText = 4096;

std::string cut(const std::string& text) {
    return text.size() > kMostText ? text.substr(0, kMostText) + "…" : text;
}

Json interfaces_of(const capture::Session& session) {
    Json names = Json::array();
    const auto& interfaces = session.interfaces();
    for (size_t i = 0; i < std::min(interfaces.size(), kMostInterfaces); i++) {
        names.push_back(interfaces[i].name);
    }
    return names;
}

Json ring_of(const packet::PacketStore::Fill& ring) {
    return {{"limit", ring.limit},
            {"bytes", ring.bytes},
            {"packets", ring.packets},
            {"seconds", static_cast<double>(ring.newest_ns - ring.oldest_ns) / kSecond},
            {"left", ring.left}};
}

Json triggers_of(const TriggerCounts& triggers, const FileStatus& file) {
    Json json = {{"signal", triggers.signal},
                 {"command", triggers.command},
                 {"expression", triggers.expression},
                 {"extended", triggers.extended},
                 {"failed", triggers.failed + file.failed},
                 {"saving_until", nullptr},
                 {"last", nullptr}};
    if (file.window_until) {
        json["saving_until"] = utc_text(*file.window_until);
    }
    if (triggers.last) {
        json["last"] = {{"kind", kind_name(triggers.last->kind)},
                        {"time", utc_text(triggers.last->time_ns)},
                        {"note", cut(triggers.last->note)},
                        {"file", triggers.last_path}};
    }
    return json;
}

Json or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(cut(text));
}

}  // namespace

void RateMeter::add(uint64_t time_ns, uint64_t packets, uint64_t bytes) {
    samples_.push_back({time_ns, packets, bytes});
    if (samples_.size() > kRateSeconds) {
        samples_.pop_front();
    }
    next_ = time_ns + kSecond;
}

RateMeter::Rate RateMeter::rate(uint64_t time_ns, uint64_t packets, uint64_t bytes) const {
    if (samples_.empty() || time_ns <= samples_.front().time_ns) {
        return {};
    }
    const Sample& first = samples_.front();
    const double seconds = static_cast<double>(time_ns - first.time_ns) / kSecond;
    return {static_cast<double>(packets - first.packets) / seconds,
            static_cast<double>(bytes - first.bytes) / seconds};
}

RecorderSource RecorderSource::find(std::string name, std::string filter) {
    RecorderSource source;
    source.name = std::move(name);
    source.filter = std::move(filter);
    source.since_ns = capture::clock_ns(CLOCK_REALTIME);
    source.memory = pcapng::Fd(open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
    std::ifstream file("/proc/self/cmdline", std::ios::binary);
    std::string line(kMostText, '\0');
    file.read(line.data(), static_cast<std::streamsize>(line.size()));
    line.resize(static_cast<size_t>(file.gcount()));
    for (size_t at = 0; at < line.size();) {
        const size_t end = std::min(line.find('\0', at), line.size());
        source.command.push_back(line.substr(at, end - at));
        at = end + 1;
    }
    return source;
}

uint64_t RecorderSource::resident_bytes() const {
    std::array<char, 128> text{};
    const ssize_t got = pread(memory.get(), text.data(), text.size() - 1, 0);
    const std::string pages(text.data(), static_cast<size_t>(std::max<ssize_t>(got, 0)));
    const size_t blank = pages.find(' ');  // the second number
    return blank == std::string::npos ? 0
                                      : std::strtoull(pages.c_str() + blank, nullptr, 10) *
                                            static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

std::string status_line_json(const RecorderSource& source, const Options& options,
                             const capture::Session& session, const FileStatus& file,
                             const TriggerCounts& triggers, const RateMeter& rates,
                             uint64_t now_ns) {
    packet::PacketCount captured;
    uint64_t bytes = 0;
    uint64_t refused = 0;
    std::array<uint64_t, packet::kDropCauses> dropped{};
    for (const packet::InterfaceCounters& counters : session.counters()) {
        captured.add(counters);
        bytes += counters.captured_bytes;
        refused += counters.filtered;
        for (size_t cause = 0; cause < packet::kDropCauses; cause++) {
            dropped[cause] += counters.dropped[cause];
        }
    }
    const RateMeter::Rate rate =
        rates.rate(capture::clock_ns(CLOCK_MONOTONIC), captured.packets, bytes);
    const Json status = {
        {"name", source.name},
        {"pid", getpid()},
        {"version", packet::kVersion},
        {"since", utc_text(source.since_ns)},
        {"seconds", static_cast<double>(now_ns - std::min(now_ns, source.since_ns)) / kSecond},
        {"command", source.command},
        {"interfaces", interfaces_of(session)},
        {"interface_count", session.interfaces().size()},
        {"hook", session.report().hook},
        {"filter", or_null(source.filter)},
        {"trigger", or_null(options.recorder.expression.value_or(""))},
        {"packets", captured.packets},
        {"events", captured.events},
        {"bytes", bytes},
        {"packets_per_second", rate.packets},
        {"bytes_per_second", rate.bytes},
        {"dropped", {{"ring_full", dropped[0]}, {"copy_failed", dropped[1]}}},
        {"refused", refused},
        {"files",
         {{"complete", file.complete},
          {"last", or_null(file.last)},
          {"current", or_null(file.current)},
          {"current_bytes", file.current_bytes},
          {"packets", file.packets}}},
        {"ring", file.ring ? ring_of(*file.ring) : Json(nullptr)},
        {"triggers", triggers_of(triggers, file)},
        {"memory", source.resident_bytes()},
    };
    return status.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace cmd
