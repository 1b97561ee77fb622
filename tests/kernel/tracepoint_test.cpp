// SPDX-License-Identifier: GPL-2.0-only
//
// Tracepoints as events, compared with what perf records of the same ones and with what the test
// itself does. The system call that it makes, sched_rr_get_interval(2), is nobody else's.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/kernel/seen_events.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;

constexpr const char* kCall = "syscalls:sys_enter_sched_rr_get_interval";

// Makes the call once, with these arguments, which it fails for.
void call(long pid, uintptr_t interval) {
    syscall(SYS_sched_rr_get_interval, pid, interval);
}

// A child that waits, then does something, and ends.
class Child {
  public:
    explicit Child(const std::function<void()>& work) {
        std::array<int, 2> ends{};
        REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
        pid_ = fork();
        if (pid_ == 0) {
            char byte = 0;
            close(ends[1]);
            (void)!read(ends[0], &byte, 1);
            work();
            _exit(0);
        }
        close(ends[0]);
        start_ = pcapng::Fd(ends[1]);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() { run(); }

    pid_t pid() const { return pid_; }
    // Returns when it has ended.
    void run() {
        if (pid_ > 0) {
            (void)!write(start_.get(), "", 1);
            waitpid(pid_, nullptr, 0);
            pid_ = -1;
        }
    }

  private:
    pid_t pid_ = -1;
    pcapng::Fd start_;
};

// A recording by perf into `file`, once it records.
class PerfRecord {
  public:
    PerfRecord(const std::string& file, const std::string& event)
        : control_(file + ".control"),
          answer_(file + ".answer"),
          process_({.arguments = {"perf", "record", "-q", "-a", "-o", file, "-e", event, "-D", "-1",
                                  "--control", "fifo:" + control_.path + "," + answer_.path}}) {
        constexpr std::string_view kEnable = "enable\n";
        REQUIRE(write(control_.fd.get(), kEnable.data(), kEnable.size()) > 0);
        pollfd answered{answer_.fd.get(), POLLIN, 0};
        REQUIRE(poll(&answered, 1, 300'000) == 1);
    }
    void stop() {
        process_.signal(SIGINT);
        process_.wait();
    }

  private:
    struct Fifo {
        explicit Fifo(std::string name) : path(std::move(name)) {
            REQUIRE(mkfifo(path.c_str(), 0600) == 0);
            // Both ends: so no opening waits for the other.
            fd = pcapng::Fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
            REQUIRE(fd.valid());
        }
        std::string path;
        pcapng::Fd fd;
    };

    Fifo control_;
    Fifo answer_;
    Process process_;
};

// The lines of perf script of a process, each as "NAME=VALUE" pairs.
std::vector<std::map<std::string, std::string>> perf_events(const std::string& file, pid_t thread) {
    std::istringstream lines(
        output_of({"perf", "script", "-i", file, "-F", "tid,trace", "--show-kernel-path"}));
    std::vector<std::map<std::string, std::string>> events;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        pid_t tid = 0;
        words >> tid;
        if (thread != 0 && tid != thread) {
            continue;
        }
        std::map<std::string, std::string> values;
        for (std::string word; words >> word;) {
            if (const size_t equals = word.find('='); equals != std::string::npos) {
                values[word.substr(0, equals)] = word.substr(equals + 1);
            }
        }
        events.push_back(std::move(values));
    }
    return events;
}

std::string mounts() {
    std::ifstream file("/proc/self/mountinfo");
    return {std::istreambuf_iterator<char>(file), {}};
}

size_t programs_left() {
    return occurrences(output_of({"bpftool", "prog", "list"}), "any_tracepoint");
}

// perf stat of a command: how often the event happened in it.
uint64_t perf_count(const std::string& err, const std::string& event) {
    std::istringstream lines(err);
    for (std::string line; std::getline(lines, line);) {
        // As "     1,234      sched:sched_switch"; pidcap's own lines name the event, too.
        const size_t first = line.find_first_not_of(' ');
        if (contains(line, event) && first != std::string::npos && line[first] >= '0' &&
            line[first] <= '9') {
            std::erase(line, ',');
            return std::stoull(line);
        }
    }
    return 0;
}

// Of all CPUs since the start: "ctxt" of proc_stat(5). perf stat counts up to a third fewer here.
uint64_t context_switches() {
    std::ifstream file("/proc/stat");
    std::string word;
    uint64_t count = 0;
    while (file >> word && word != "ctxt") {
    }
    file >> count;
    return count;
}

}  // namespace

TEST_CASE("a system call's event has the arguments that the process gave, and the process") {
    const TemporaryFolder folder;
    const std::string file = folder.file("events.pcapng");
    uintptr_t pointer = 0x7fff1234;
    Child child([pointer] { call(-5, pointer); });
    const pid_t pid = child.pid();
    Capture capture({.arguments = {"--event", kCall, "--no-packets", "-w", file}});
    child.run();
    capture.stop();

    const auto events = events_of(file, static_cast<uint32_t>(pid));
    REQUIRE(events.size() == 1);
    CHECK(events[0].name == kCall);
    CHECK(events[0].via == "event");
    CHECK(events[0].text("pid") == "-5");
    CHECK(events[0].text("interval") == fmt::format("{:#x}", pointer));
    CHECK(events[0].text("__syscall_nr") == std::to_string(SYS_sched_rr_get_interval));
    CHECK(events[0].text("common_pid") == std::to_string(pid));
    require_readable(file);
}

TEST_CASE("the texts of a tracepoint's events are those that perf shows", "[alone]") {
    const TemporaryFolder folder;
    const std::string file = folder.file("events.pcapng");
    const std::string recorded = folder.file("perf.data");
    constexpr int kPrograms = 10;
    std::vector<pid_t> pids;
    {
        Capture capture(
            {.arguments = {"--event", "sched:sched_process_exec", "--no-packets", "-w", file}});
        PerfRecord perf(recorded, "sched:sched_process_exec");
        for (int i = 0; i < kPrograms; i++) {
            const pid_t pid = fork();
            if (pid == 0) {
                execl("/bin/true", "true", nullptr);
                _exit(1);
            }
            pids.push_back(pid);
            waitpid(pid, nullptr, 0);
        }
        perf.stop();
        capture.stop();
    }
    for (const pid_t pid : pids) {
        const auto ours = events_of(file, static_cast<uint32_t>(pid));
        const auto theirs = perf_events(recorded, pid);
        REQUIRE(ours.size() == 1);
        REQUIRE(theirs.size() == 1);
        for (const char* field : {"filename", "pid", "old_pid"}) {
            CHECK(ours[0].text(field) == theirs[0].at(field));
        }
    }
}

TEST_CASE("a retransmission is its sender's, and its fields are those that perf shows", "[alone]") {
    const TemporaryFolder folder;
    const std::string file = folder.file("events.pcapng");
    const std::string recorded = folder.file("perf.data");
    const Netns netns;
    run_in(netns, "nft add table inet filter");
    run_in(netns,
           "nft add chain inet filter input { type filter hook input priority 0 ; policy drop ; }");
    std::vector<SeenEvent> ours;
    std::vector<std::map<std::string, std::string>> theirs;
    uint16_t port = 0;
    pid_t pid = 0;
    {
        const pcapng::Fd socket = [&netns] {
            const InNetns inside(netns);
            return pcapng::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        }();
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(7);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        Child child([&] {
            connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to));
            std::this_thread::sleep_for(std::chrono::milliseconds(1500));  // TCP waits for 1 s
        });
        pid = child.pid();
        Capture capture({.arguments = {"--event", "tcp:tcp_retransmit_skb", "--no-packets",
                                       "--kernel-addresses", "-w", file}});
        PerfRecord perf(recorded, "tcp:tcp_retransmit_skb");
        // perf misses what happens on an idle CPU now and then, with no program of ours, too.
        std::vector<std::unique_ptr<Process>> busy;
        for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++) {
            busy.push_back(std::make_unique<Process>(
                Launch{.arguments = {"taskset", "-c", std::to_string(cpu), "sh", "-c",
                                     "while :; do :; done"}}));
        }
        child.run();
        sockaddr_in own{};
        socklen_t size = sizeof(own);
        getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &size);
        port = ntohs(own.sin_port);
        perf.stop();
        capture.stop();
    }
    for (const SeenEvent& event : events_of(file)) {
        if (event.number("sport") == port && event.number("dport") == 7) {
            ours.push_back(event);
        }
    }
    for (auto& event : perf_events(recorded, 0)) {
        if (event["sport"] == std::to_string(port) && event["dport"] == "7") {
            theirs.push_back(event);
        }
    }
    // perf ends first; TCP goes on.
    REQUIRE(!theirs.empty());
    REQUIRE(ours.size() >= theirs.size());
    for (size_t i = 0; i < theirs.size(); i++) {
        CHECK(ours[i].pid == static_cast<uint32_t>(pid));
        CHECK(ours[i].via == "socket");
        CHECK(ours[i].text("saddr") == "127.0.0.1");
        CHECK(ours[i].text("state") == "TCP_SYN_SENT");
        CHECK(ours[i].text("saddr") == theirs[i]["saddr"]);
        CHECK(ours[i].text("daddr") == theirs[i]["daddr"]);
        // 5.10 prints neither.
        for (const char* field : {"skaddr", "family"}) {
            CHECK((theirs[i][field].empty() || ours[i].text(field) == theirs[i][field]));
        }
    }
}

TEST_CASE("addresses of the kernel are 0 unless they are asked for") {
    const TemporaryFolder folder;
    const std::string file = folder.file("events.pcapng");
    Child child([] {
        const pcapng::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        listen(socket.get(), 1);
    });
    const pid_t pid = child.pid();
    Capture capture(
        {.arguments = {"--event", "sock:inet_sock_set_state", "--no-packets", "-w", file}});
    child.run();
    capture.stop();

    const auto events = events_of(file, static_cast<uint32_t>(pid));
    REQUIRE(events.size() == 2);
    CHECK(events[0].text("skaddr") == "0x0");
    CHECK(events[0].text("oldstate") == "TCP_CLOSE");
    CHECK(events[0].text("newstate") == "TCP_LISTEN");
    CHECK(events[0].text("protocol") == "IPPROTO_TCP");
    CHECK(events[1].text("newstate") == "TCP_CLOSE");
}

TEST_CASE("what happens in an interrupt is nobody's") {
    const TemporaryFolder folder;
    const std::string file = folder.file("events.pcapng");
    Child child([] {
        // Timer interrupts come while it runs in user mode.
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
        while (std::chrono::steady_clock::now() < end) {
        }
    });
    Capture capture({.arguments = {"--event", "irq:softirq_entry,sched:sched_switch",
                                   "--no-packets", "-w", file}});
    child.run();
    capture.stop();

    size_t in_threads = 0;
    const auto softirqs = events_of(file, "irq:softirq_entry");
    REQUIRE(softirqs.size() > 20);
    for (const SeenEvent& event : softirqs) {
        // On a kernel with threaded softirqs, and under load, they run in ksoftirqd.
        in_threads += event.pid != 0 && !event.comm.starts_with("ksoftirqd") ? 1 : 0;
    }
    CHECK(in_threads == 0);
    const auto switches = events_of(file, "sched:sched_switch");
    REQUIRE(switches.size() > 20);
    for (const SeenEvent& event : switches) {
        // prev_pid is the thread that is left, 0 for the idle one.
        CHECK(event.text("prev_pid") == event.text("common_pid"));
        CHECK((event.text("prev_pid") == "0") == (event.via == "kernel"));
    }
}

TEST_CASE("perf sees every event while a program of ours is on it", "[alone]") {
    const TemporaryFolder folder;
    constexpr uint64_t kCalls = 1000;
    Capture capture({.arguments = {"--event", "syscalls:sys_enter_getppid", "--no-packets", "-w",
                                   folder.file("events.pcapng")}});
    const CommandResult counted =
        run({"perf", "stat", "-e", "syscalls:sys_enter_getppid", "sh", "-c",
             "i=0; while [ $i -lt 20 ]; do i=$((i+1)); done; exec python3 -c 'import os\nfor i in "
             "range(1000): os.getppid()'"});
    capture.stop();

    REQUIRE(counted.status == 0);
    const uint64_t seen = perf_count(counted.err, "sys_enter_getppid");
    CHECK(seen >= kCalls);
    CHECK(seen < kCalls + 100);
}

TEST_CASE(
    "captured and dropped events are together all that happened, and the next one says how many "
    "were dropped before it",
    "[alone]") {
    const TemporaryFolder folder;
    const std::string file = folder.file("events.pcapng");
    constexpr uint64_t kCalls = 100'000;
    const auto call_on_first_cpu = [](uint64_t times) {
        cpu_set_t first;
        CPU_ZERO(&first);
        CPU_SET(0, &first);
        sched_setaffinity(0, sizeof(first), &first);
        for (uint64_t i = 0; i < times; i++) {
            call(-1, 0);
        }
    };
    Child child([&] { call_on_first_cpu(kCalls - 1); });
    Child last([&] { call_on_first_cpu(1); });
    Capture capture({.arguments = {"--event", kCall, "--no-packets", "-B", "1", "-w", file}});
    capture.signal(SIGSTOP);
    child.run();
    capture.signal(SIGCONT);
    // What is in the ring gets written; then there is room for the last one.
    const auto written = [&file] {
        std::this_thread::sleep_for(std::chrono::milliseconds(700));
        return std::filesystem::file_size(file);
    };
    std::uintmax_t before = 0;
    for (auto size = written(); size == 0 || size != before; size = written()) {
        before = size;
    }
    last.run();
    capture.stop();

    const Totals totals = totals_of(capture.err());
    const Statistics statistics = statistics_of(file);
    CHECK(totals.dropped > 1000);
    CHECK(totals.captured > 1000);
    CHECK(totals.captured + totals.dropped == kCalls);
    CHECK(statistics.received == kCalls);
    CHECK(statistics.dropped == totals.dropped);
    CHECK(contains(capture.err(), "ring full: "));
    // tshark's sum of what events say was lost before them.
    uint64_t lost = 0;
    for (const auto& row : fields_of(file, {"frame.drop_count"}, "frame.drop_count > 0")) {
        lost += std::stoull(row.at(0));
    }
    CHECK(lost == totals.dropped);
}

TEST_CASE("as many switches of threads are captured and dropped as the kernel counts", "[alone]") {
    const TemporaryFolder folder;
    const uint64_t before = context_switches();
    Process capture(
        {.arguments = pidcap_command({"--event", "sched:sched_switch", "--no-packets", "-B", "1",
                                      "--duration", "4", "-w", folder.file("events.pcapng")})});
    capture.wait_for("listening on");
    const uint64_t begun = context_switches();
    run({"sh", "-c", "head -c 100000000 /dev/zero | cat | cat > /dev/null"});
    const uint64_t ended = context_switches();
    REQUIRE(capture.wait() == 0);
    const uint64_t after = context_switches();

    const Totals totals = totals_of(capture.err());
    REQUIRE(ended - begun > 1000);
    CHECK(totals.captured + totals.dropped >= ended - begun);
    CHECK(totals.captured + totals.dropped <= after - before);
}

TEST_CASE("a condition on fields and one on processes choose events") {
    const TemporaryFolder folder;
    const std::string file = folder.file("events.pcapng");
    const std::string of_one = folder.file("one.pcapng");
    const auto work = [] {
        for (long pid = 1; pid <= 10; pid++) {
            call(-pid, 0);
        }
    };
    Child one(work);
    Child other(work);
    const pid_t pid = one.pid();
    Capture capture({.arguments = {"--event", std::string(kCall) + " if pid < -8 or pid = -3",
                                   "--no-packets", "-w", file}});
    Capture second({.arguments = {"--event", kCall, "--no-packets", "--pid", std::to_string(pid),
                                  "-w", of_one}});
    one.run();
    other.run();
    capture.stop();
    second.stop();

    std::vector<std::string> values;
    for (const SeenEvent& event : events_of(file, static_cast<uint32_t>(pid))) {
        values.push_back(event.text("pid"));
    }
    CHECK(values == std::vector<std::string>{"-3", "-9", "-10"});
    CHECK(events_of(of_one).size() == 10);
    CHECK(events_of(of_one, static_cast<uint32_t>(pid)).size() == 10);
}

TEST_CASE("events and packets stand in one file in the order of their time") {
    const TemporaryFolder folder;
    const std::string file = folder.file("both.pcapng");
    const Netns netns;
    Capture capture(
        netns, {"-i", "lo", "--event", "sock:inet_sock_set_state,net:net_dev_queue", "-w", file});
    run_in(netns, "ping -c 2 -i 0.2 127.0.0.1");
    capture.stop();

    CHECK(packets_by_interface(file)["lo"] == 4);
    CHECK(packets_by_interface(file)["net:net_dev_queue"] >= 4);
    uint64_t before = 0;
    for (const SeenEvent& event : events_of(file)) {
        CHECK(event.time_ns >= before);
        before = event.time_ns;
    }
    require_readable(file);
}

TEST_CASE("names that no event has are refused, and what is wrong is said") {
    struct Refused {
        const char* name;
        int status;
        const char* said;
    };
    for (const Refused& refused : std::initializer_list<Refused>{
             {"tcp:no_such_event", 1, "no such tracepoint"},
             {"tcp:tcp_retransmit_skb if nothing = 1", 1, "it has no field nothing"},
             {"tcp:* if nothing = 1", 1, "none of these has the fields"},
             {"tcp:tcp_probe,tcp:tcp_probe", 1, "given twice"},
             {"nonsense", 1, "no such event"},
             {"", 2, "not the name of an event"},
             {":", 2, "not the name of an event"},
             {"tcp:", 2, "not the name of an event"},
             {"../../x:y", 2, "not the name of an event"},
             {"tcp:../../../etc/passwd", 2, "not the name of an event"},
             {"tcp:tcp_probe/format", 2, "not the name of an event"},
             {"tcp:a\nb", 2, "not the name of an event"},
             {"tcp:tcp_probe if", 2, "not the name of an event"},
             {"tcp:tcp_probe if ", 2, "no condition"}}) {
        const CommandResult result =
            run_pidcap({"--event", refused.name, "--no-packets", "-w", "-", "--duration", "0.01"});
        INFO(refused.name << ": " << result.err);
        CHECK(result.status == refused.status);
        CHECK(contains(result.err, refused.said));
        CHECK(result.out.empty());
    }
}

TEST_CASE("neither a mount nor a program is left, however the capture ends", "[alone]") {
    const TemporaryFolder folder;
    const std::string before = mounts();
    REQUIRE(programs_left() == 0);
    for (const int ended_by : {SIGINT, SIGKILL}) {
        Capture capture({.arguments = {"--event", "sched:sched_process_e*,tcp:*", "--no-packets",
                                       "-w", folder.file("events.pcapng")}});
        CHECK(mounts() == before);
        CHECK(output_of({"readlink", fmt::format("/proc/{}/ns/mnt", capture.pid())}) ==
              output_of({"readlink", "/proc/self/ns/mnt"}));
        CHECK(programs_left() > 0);
        capture.signal(ended_by);
        capture.wait();
        CHECK(mounts() == before);
        const auto patience = std::chrono::steady_clock::now() + kPatience;
        while (programs_left() > 0 && std::chrono::steady_clock::now() < patience) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        CHECK(programs_left() == 0);
    }
}

TEST_CASE("a capture of events ends up without capabilities, as another user") {
    const TemporaryFolder folder;
    Capture capture(
        {.arguments = {"--event", kCall, "--no-packets", "-w", folder.file("events.pcapng")}});
    std::ifstream status(fmt::format("/proc/{}/status", capture.pid()));
    const std::string text{std::istreambuf_iterator<char>(status), {}};
    CHECK(contains(text, "\nCapEff:\t0000000000000000\n"));
    CHECK(contains(text, "\nSeccomp:\t2\n"));
    CHECK_FALSE(contains(text, "\nUid:\t0\t"));
    capture.stop();
}

TEST_CASE("the machine's events are listed as tracefs has them") {
    const std::string all = run_pidcap({"events"}).out;
    // No machine has to have one mounted.
    const TemporaryFolder tracefs;
    std::istringstream lines(output_of(
        {"unshare", "--mount", "sh", "-c",
         R"(mount -t tracefs none "$0" && cat "$0/available_events")", tracefs.file("")}));
    size_t compared = 0;
    for (std::string name; std::getline(lines, name);) {
        if (!name.starts_with("ftrace:")) {
            CHECK(contains("\n" + all, "\n" + name + "\n"));
            compared++;
        }
    }
    CHECK(compared > 100);
    CHECK(contains(all, "socket:connect\n"));
    const CommandResult one = run_pidcap({"events", "--json", "tcp:tcp_retransmit_skb"});
    REQUIRE(one.status == 0);
    CHECK(contains(one.out, R"({"name":"dport","kind":"u","offset":30,"size":2})"));
    CHECK(contains(one.out, R"({"number":1,"name":"TCP_ESTABLISHED"})"));
    CHECK(run_pidcap({"events", "tcp:nothing"}).status == 1);
}
