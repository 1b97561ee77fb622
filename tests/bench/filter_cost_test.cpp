// SPDX-License-Identifier: GPL-2.0-only
//
// What a packet costs in our programs when it isn't captured, by the kernel's own run-time
// statistics (BPF_STATS_RUN_TIME); "empty" is what these say of a program that does nothing. Prints
// the numbers, and asserts only that they are real: what a machine makes of them depends on what
// else it does. Run it alone on a quiet one:
//     build/release/tests/test_bench
// With PIDCAP_QUICK in the environment, as in CTest, one run of each shows that it works.
#include <bpf/bpf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/tc_program.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace test {
namespace {

constexpr uint32_t kPackets = 200'000;
const int kRuns = std::getenv("PIDCAP_QUICK") == nullptr ? 3 : 1;
constexpr size_t kPayload = 22;  // a frame of 64 bytes
constexpr int kNext = -1;        // TCX_NEXT

struct Cost {
    uint64_t time_ns = 0;
    uint64_t runs = 0;
};

// Of every program of this kind that is loaded, by its id.
std::map<uint32_t, Cost> costs() {
    std::map<uint32_t, Cost> costs;
    uint32_t id = 0;
    while (bpf_prog_get_next_id(id, &id) == 0) {
        const pcapng::Fd program(bpf_prog_get_fd_by_id(id));
        bpf_prog_info info{};
        uint32_t size = sizeof(info);
        if (program.valid() && bpf_obj_get_info_by_fd(program.get(), &info, &size) == 0 &&
            info.type == BPF_PROG_TYPE_SCHED_CLS) {
            costs[id] = {info.run_time_ns, info.run_cnt};
        }
    }
    return costs;
}

struct Measured {
    double ns = 0;     // a packet, in the filter and what it leads to
    double empty = 0;  // in a program that does nothing, on the same packets
    Totals totals;
    uint64_t received = 0;  // records that came through the rings
};

uint32_t id_of(const pcapng::Fd& program) {
    bpf_prog_info info{};
    uint32_t size = sizeof(info);
    REQUIRE(bpf_obj_get_info_by_fd(program.get(), &info, &size) == 0);
    return info.id;
}

// One flood from a to b, captured at one end with these options. Two programs see all of it: ours,
// and one behind it that does nothing, for what the statistics themselves cost.
Measured measure(bool at_receiver, const std::vector<std::string>& options) {
    const Line line;
    const TemporaryFolder folder;
    const std::string file = folder.file("bench");
    std::vector<std::string> arguments = {"-i", at_receiver ? "vb" : "va", "-w", file};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Netns& where = at_receiver ? line.cable.b : line.cable.a;
    Capture capture(where, arguments);
    const pcapng::Fd nothing = load_tc_program(kNext);
    pcapng::Fd link;
    {
        const InNetns inside(where);
        link = at_receiver ? attach_tcx(nothing, "vb", Hook::kIngress)
                           : attach_tcx(nothing, "va", Hook::kEgress);
    }
    const uint32_t empty = id_of(nothing);
    send_numbered(line.sender, 0, 1000, kPayload);
    const auto before = costs();
    send_numbered(line.sender, 0, kPackets, kPayload);
    Measured measured;
    for (const auto& [id, cost] : costs()) {
        const auto then = before.find(id);
        if (then != before.end() && cost.runs - then->second.runs >= kPackets) {
            (id == empty ? measured.empty : measured.ns) =
                static_cast<double>(cost.time_ns - then->second.time_ns) /
                static_cast<double>(cost.runs - then->second.runs);
        }
    }
    capture.stop();
    measured.totals = totals_of(capture.err());
    measured.received = statistics_of(file).received;
    return measured;
}

TEST_CASE("what a packet of a flood costs that isn't captured") {
    const pcapng::Fd statistics(bpf_enable_stats(BPF_STATS_RUN_TIME));
    REQUIRE(statistics.valid());
    struct {
        const char* what;
        bool at_receiver;
        std::vector<std::string> options;
        bool by_process;  // user space has to decide first
    } const cases[] = {
        {"filter: less 10", false, {"less", "10"}, false},
        {"filter: tcp port 443 and host 10.0.0.1",
         false,
         {"tcp port 443 and host 10.0.0.1"},
         false},
        {"filter: udp port 10", false, {"udp port 10"}, false},
        {"filter: udp port 10, from behind a veth", true, {"udp port 10"}, false},
        {"process filter: --comm nobody", false, {"--comm", "nobody"}, true},
    };
    fmt::print("{:<45} {:>6} {:>6} {:>6} {:>6}   ns a packet of {} floods of {}\n", "", "least",
               "median", "most", "empty", kRuns, kPackets);
    for (const auto& one : cases) {
        std::vector<double> all;
        std::vector<double> empty;
        for (int run = 0; run < kRuns; run++) {
            INFO(one.what);
            const Measured measured = measure(one.at_receiver, one.options);
            CHECK(measured.ns > 0);
            CHECK(measured.empty > 0);
            CHECK(measured.totals.captured == 0);
            CHECK(measured.totals.dropped == 0);
            CHECK(measured.received < (one.by_process ? kPackets / 2 : 1));
            all.push_back(measured.ns);
            empty.push_back(measured.empty);
        }
        std::sort(all.begin(), all.end());
        std::sort(empty.begin(), empty.end());
        fmt::print("{:<45} {:>6.0f} {:>6.0f} {:>6.0f} {:>6.0f}\n", one.what, all.front(),
                   all[all.size() / 2], all.back(), empty[empty.size() / 2]);
    }
}

}  // namespace
}  // namespace test
