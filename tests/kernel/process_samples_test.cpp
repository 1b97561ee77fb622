// SPDX-License-Identifier: GPL-2.0-only
//
// Samples of processes. The oracles are what a child's own getrusage(2) gives, and
// /proc/PID/status.
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/kernel/seen_events.h"
#include "tests/support/address.h"
#include "tests/support/capture.h"
#include "tests/support/child.h"
#include "tests/support/netns.h"
#include "tests/support/process_status.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/wait.h"

namespace {

using namespace test;

constexpr size_t kMemory = 64U << 20;
constexpr uint64_t kTickNs = 10'000'000;
// A process's counters of pages are exact to a few hundred: each CPU keeps some back.
constexpr double kMemoryMargin = 2U << 20;

uint64_t used_ns() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto ns = [](const timeval& time) {
        return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 +
               static_cast<uint64_t>(time.tv_usec) * 1000;
    };
    return ns(usage.ru_utime) + ns(usage.ru_stime);
}

// What a child tells its parent. 0: nothing yet.
using Told = std::atomic<uint64_t>;

std::unique_ptr<Told, void (*)(Told*)> make_told() {
    void* memory =
        mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    return {new (memory) Told(0), [](Told* told) { munmap(told, sizeof(Told)); }};
}

// For a child: uses CPU time, says how much that was in the end, and sleeps.
void work(uint64_t least_ns, Told& told) {
    uint64_t used = 0;
    while ((used = used_ns()) < least_ns) {
    }
    told = used;
    while (true) {
        pause();
    }
}

std::vector<std::string> samples_into(const std::string& file) {
    return {"--sample", "0.1", "-w", file};
}

std::vector<std::string> samples_of(const std::string& comm, const std::string& file) {
    auto arguments = samples_into(file);
    arguments.insert(arguments.end(), {"--no-packets", "--comm", comm});
    return arguments;
}

// What makes the file grow was recorded after it had grown the last time, or was about to be. So
// the third time there are samples that were taken after the call.
void wait_for_samples(const std::string& file) {
    for (int times = 0; times < 3; times++) {
        const auto before = std::filesystem::file_size(file);
        wait_until("the file grows", [&] { return std::filesystem::file_size(file) > before; });
    }
}

uint64_t cpu_ns(const SeenEvent& sample) {
    return sample.number("user_ns") + sample.number("system_ns");
}

// A child with a chosen PID, or with any if it is 0, that works and then sleeps.
pid_t breed(pid_t wanted, uint64_t least_ns, Told& told) {
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    if (wanted != 0) {
        arguments.set_tid = reinterpret_cast<uint64_t>(&wanted);
        arguments.set_tid_size = 1;
    }
    pid_t child = -1;
    // Somebody else may have it for a moment.
    REQUIRE(comes_true(
        [&] {
            child = static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof(arguments)));
            return child >= 0 || errno != EEXIST;
        },
        kPatience));
    REQUIRE(child >= 0);
    if (child == 0) {
        prctl(PR_SET_NAME, "bred");
        work(least_ns, told);
    }
    wait_until("the child has worked", [&] { return told != 0; });
    return child;
}

void end(pid_t child) {
    REQUIRE(kill(child, SIGKILL) == 0);
    REQUIRE(waitpid(child, nullptr, 0) == child);
}

}  // namespace

TEST_CASE("samples have the CPU time that the process itself is told, its memory and its threads") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("samples");
    const auto told = make_told();
    Child child(
        [] {
            prctl(PR_SET_NAME, "worker");
            void* memory =
                mmap(nullptr, kMemory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            std::memset(memory, 1, kMemory);
            for (int i = 0; i < 2; i++) {
                std::thread(pause).detach();
            }
        },
        [&] { work(used_ns() + 300'000'000, *told); });
    const Child other([] { prctl(PR_SET_NAME, "other"); });
    const auto pid = static_cast<uint32_t>(child.pid());
    Capture capture(netns, samples_of("worker", file));
    wait_for_samples(file);
    child.proceed();
    wait_until("the child has worked", [&] { return *told != 0; });
    wait_for_samples(file);
    const ProcessStatus status = status_of(child.pid());
    capture.stop();

    const auto samples = events_of(file, "process:sample");
    REQUIRE(samples.size() >= 3);
    CHECK(std::all_of(samples.begin(), samples.end(),
                      [&](const SeenEvent& sample) { return sample.pid == pid; }));
    CHECK(samples.front().text("interval_ns").empty());
    CHECK(samples.front().text("cpu_percent").empty());
    uint64_t sum = cpu_ns(samples.front());
    for (size_t i = 1; i < samples.size(); i++) {
        CAPTURE(i);
        const SeenEvent& sample = samples[i];
        sum += sample.number("interval_user_ns") + sample.number("interval_system_ns");
        CHECK(sum == cpu_ns(sample));
        CHECK(sample.number("interval_ns") == sample.time_ns - samples[i - 1].time_ns);
        // Of one thread that works at all times, rounded to ticks.
        CHECK(sample.number("interval_user_ns") + sample.number("interval_system_ns") <=
              sample.number("interval_ns") + 2 * kTickNs);
    }
    // Both times are rounded down to ticks; what it takes to go to sleep comes on top.
    const auto used = static_cast<double>(told->load());
    CHECK(static_cast<double>(cpu_ns(samples.back())) ==
          Approx(used - kTickNs).margin(kTickNs + 1e6));
    const auto memory = static_cast<double>(samples.back().number("rss"));
    CHECK(memory > kMemory - kMemoryMargin);
    CHECK(memory == Approx(std::stod(status.at("VmRSS")) * 1024).margin(kMemoryMargin));
    CHECK(samples.back().text("threads") == status.at("Threads"));
    CHECK(samples.back().via == "event");
}

TEST_CASE("a process that gets the PID of another one doesn't get its samples") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("samples");
    Capture capture(netns, samples_of("bred", file));
    std::vector<uint64_t> used;
    pid_t pid = 0;
    for (const uint64_t least_ns : {uint64_t{200'000'000}, uint64_t{0}, uint64_t{100'000'000}}) {
        const auto told = make_told();
        const pid_t child = breed(pid, least_ns, *told);
        CHECK((pid == 0 || child == pid));
        pid = child;
        wait_for_samples(file);
        used.push_back(*told);
        end(pid);
    }
    capture.stop();
    const auto samples = events_of(file, static_cast<uint32_t>(pid), "process:sample");
    // Each begins with a sample without an interval.
    std::vector<size_t> firsts;
    for (size_t i = 0; i < samples.size(); i++) {
        if (samples[i].text("interval_ns").empty()) {
            firsts.push_back(i);
        }
    }
    REQUIRE(firsts.size() == used.size());
    firsts.push_back(samples.size());
    for (size_t i = 0; i < used.size(); i++) {
        CAPTURE(i);
        CHECK(static_cast<double>(cpu_ns(samples[firsts[i + 1] - 1])) ==
              Approx(static_cast<double>(used[i]) - kTickNs).margin(kTickNs + 1e6));
    }
}

TEST_CASE("without options that choose processes those with packets are sampled, until they end") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("samples");
    auto arguments = samples_into(file);
    arguments.insert(arguments.end(), {"-i", "lo", "--event", "process"});
    std::optional<InNetns> inside(netns);
    const Child silent([] {});
    Child talker([] {},
                 [] {
                     const Address discard = make_address("127.0.0.1", 9);
                     const pcapng::Fd sender(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
                     // Nobody listens, which some calls return.
                     while (sendto(sender.get(), "", 1, 0, discard.get(), discard.length) == 1 ||
                            errno == ECONNREFUSED) {
                         usleep(10'000);
                     }
                 });
    inside.reset();
    const auto pid = static_cast<uint32_t>(talker.pid());
    Capture capture(netns, arguments);
    talker.proceed();
    wait_for_samples(file);
    wait_for_samples(file);
    talker.kill_and_reap();
    capture.stop();
    const auto of_talker = events_of(file, pid);
    CHECK(events_of(file, static_cast<uint32_t>(silent.pid())).empty());
    REQUIRE(of_talker.size() >= 2);
    CHECK(of_talker.back().name == "process:exit");
    CHECK(of_talker[of_talker.size() - 2].name == "process:sample");
    const auto all = events_of(file);
    CHECK(std::is_sorted(all.begin(), all.end(), [](const SeenEvent& a, const SeenEvent& b) {
        return a.time_ns < b.time_ns;
    }));
    CHECK(packets_by_interface(file)["process:sample"] ==
          static_cast<int>(events_of(file, "process:sample").size()));
}
