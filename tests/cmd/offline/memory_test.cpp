// SPDX-License-Identifier: GPL-2.0-only
//
// Files that cost their reader more than they are worth: what each command keeps of them has a
// limit. Only of the release build: the sanitizers need memory and time of their own. Time is
// counted in instructions.
#include <functional>
#include <string>
#include <vector>

#include "tests/cmd/offline/written.h"

using test::Bytes;
using test::contains;
using test::need;

namespace {

constexpr double kMostMib = 256;

std::string made(const std::string& path, const std::function<void(pcapng::Writer&)>& fill) {
    pcapng::Writer writer = test::open_writer(path);
    (void)need(writer.add_interface({}));
    fill(writer);
    need(writer.close());
    return path;
}

void add_packet(pcapng::Writer& writer, uint64_t time_ns, const std::string& comment) {
    static const Bytes kFrame = test::udp_frame();
    need(writer.packet({.time_ns = time_ns, .data = kFrame, .comment = comment}));
}

// The instructions that pidcap executes, which no other load of the machine changes.
double instructions(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"valgrind", "--tool=callgrind",
                                         "--callgrind-out-file=/dev/null", PIDCAP_PROGRAM});
    const test::CommandResult result = test::run(arguments);
    INFO(result.err);
    REQUIRE(result.status == 0);
    const std::string label = "Collected : ";
    const size_t at = result.err.find(label);
    REQUIRE(at != std::string::npos);
    return std::stod(result.err.substr(at + label.size()));
}

// What each command says of the file.
std::string said_in_little_memory(const test::TemporaryFolder& folder, const std::string& file) {
    const std::string out = folder.file("out");
    std::string said;
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"processes", file},
          {"report", file, "-o", out},
          {"extract", "--split", "process", file, "-w", folder.file("split")},
          {"merge", file, "-w", out}}) {
        const test::CommandResult result = test::pidcap(command);
        INFO(command[0] << ' ' << command[1] << ": " << result.err);
        CHECK(result.status <= 1);
        CHECK(result.peak_mib < kMostMib);
        said += result.err;
    }
    return said;
}

}  // namespace

TEST_CASE("many Darwin processes, of which no packet tells, take little memory") {
    const test::TemporaryFolder folder;
    const std::string file = made(folder.file("a"), [](pcapng::Writer& writer) {
        for (uint32_t pid = 1; pid <= 500'000; pid++) {
            (void)need(writer.darwin_process(pid, std::string_view()));
        }
        add_packet(writer, 1, {});
    });
    said_in_little_memory(folder, file);
}

TEST_CASE("so many processes are kept as there is memory for, packets of the others name none") {
    const test::TemporaryFolder folder;
    const std::string file = made(folder.file("a"), [](pcapng::Writer& writer) {
        for (uint32_t pid = 1; pid <= 250'000; pid++) {
            add_packet(writer, pid, fmt::format("pid={0} st={0} comm=x via=socket", pid));
        }
    });
    const std::string said = said_in_little_memory(folder, file);
    CHECK(test::occurrences(said, "too many processes to keep") == 4);
    const auto table = test::pidcap({"processes", "--csv", file});
    CHECK(table.status == 1);
    CHECK(test::lines(table.out).size() > 200'000);
    CHECK(test::lines(table.out).size() < 250'000);
    // What is written has them all, and can be read to its end.
    test::pidcap({"merge", file, "-w", folder.file("merged")});
    CHECK(test::lines(test::pidcap({"read", folder.file("merged")}).out).size() == 250'000);
}

TEST_CASE("files of a split that wait for more packets take no memory for their long comments") {
    const test::TemporaryFolder folder;
    const std::string cmdline(60'000, 'x');
    const std::string file = made(folder.file("a"), [&](pcapng::Writer& writer) {
        for (uint32_t pid = 1; pid <= 2'000; pid++) {
            add_packet(writer, pid,
                       fmt::format("pid={0} st={0} via=socket cmdline={0}{1}", pid, cmdline));
        }
    });
    CHECK(contains(said_in_little_memory(folder, file), "2000 files"));
}

TEST_CASE("files of a split don't each go through the blocks of all processes") {
    constexpr uint64_t kProcesses = 5'000;
    const test::TemporaryFolder folder;
    const auto split = [&](const std::string& name, bool described) {
        const std::string file = made(folder.file(name), [&](pcapng::Writer& writer) {
            for (uint64_t i = 1; i <= kProcesses; i++) {
                const std::string start = std::to_string(i * 1000);
                const std::vector<pcapng::JournalField> fields = {
                    {"MESSAGE", "exec x"}, {"_PID", "7"}, {"_PIDCAP_START", start}};
                if (described) {
                    need(writer.journal_entry(i * 1000, fields));
                }
                add_packet(writer, i * 1000, "pid=7 st=" + start + " via=socket");
            }
        });
        return instructions(
            {"extract", "--split", "process", file, "-w", folder.file(name + "-split")});
    };
    const double without = split("a", false);
    CHECK(split("b", true) < 3 * without);
    const auto lines = [&](const std::string& name) {
        return test::lines(test::output_of({"tshark", "-r", folder.file("b-split/" + name)}))
            .size();
    };
    CHECK(lines("7-unnamed.pcapng") == 2);  // the packet, and the entry on its process
    CHECK(lines("others.pcapng") == (kProcesses - 4096) * 2);
}

TEST_CASE("a section costs no more behind one of many processes than before it") {
    const test::TemporaryFolder folder;
    const auto read = [&](const std::string& name, bool before) {
        const std::string file = made(folder.file(name), [&](pcapng::Writer& writer) {
            const auto sections = [&] {
                for (int i = 0; i < 2'000; i++) {
                    need(writer.begin_section({}));
                    (void)need(writer.add_interface({}));
                }
            };
            if (before) {
                sections();
            }
            for (uint32_t pid = 1; pid <= 10'000; pid++) {
                add_packet(writer, pid, fmt::format("pid={} via=socket", pid));
            }
            if (!before) {
                sections();
            }
        });
        return instructions({"processes", file});
    };
    const double before = read("before", true);
    CHECK(read("behind", false) < 1.2 * before);
}
