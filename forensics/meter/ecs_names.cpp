// SPDX-License-Identifier: GPL-2.0-only
//
// The Elastic Common Schema: https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html
#include <fmt/format.h>
#include <netinet/in.h>

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "forensics/analysis/row_text.h"
#include "forensics/analysis/table.h"
#include "forensics/meter/community_id.h"
#include "forensics/meter/record_format.h"
#include "packet/version.h"

namespace forensics {
namespace {

// A release that has all of these fields, as later ones have up to 9.4.
constexpr std::string_view kEcsVersion = "8.0.0";

// Writes fields as nested objects. Fields of one object follow each other. What isn't known is left
// out, as is an object of which nothing is.
class FieldWriter {
  public:
    explicit FieldWriter(std::string& out) : out_(out) { out_ += '{'; }
    FieldWriter(const FieldWriter&) = delete;
    FieldWriter& operator=(const FieldWriter&) = delete;
    ~FieldWriter() {
        close(0);
        out_ += "}\n";
    }

    // `path`: the names of the objects and the field, with dots.
    void add(std::string_view path, const Value& value) {
        if (std::holds_alternative<std::monostate>(value)) {
            return;
        }
        const size_t dot = path.rfind('.');
        const std::string_view name = path.substr(dot == path.npos ? 0 : dot + 1);
        enter(path.substr(0, dot == path.npos ? 0 : dot));
        key(name);
        append_json(value, out_);
    }
    void add_text(std::string_view path, std::string_view text) {
        add(path, text.empty() ? Value() : Value(text));
    }
    void add_time(std::string_view path, const std::optional<uint64_t>& ns) {
        add(path, ns ? Value(Time{*ns}) : Value());
    }

  private:
    void key(std::string_view name) {
        out_ += first_ ? "\"" : ",\"";
        out_ += name;
        out_ += "\":";
        first_ = false;
    }
    void close(size_t depth) {
        for (; open_.size() > depth; open_.pop_back()) {
            out_ += '}';
            first_ = false;
        }
    }
    void enter(std::string_view objects) {
        std::vector<std::string> wanted;
        while (!objects.empty()) {
            const size_t dot = objects.find('.');
            wanted.emplace_back(objects.substr(0, dot));
            objects = dot == objects.npos ? std::string_view() : objects.substr(dot + 1);
        }
        size_t same = 0;
        while (same < open_.size() && same < wanted.size() && open_[same] == wanted[same]) {
            ++same;
        }
        close(same);
        for (; same < wanted.size(); ++same) {
            key(wanted[same]);
            out_ += '{';
            first_ = true;
            open_.push_back(std::move(wanted[same]));
        }
    }

    std::string& out_;
    std::vector<std::string> open_;
    bool first_ = true;
};

List words(std::initializer_list<std::string_view> all) {
    List list;
    for (const std::string_view word : all) {
        if (!word.empty()) {
            list.json += list.json.empty() ? "[" : ",";
            append_json(Value(word), list.json);
        }
    }
    list.json += ']';
    return list;
}

Value number_text(const std::optional<uint32_t>& number) {
    return number ? Value(fmt::to_string(*number)) : Value();
}

void add_user(FieldWriter& out, const std::string& prefix, const Process* process) {
    if (process != nullptr) {
        out.add(prefix + "user.id", number_text(process->uid));
        out.add_text(prefix + "user.name", process->user);
    }
}

void add_process(FieldWriter& out, const std::string& prefix, const Process* process) {
    if (process == nullptr) {
        return;
    }
    out.add_text(prefix + "process.command_line", packet::joined_arguments(*process));
    out.add_text(prefix + "process.executable", process->exe);
    out.add_text(prefix + "process.name", process->comm);
    out.add(prefix + "process.pid", Value(uint64_t{process->pid}));
    if (process->start_ns != 0) {
        out.add_time(prefix + "process.start", process->start_ns);
    }
}

void add_side(FieldWriter& out, const std::string& name, const Side& side, bool has_ports,
              std::string_view domain) {
    out.add(name + ".bytes", Value(side.bytes));
    out.add_text(name + ".domain", domain);
    out.add(name + ".ip", Value(to_text(side.address)));
    out.add(name + ".packets", Value(side.packets));
    out.add(name + ".port", has_ports ? Value(uint64_t{side.port}) : Value());
    add_user(out, name + ".", side.processes.main());
}

// `prefix`: of the object's name.
void add_container(FieldWriter& out, const std::string& prefix, const Process& process) {
    out.add_text(prefix + "container.id", process.container);
    out.add_text(prefix + "container.name", process.container_name.view());
}

// Of the end that the fields `process`, `user` and `container` are about.
void add_pidcap_end(FieldWriter& out, const std::string& name, const Side& side) {
    const Process* process = side.processes.main();
    if (process != nullptr) {
        add_container(out, name + ".", *process);
        add_process(out, name + ".", process);
    }
    out.add(name + ".retransmissions", Value(side.retransmissions));
    out.add(name + ".several_processes", Value(side.processes.several()));
}

// The end whose process carried the conversation: the one that began it, else the other.
struct Chosen {
    const Process* process = nullptr;
    std::string_view at;
};

Chosen chosen_process(const Flow& flow) {
    if (const Process* process = flow.sides[0].processes.main()) {
        return {process, "source"};
    }
    if (const Process* process = flow.sides[1].processes.main()) {
        return {process, "destination"};
    }
    const Process* process = flow.either.main();
    return {process, process != nullptr ? "unknown" : ""};
}

void add_observer(FieldWriter& out, std::string_view interface) {
    out.add_text("observer.ingress.interface.name", interface);
    out.add_text("observer.product", "pidcap");
    out.add_text("observer.type", "network");
    out.add_text("observer.version", packet::kVersion);
}

class EcsNames : public RecordFormat {
  public:
    explicit EcsNames(std::string host) : host_(std::move(host)) {}

    void append(const FlowRecord& record, std::string& text) const override {
        const Flow& flow = record.flow;
        const auto& [a, b] = flow.sides;
        const auto [process, at] = chosen_process(flow);
        const bool has_ports = a.port != 0 || b.port != 0;
        FieldWriter out(text);
        out.add_time("@timestamp", flow.last_ns ? flow.last_ns : record.begin_ns);
        if (process != nullptr) {
            add_container(out, "", *process);
        }
        add_side(out, "destination", b, has_ports, flow.dns_name);
        out.add_text("dns.question.name", flow.dns_question);
        out.add_text("ecs.version", kEcsVersion);
        add_event(out, record);
        out.add_text("host.name",
                     process != nullptr && !process->host.empty() ? process->host : host_);
        out.add("network.bytes", Value(a.bytes + b.bytes));
        out.add_text("network.community_id", community_id(flow));
        out.add("network.iana_number", Value(fmt::to_string(flow.protocol)));
        out.add("network.packets", Value(a.packets + b.packets));
        out.add("network.transport", Value(transport(flow)));
        out.add_text("network.type", a.address.length == 16 ? "ipv6" : "ipv4");
        add_observer(out, flow.seen_on().empty() ? std::string_view()
                                                 : std::string_view(flow.seen_on()[0]->name));
        add_pidcap_end(out, "pidcap.destination", b);
        out.add_time("pidcap.flow.begin", record.begin_ns);
        out.add("pidcap.flow.number", Value(flow.number));
        out.add("pidcap.flow.part", Value(record.part));
        out.add("pidcap.flow.rtt", flow.handshake_rtt_ns ? Value(*flow.handshake_rtt_ns) : Value());
        out.add_text("pidcap.flow.state", state_name(flow.state));
        out.add_text("pidcap.flow.tunnel", flow.tunnel);
        out.add_text("pidcap.process_at", at);
        add_pidcap_end(out, "pidcap.source", a);
        add_process(out, "", process);
        add_side(out, "source", a, has_ports, {});
        out.add_text("tls.client.server_name", flow.server_name);
        out.add_text("url.domain", flow.http_host);
        add_user(out, "", process);
    }

    void append(const LostRecords& lost, std::string& text) const override {
        FieldWriter out(text);
        out.add_text("ecs.version", kEcsVersion);
        out.add("error.message", Value(fmt::format("{} flow records were lost", lost.records)));
        out.add("event.category", words({"network"}));
        out.add_text("event.dataset", "pidcap.flow");
        out.add_text("event.kind", "pipeline_error");
        out.add_text("event.module", "pidcap");
        out.add_text("event.reason", "lost");
        out.add("event.type", words({"info"}));
        out.add_text("host.name", host_);
        add_observer(out, {});
        out.add("pidcap.lost.bytes", Value(lost.bytes));
        out.add("pidcap.lost.packets", Value(lost.packets));
        out.add("pidcap.lost.records", Value(lost.records));
    }

  private:
    // As the schema has it: "ipv6-icmp" is IANA's word.
    static std::string transport(const Flow& flow) {
        return flow.protocol == IPPROTO_ICMPV6 ? "ipv6-icmp" : protocol_name(flow.protocol);
    }

    static void add_event(FieldWriter& out, const FlowRecord& record) {
        const Flow& flow = record.flow;
        const bool starts = record.part == 0;
        const bool ends = is_last(record.reason);
        out.add_text("event.action", "network_flow");
        out.add("event.category", words({"network"}));
        out.add_text("event.dataset", "pidcap.flow");
        if (flow.first_ns && flow.last_ns) {
            out.add("event.duration", Value(*flow.last_ns - *flow.first_ns));
        }
        out.add_time("event.end", flow.last_ns);
        out.add_text("event.kind", "event");
        out.add_text("event.module", "pidcap");
        out.add_text("event.reason", reason_name(record.reason));
        out.add("event.sequence", Value(record.sequence));
        out.add_time("event.start", flow.first_ns);
        out.add("event.type", words({"connection", starts ? "start" : "", ends ? "end" : "",
                                     starts || ends ? "" : "info"}));
    }

    std::string host_;
};

}  // namespace

std::unique_ptr<RecordFormat> ecs_names(std::string host) {
    return std::make_unique<EcsNames>(std::move(host));
}

}  // namespace forensics
