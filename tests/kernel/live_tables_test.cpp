// SPDX-License-Identifier: GPL-2.0-only
//
// A running capture as the source of what is otherwise made of a file: the same packets go to
// `processes`, `flows` and `report` as they come, and through a file.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "capture/file_sink.h"
#include "capture/host_name.h"
#include "capture/session.h"
#include "forensics/analysis/analysis.h"
#include "forensics/analysis/row_text.h"
#include "forensics/analysis/table.h"
#include "forensics/analysis/timeline.h"
#include "forensics/report/report.h"
#include "forensics/report/report_page.h"
#include "forensics/source/source.h"
#include "packet/kept_processes.h"
#include "tests/kernel/traffic.h"
#include "tests/support/temporary_folder.h"

namespace test {
namespace {

using pcapng::Result;

constexpr const char* kName = "capture";

struct Tables {
    std::vector<std::string> processes;  // JSON lines
    std::vector<std::string> flows;
    std::string page;
};

// What the commands make of packets, whatever their source.
class Commands {
  public:
    void add(const packet::Packet& packet) { timeline_.add(packet, analysis_.add(packet).counted); }

    Tables finish(const std::deque<packet::Process>& processes) {
        analysis_.finish();
        Tables tables;
        packet::Row row;
        for (const forensics::ProcessTraffic& traffic : analysis_.processes()) {
            if (traffic.process != nullptr) {
                forensics::process_row(traffic, row);
                forensics::append_json(forensics::process_columns(), row,
                                       tables.processes.emplace_back());
            }
        }
        for (const forensics::Flow& flow : analysis_.flows()) {
            forensics::flow_row(flow, row);
            forensics::append_json(forensics::flow_columns(), row, tables.flows.emplace_back());
        }
        tables.page =
            forensics::page_of(forensics::make_report(kName, processes, analysis_, timeline_));
        return tables;
    }

  private:
    forensics::Analysis analysis_;
    forensics::Timeline timeline_;
};

// Hands each packet to the commands and to a file.
class LiveTables : public packet::Sink {
  public:
    explicit LiveTables(capture::FileSink file) : file_(std::move(file)) {}

    Result<void> interface(const packet::Interface& interface) override {
        return file_.interface(interface);
    }
    Result<void> packet(const packet::Packet& packet) override {
        commands_.add(kept_.keep(packet));
        return file_.packet(packet);
    }
    Result<void> idle() override { return file_.idle(); }
    Result<void> finish(const std::vector<packet::InterfaceCounters>& counters) override {
        return file_.finish(counters);
    }

    Tables tables() { return commands_.finish(kept_.processes()); }

  private:
    capture::FileSink file_;
    packet::KeptProcesses kept_{capture::host_name()};
    Commands commands_;
};

Tables tables_of(const std::string& path) {
    auto source = forensics::Source::open(path);
    REQUIRE(source);
    Commands commands;
    for (auto packet = source->next(); packet && *packet != nullptr; packet = source->next()) {
        commands.add(**packet);
    }
    return commands.finish(source->processes());
}

template <typename T>
T require_ok(Result<T> result) {
    INFO((result.ok() ? "" : result.error().message));
    REQUIRE(result.ok());
    return std::move(result).value();
}
void require_ok(const Result<void>& result) {
    INFO((result.ok() ? "" : result.error().message));
    REQUIRE(result.ok());
}

TEST_CASE("processes, flows and report say the same of a running capture and of its file") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    Actor server(netns, "server");
    Actor client(netns, "client");
    const Address address = make_address("127.0.0.1", 0);
    const int to = bound_socket(server, address, SOCK_DGRAM);
    const Address at = make_address("127.0.0.1", local_port(server, to));

    const InNetns here(netns);
    capture::SessionOptions options;
    options.interfaces.names = {"lo"};
    const auto session = require_ok(capture::Session::open(options));
    LiveTables live(require_ok(
        capture::FileSink::create(require_ok(pcapng::Output::open_file(path)), {}, "a test")));
    require_ok(session->start(live));
    for (const char* note : {"one", "two", "three"}) {
        say(client, connected_socket(client, at, SOCK_DGRAM), note);
    }
    {
        Actor child = client.fork_child("child");
        say(child, connected_socket(child, at, SOCK_DGRAM), "four");
    }
    require_ok(session->finish());

    const Tables now = live.tables();
    const Tables later = tables_of(path);
    REQUIRE(now.processes.size() == 3);
    CHECK(now.flows.size() == 4);
    CHECK(now.processes == later.processes);
    CHECK(now.flows == later.flows);
    CHECK(now.page == later.page);
    const auto names = [&](const std::string& row) {
        return row.find("\"comm\":\"client\"") != row.npos ? 1 : 0;
    };
    CHECK(std::count_if(now.processes.begin(), now.processes.end(), names) == 1);
}

}  // namespace
}  // namespace test
