// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/report/report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "forensics/report/page_files.h"
#include "packet/dissect/dns.h"
#include "packet/process_fields.h"
#include "pcapng/text.h"

namespace forensics {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxName = 255;      // a domain name's longest
constexpr size_t kMaxCmdline = 4096;  // what pidcap writes at most

// Returns text of the file, cut to `max` bytes, without marks that reorder or hide.
std::string text(std::string_view from, size_t max = kMaxName) {
    const std::string_view kept = pcapng::cut_utf8(from, max);
    return pcapng::shown_text(kept) + (kept.size() < from.size() ? "…" : "");
}

// Returns the time of the first event, samples included; 0: there is none.
uint64_t first_beside(const Report& report) {
    uint64_t first = report.lane.empty() ? UINT64_MAX : report.lane.front().first_ns;
    for (const ProcessUsage::Series& series : report.usage) {
        first = std::min(first, series.points.front().from_ns);
    }
    return first == UINT64_MAX ? 0 : first;
}

// Microseconds from the report's first packet, without one its first event: a number that
// JavaScript has without loss.
class Clock {
  public:
    explicit Clock(const Report& report)
        : base_ns_(report.first_ns.value_or(first_beside(report))) {}

    uint64_t base_us() const { return base_ns_ / 1000; }
    Json operator()(const std::optional<uint64_t>& ns) const {
        if (!ns) {
            return nullptr;
        }
        return *ns >= base_ns_ ? static_cast<double>(*ns - base_ns_) / 1000
                               : -static_cast<double>(base_ns_ - *ns) / 1000;
    }

  private:
    uint64_t base_ns_;
};

Json amount(const Amount& of) {
    return {of.packets, of.bytes};
}

// The page's number of each process; null: none, or left out.
class Places {
  public:
    explicit Places(const Report& report) {
        for (const ReportProcess& process : report.processes) {
            places_.emplace(process.traffic.process, places_.size());
        }
    }
    Json operator()(const Process* process) const {
        const auto place = places_.find(process);
        return place == places_.end() ? Json() : Json(place->second);
    }
    Json operator()(const std::vector<const Process*>& processes) const {
        Json all = Json::array();
        for (const Process* process : processes) {
            if (Json place = (*this)(process); !place.is_null()) {
                all.push_back(std::move(place));
            }
        }
        return all;
    }

  private:
    std::unordered_map<const Process*, size_t> places_;
};

// A number that JavaScript has without loss; a larger one as its digits. ECMA-262:
// Number.MAX_SAFE_INTEGER.
Json exact(uint64_t number) {
    constexpr uint64_t kMaxSafe = (uint64_t{1} << 53) - 1;
    return number > kMaxSafe ? Json(std::to_string(number)) : Json(number);
}

Json process_json(const ReportProcess& of, const Clock& clock) {
    const Process& process = *of.traffic.process;
    Json json = {
        {"comm", ""},
        {"sent", amount(of.traffic.sent)},
        {"received", amount(of.traffic.received)},
        {"either", amount(of.traffic.either)},
        {"flows", of.traffic.flows},
        {"peers", of.traffic.peers},
        {"direct", of.traffic.direct},
        {"inferred", of.traffic.inferred},
        {"first", clock(of.traffic.first_ns)},
        {"last", clock(of.traffic.last_ns)},
        {"parent", of.parent ? Json(*of.parent) : Json()},
    };
    for (const packet::ProcessField& field : packet::process_fields()) {
        const Value value = packet::value_of(process, field);
        const std::string key(field.column.name);
        if (const auto* time = std::get_if<Time>(&value)) {
            json[key] = clock(time->ns);
        } else if (const auto* number = std::get_if<uint64_t>(&value)) {
            json[key] = exact(*number);
        } else if (const auto* view = std::get_if<std::string_view>(&value)) {
            json[key] = text(*view, kMaxCmdline);
        } else if (const auto* own = std::get_if<std::string>(&value)) {
            json[key] = text(*own, kMaxCmdline);
        }
    }
    return json;
}

// The processes of an end with their bytes, if there is more than one.
Json shares(const Participants& processes, const Places& places) {
    if (!processes.several()) {
        return {};
    }
    Json list = Json::array();
    for (const Participant& each : processes.by_bytes()) {
        list.push_back({places(each.process), each.bytes});
    }
    return list;
}

Json interfaces(const Flow& flow) {
    Json names = Json::array();
    for (const Interface* interface : flow.seen_on()) {
        names.push_back(text(interface->name));
    }
    return names;
}

// A row: its columns are page.js's kFlow.
Json flow_json(const Flow& flow, const Clock& clock, const Places& places) {
    const auto side = static_cast<size_t>(local_side(flow));
    const Side& local = flow.sides[side];
    const Side& remote = flow.sides[1 - side];
    const Json duration = flow.first_ns && flow.last_ns && *flow.last_ns >= *flow.first_ns
                              ? Json(static_cast<double>(*flow.last_ns - *flow.first_ns) / 1000)
                              : Json();
    return {
        flow.protocol,
        places(local.processes.main()),
        places(remote.processes.main()),
        places(flow.either.main()),
        side == 0 ? 1 : 0,
        to_text(local.address),
        local.port,
        to_text(remote.address),
        remote.port,
        text(flow.dns_name),
        text(flow.server_name),
        text(flow.http_host),
        state_name(flow.state),
        local.packets,
        local.bytes,
        remote.packets,
        remote.bytes,
        clock(flow.first_ns),
        duration,
        flow.handshake_rtt_ns ? Json(static_cast<double>(*flow.handshake_rtt_ns) / 1000) : Json(),
        local.retransmissions,
        remote.retransmissions,
        shares(local.processes, places),
        shares(remote.processes, places),
        shares(flow.either, places),
        text(flow.dns_question),
        interfaces(flow),
        text(flow.tunnel),
    };
}

Json group_json(const ReportGroup& group, const Clock& clock, const Places& places) {
    return {
        {"address", group.address.length == 0 ? std::string() : to_text(group.address)},
        {"kind", group.kind},
        {"name", text(group.name)},
        {"flows", group.flows},
        {"sent", group.sent},
        {"received", group.received},
        {"first", clock(group.first_ns)},
        {"processes", places(group.processes)},
        {"more", group.more_processes},
    };
}

const char* how(Handshake handshake) {
    switch (handshake) {
        case Handshake::kUnanswered:
            return "unanswered";
        case Handshake::kAnswered:
            return "answered";
        case Handshake::kRefused:
            return "refused";
        case Handshake::kAborted:
            return "aborted";
        case Handshake::kNone:
        case Handshake::kComplete:
            break;
    }
    return "";
}

Json handshake_json(const ReportHandshake& of, const Clock& clock, const Places& places) {
    return {
        {"process", places(of.process)}, {"remote", to_text(of.remote)}, {"port", of.port},
        {"began", of.local_began},       {"how", how(of.how)},           {"flows", of.flows},
        {"first", clock(of.first_ns)},   {"last", clock(of.last_ns)},
    };
}

Json question_json(const ReportQuestion& of, const Places& places) {
    return {
        {"name", text(of.name)},
        {"type", packet::dns_type_name(of.type)},
        {"process", places(of.process)},
        {"server", to_text(of.server)},
        {"asked", of.asked},
        {"answered", of.answered},
        {"nonexistent", of.nonexistent},
        {"failed", of.failed},
    };
}

// For a process that the page doesn't have, as one without traffic.
Json process_name(const Process* process) {
    return process == nullptr ? Json()
                              : Json(fmt::format("{} {}", text(process->comm), process->pid));
}

Json events_json(const ReportEvents& of, const Clock& clock, const Places& places) {
    return {
        {"process", places(of.process)},
        {"name", process_name(of.process)},
        {"texts", {text(of.texts[0]), text(of.texts[1]), text(of.texts[2])}},
        {"count", of.count},
        {"first", clock(of.first_ns)},
        {"last", clock(of.last_ns)},
    };
}

const char* kind_word(EventKind kind) {
    constexpr std::array<const char*, kEventKinds> kWords{"failure", "drop", "start", "end",
                                                          "other"};
    return kWords[static_cast<size_t>(kind)];
}

Json bin_json(const LaneBin& of, const Clock& clock, const Places& places) {
    Json events = Json::array();
    for (const LaneEvent& event : of.events) {
        events.push_back({{"time", clock(event.time_ns)},
                          {"process", places(event.process)},
                          {"who", process_name(event.process)},
                          {"name", text(event.name)},
                          {"fields", text(event.fields)}});
    }
    return {
        {"kind", kind_word(of.kind)}, {"count", of.count},           {"first", clock(of.first_ns)},
        {"last", clock(of.last_ns)},  {"events", std::move(events)},
    };
}

Json life_json(const ReportLife& of, const Clock& clock, const Places& places) {
    return {
        {"process", places(of.process)},
        {"name", process_name(of.process)},
        {"start", clock(of.start_ns)},
        {"end", clock(of.end_ns)},
        {"first", clock(of.first_ns)},
        {"last", clock(of.last_ns)},
        {"code", of.outcome.exit_code ? exact(*of.outcome.exit_code) : Json()},
        {"signal", text(of.outcome.exit_signal)},
        {"failures", of.outcome.failed_connections},
        {"drops", of.outcome.dropped_packets},
    };
}

// A point: its columns are usage.js's kPoint.
Json usage_json(const ProcessUsage::Series& of, const Clock& clock, const Places& places) {
    Json points = Json::array();
    for (const UsagePoint& point : of.points) {
        const Json cpu = point.interval_ns == 0 ? Json()
                                                : Json(100 * static_cast<double>(point.cpu_ns) /
                                                       static_cast<double>(point.interval_ns));
        points.push_back(
            {clock(point.from_ns), clock(point.to_ns), cpu, static_cast<double>(point.rss_bytes)});
    }
    return {{"process", places(of.process)},
            {"name", process_name(of.process)},
            {"points", std::move(points)}};
}

Json series_json(const Timeline::Series& series, const char* kind, const Places& places) {
    return {{"kind", kind}, {"process", places(series.process)}, {"bytes", series.bytes}};
}

Json traffic_json(const Timeline::Traffic& traffic, const Clock& clock, const Places& places) {
    Json series = Json::array();
    for (const Timeline::Series& process : traffic.processes) {
        series.push_back(series_json(process, "process", places));
    }
    series.push_back(series_json(traffic.others, "others", places));
    series.push_back(series_json(traffic.unattributed, "unattributed", places));
    return {
        {"start", traffic.spans == 0 ? Json() : clock(traffic.start_ns)},
        {"width", static_cast<double>(traffic.width_ns) / 1000},
        {"spans", traffic.spans},
        {"series", std::move(series)},
    };
}

// One element of the data at a time: all of them as objects would take ten times the page's memory.
class JsonText {
  public:
    void member(const char* name, const Json& value) {
        begin(name);
        append(value);
    }
    template <typename Items, typename Make>
    void list(const char* name, const Items& items, Make make) {
        begin(name);
        text_ += '[';
        for (const auto& item : items) {
            text_ += text_.back() == '[' ? "" : ",\n";
            append(make(item));
        }
        text_ += ']';
    }
    std::string finish() && { return std::move(text_) + "}"; }

  private:
    void begin(const char* name) {
        text_ += text_.empty() ? "{" : ",\n";
        append(name);
        text_ += ':';
    }
    void append(const Json& value) {
        text_ += value.dump(-1, ' ', false, Json::error_handler_t::replace);
    }

    std::string text_;
};

std::string data_of(const Report& report) {
    const Clock clock(report);
    const Places places(report);
    const auto group = [&](const ReportGroup& of) { return group_json(of, clock, places); };
    std::vector<std::string> problems;
    for (const std::string& problem : report.problems) {
        problems.push_back(text(problem, kMaxCmdline));
    }

    JsonText json;
    json.member("file", text(report.file, kMaxCmdline));
    json.member("problems", problems);
    json.member("base", clock.base_us());
    json.member("first", clock(report.first_ns));
    json.member("last", clock(report.last_ns));
    json.member("total", amount(report.total));
    json.member("unattributed", {{"kernel", amount(report.unattributed.kernel)},
                                 {"forwarded", amount(report.unattributed.forwarded)},
                                 {"unknown", amount(report.unattributed.unknown)},
                                 {"silent", amount(report.unattributed.silent)}});
    json.member("processCount", report.process_count);
    json.member("flowCount", report.flow_count);
    json.member("talkerCount", report.talker_count);
    json.member("nameCount", report.name_count);
    json.member("questionCount", report.question_count);
    json.member("questionsLeftOut", report.questions_left_out);
    json.member("handshakeCount", report.handshake_count);
    json.member("failureCount", report.failure_count);
    json.member("failuresLeftOut", report.failures_left_out);
    json.member("dropCount", report.drop_count);
    json.member("dropsLeftOut", report.drops_left_out);
    json.member("traffic", traffic_json(report.traffic, clock, places));
    json.list("processes", report.processes,
              [&](const ReportProcess& of) { return process_json(of, clock); });
    json.list("talkers", report.talkers, group);
    json.list("names", report.names, group);
    json.list("questions", report.questions,
              [&](const ReportQuestion& of) { return question_json(of, places); });
    json.list("handshakes", report.handshakes,
              [&](const ReportHandshake& of) { return handshake_json(of, clock, places); });
    const auto events = [&](const ReportEvents& of) { return events_json(of, clock, places); };
    json.list("failures", report.failures, events);
    json.list("drops", report.drops, events);
    json.list("lane", report.lane, [&](const LaneBin& of) { return bin_json(of, clock, places); });
    json.member("lifeCount", report.life_count);
    json.list("lives", report.lives,
              [&](const ReportLife& of) { return life_json(of, clock, places); });
    json.member("usageCount", report.usage_count);
    json.list("usage", report.usage,
              [&](const ProcessUsage::Series& of) { return usage_json(of, clock, places); });
    json.list("flows", report.flows,
              [&](const Flow& flow) { return flow_json(flow, clock, places); });
    return std::move(json).finish();
}

}  // namespace

std::string json_for_html(std::string_view json) {
    // All of these stand in JSON only within strings, where \u is allowed.
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kEscapes{{
        {"<", "\\u003c"},
        {">", "\\u003e"},
        {"&", "\\u0026"},
        {"\xE2\x80\xA8", "\\u2028"},
        {"\xE2\x80\xA9", "\\u2029"},
    }};
    std::string escaped;
    escaped.reserve(json.size());
    while (!json.empty()) {
        size_t taken = 0;
        for (const auto& [from, to] : kEscapes) {
            if (json.substr(0, from.size()) == from) {
                escaped += to;
                taken = from.size();
            }
        }
        if (taken == 0) {
            escaped += json.front();
            taken = 1;
        }
        json.remove_prefix(taken);
    }
    return escaped;
}

std::string page_of(const Report& report) {
    constexpr std::string_view kData = "@DATA@";
    const std::string_view page = page_template();
    const size_t place = page.find(kData);
    assert(place != std::string_view::npos);
    std::string whole(page.substr(0, place));
    whole += json_for_html(data_of(report));
    whole += page.substr(place + kData.size());
    return whole;
}

}  // namespace forensics
