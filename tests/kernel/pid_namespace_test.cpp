// SPDX-License-Identifier: GPL-2.0-only
//
// Captures in a PID namespace of its own, as in a container or in WSL, of processes in there, below
// and outside. Senders sign their packets with the pid that they have in their own namespace.
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "capture/clock.h"
#include "capture/processes/procfs.h"
#include "tests/kernel/traffic.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/packets.h"
#include "tests/support/pid_namespace.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace test {
namespace {

constexpr const char* kInitialPidNamespace = "4026531836";

uint32_t own_pid(Actor& actor) {
    return static_cast<uint32_t>(actor.call([] { return getpid(); }));
}

// A container with a capture of lo, and a receiver outside.
struct Scene {
    PidNamespace inside;
    Netns netns;
    TemporaryFolder folder;
    Actor sink{netns, "sink"};
    int to = bound_socket(sink, make_address("127.0.0.1", 0), SOCK_DGRAM);
    Address address = make_address("127.0.0.1", local_port(sink, to));
    std::string file = folder.file("a.pcapng");

    std::unique_ptr<Actor> actor_inside(const std::string& comm) const {
        const PidNamespace::Entered entered(inside);
        return std::make_unique<Actor>(netns, comm);
    }
    Launch launch(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {"-i", "lo", "-w", file});
        return {.arguments = std::move(arguments), .netns = &netns, .prepare = [] {
                    mount_own_proc();
                }};
    }
    // Starts it inside, and returns the packets by their notes once `traffic` is over.
    std::multimap<std::string, Packet> record(const std::vector<std::string>& arguments,
                                              const std::function<void()>& traffic) const {
        std::unique_ptr<Capture> capture;
        {
            const PidNamespace::Entered entered(inside);
            capture = std::make_unique<Capture>(launch(arguments));
        }
        traffic();
        capture->stop();
        INFO(capture->err());
        std::multimap<std::string, Packet> packets;
        for (const Packet& packet : read_packets(file)) {
            packets.emplace(packet.payload.substr(packet.payload.rfind(' ') + 1), packet);
        }
        return packets;
    }
    void say_from(Actor& actor, const std::string& note) {
        const int fd = connected_socket(actor, address, SOCK_DGRAM);
        pass(actor, fd, sink, to, note);
        close_in(actor, fd);
    }
};

std::string value(const Packet& packet, const std::string& key) {
    const auto found = packet.comment.find(key);
    return found != packet.comment.end() ? found->second : "";
}

const Packet& only(const std::multimap<std::string, Packet>& packets, const std::string& note) {
    INFO(note);
    REQUIRE(packets.count(note) == 1);
    return packets.find(note)->second;
}

// As Docker has it: a cgroup namespace, /sys read-only with that namespace's part of cgroup v2, and
// no tracefs.
void be_contained() {
    mount_own_proc();
    if (unshare(CLONE_NEWCGROUP) != 0 ||
        mount("sysfs", "/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) !=
            0 ||
        mount("cgroup", "/sys/fs/cgroup", "cgroup2", MS_RDONLY, nullptr) != 0) {
        _exit(125);
    }
}

// Root with the capabilities that docker run gives, and more.
std::vector<std::string> with_capabilities(const std::string& more) {
    return {"setpriv",
            "--bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,"
            "+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap" +
                more};
}

// A process of the capture's own namespace, under the pid that it has there.
void check_inside(const Packet& packet, uint32_t pid, pid_t host_pid, const std::string& comm) {
    INFO(describe(packet) << " " << packet.raw_comment);
    REQUIRE(packet.self());
    CHECK(packet.self()->pid == pid);
    CHECK(packet.self()->tid == pid);
    CHECK(packet.self()->comm == comm);
    CHECK_FALSE(packet.self()->exe.empty());
    CHECK(value(packet, "hostpid") == std::to_string(host_pid));
    CHECK(value(packet, "pidns").empty());
}

void check_outside(const Packet& packet, const std::string& prefix, pid_t host_pid) {
    INFO(describe(packet) << " " << packet.raw_comment);
    CHECK(value(packet, prefix + "pid") == std::to_string(host_pid));
    CHECK(value(packet, prefix + "pidns") == kInitialPidNamespace);
    CHECK(value(packet, prefix + "user").empty());
}

}  // namespace

TEST_CASE("in a PID namespace of its own a capture names processes by its own /proc's pids") {
    Scene scene;
    Actor outside_before{scene.netns, "outside"};
    const auto before = scene.actor_inside("before");
    const int fd = connected_socket(*before, scene.address, SOCK_DGRAM);
    std::unique_ptr<Actor> after;
    std::unique_ptr<Actor> deeper;
    std::unique_ptr<Actor> outside_after;
    std::unique_ptr<Actor> middle;
    const auto packets = scene.record({}, [&] {
        after = scene.actor_inside("after");
        middle = scene.actor_inside("middle");
        middle->call([] { return unshare(CLONE_NEWPID); });
        deeper = std::make_unique<Actor>(middle->fork_child("deeper"));
        pass(*before, fd, scene.sink, scene.to, "socket-before");
        scene.say_from(*before, "before");
        scene.say_from(*after, "after");
        scene.say_from(*deeper, "deeper");
        scene.say_from(outside_before, "outside-before");
        outside_after = std::make_unique<Actor>(scene.netns, "outside");
        scene.say_from(*outside_after, "outside-after");
    });
    check_inside(only(packets, "socket-before"), own_pid(*before), before->pid(), "before");
    CHECK(only(packets, "before").self()->pid == own_pid(*before));
    check_inside(only(packets, "after"), own_pid(*after), after->pid(), "after");
    const Packet& deep = only(packets, "deeper");
    CHECK(value(deep, "pid") == std::to_string(deeper->pid()));  // as its parent got it
    CHECK(value(deep, "ppid") == std::to_string(own_pid(*middle)));
    CHECK(value(deep, "nspid") == "1");
    CHECK(value(deep, "pidns").empty());
    check_outside(only(packets, "outside-before"), "", outside_before.pid());
    check_outside(only(packets, "outside-after"), "", outside_after->pid());
    // A socket outside that was there before has nobody until it is used.
    CHECK_FALSE(only(packets, "socket-before").peer());
    CHECK(packets.size() == 6);
    for (const auto& [note, packet] : packets) {
        if (note != "socket-before") {
            check_outside(packet, "peer.", scene.sink.pid());
        }
    }
}

TEST_CASE("a filter by pid means the pid that the user sees; host_pid is the host's") {
    Scene scene;
    const auto wanted = scene.actor_inside("wanted");
    const auto other = scene.actor_inside("other");
    Actor outside{scene.netns, "outside"};
    const auto notes_with = [&](const std::vector<std::string>& arguments) {
        std::string notes;
        for (const auto& [note, packet] : scene.record(arguments, [&] {
                 for (int i = 0; i < 5; i++) {
                     for (Actor* actor : {wanted.get(), other.get(), &outside}) {
                         scene.say_from(*actor, actor == wanted.get()  ? "wanted"
                                                : actor == other.get() ? "other"
                                                                       : "outside");
                     }
                 }
             })) {
            notes += notes.ends_with(note + "\n") ? "" : note + "\n";
        }
        return notes;
    };
    CHECK(notes_with({"--pid", std::to_string(own_pid(*wanted))}) == "wanted\n");
    CHECK(notes_with({"--process", "host_pid = " + std::to_string(outside.pid()) +
                                       " and not tree = " + std::to_string(own_pid(*wanted))}) ==
          "outside\n");
    // The host's number of a process inside is nobody's here.
    const PidNamespace::Entered entered(scene.inside);
    Pidcap refused(scene.launch({"--pid", std::to_string(wanted->pid())}));
    CHECK(refused.wait() == 1);
    CHECK(contains(refused.err(), "no such process"));
}

TEST_CASE("a process that comes from outside by setns(2) has the pid that it gets inside") {
    Scene scene;
    Actor runtime{scene.netns, "runtime"};
    const int fd = runtime.give(scene.inside.fd());
    std::unique_ptr<Actor> entered;
    const auto packets = scene.record({}, [&] {
        runtime.call([](int ns) { return setns(ns, CLONE_NEWPID); }, fd);
        entered = std::make_unique<Actor>(runtime.fork_child("entered"));
        scene.say_from(*entered, "entered");
        scene.say_from(runtime, "runtime");
    });
    const Packet& packet = only(packets, "entered");
    INFO(packet.raw_comment);
    CHECK(packet.self()->pid == own_pid(*entered));
    CHECK(value(packet, "pidns").empty());
    CHECK(value(packet, "ppid").empty());
    check_outside(only(packets, "runtime"), "", runtime.pid());
}

TEST_CASE("a pid that is used again inside is the new process's") {
    Scene scene;
    auto first = scene.actor_inside("first");
    const uint32_t pid = own_pid(*first);
    std::unique_ptr<Actor> second;
    std::string host_pid;
    const auto packets = scene.record({}, [&] {
        scene.say_from(*first, "first");
        host_pid = std::to_string(first->pid());
        first->exit();
        const auto setter = scene.actor_inside("setter");
        setter->call(
            [](uint32_t last) -> int64_t {
                // The file is of the namespace of whoever opens it.
                const int file = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
                const std::string text = std::to_string(last);
                return write(file, text.data(), text.size());
            },
            pid - 1);
        second = scene.actor_inside("second");
        scene.say_from(*second, "second");
    });
    REQUIRE(own_pid(*second) == pid);
    CHECK(only(packets, "first").self()->pid == pid);
    CHECK(only(packets, "second").self()->pid == pid);
    CHECK(value(only(packets, "first"), "hostpid") == host_pid);
    CHECK(value(only(packets, "second"), "hostpid") == std::to_string(second->pid()));
}

TEST_CASE("in a container without CAP_SYS_ADMIN a capture works, and doctor says what to add") {
    Scene scene;
    const auto before = scene.actor_inside("before");
    const int fd = connected_socket(*before, scene.address, SOCK_DGRAM);
    const PidNamespace::Entered entered(scene.inside);
    Process capture(
        Launch{.arguments = pidcap_command(
                   {"-i", "lo", "-w", scene.file, "-c", "3"},
                   with_capabilities(",+bpf,+perfmon,+net_admin,+dac_read_search,+sys_ptrace")),
               .netns = &scene.netns,
               .prepare = be_contained});
    capture.wait_for("listening on ");
    Actor after{scene.netns, "after"};
    pass(*before, fd, scene.sink, scene.to, "before");
    scene.say_from(after, "after");
    scene.say_from(*before, "before-again");
    CHECK(capture.wait() == 0);
    const auto packets = read_packets(scene.file);
    REQUIRE(packets.size() == 3);
    check_inside(packets[0], own_pid(*before), before->pid(), "before");
    check_inside(packets[1], own_pid(after), after.pid(), "after");
    CHECK(packets[2].self()->pid == own_pid(*before));
    CHECK_FALSE(value(packets[0], "cgroup").empty());

    Process doctor(Launch{.arguments = pidcap_command({"doctor"}, with_capabilities("")),
                          .netns = &scene.netns,
                          .prepare = be_contained});
    CHECK(doctor.wait() == 1);
    INFO(doctor.out());
    for (const char* flag : {"--cap-add=BPF", "--cap-add=PERFMON", "--cap-add=NET_ADMIN",
                             "--cap-add=DAC_READ_SEARCH", "--cgroupns=host", "--pid=host"}) {
        CHECK(contains(doctor.out(), flag));
    }
    Process granted(
        Launch{.arguments = pidcap_command(
                   {"doctor"}, with_capabilities(",+bpf,+perfmon,+net_admin,+dac_read_search")),
               .netns = &scene.netns,
               .prepare = be_contained});
    CHECK(granted.wait() == 0);
    INFO(granted.out());
    CHECK(contains(granted.out(), "can capture on this machine"));
}

TEST_CASE("in a time namespace, packets and processes have the time of the wall clock") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const std::string file = folder.file("a.pcapng");
    Process capture(Launch{.arguments = pidcap_command({"-i", "lo", "-w", file, "-c", "3"},
                                                       {"unshare", "--time", "--monotonic", "5000",
                                                        "--boottime", "-7", "--fork"}),
                           .netns = &loopback.netns});
    capture.wait_for("listening on ");
    send_numbered(loopback.sender, 0, 3, 100);
    CHECK(capture.wait() == 0);
    const auto packets = read_packets(file);
    CHECK(packets.size() == 3);
    const uint64_t now = capture::clock_ns(CLOCK_REALTIME);
    const uint64_t start = who_is(getpid()).start_ns;
    constexpr uint64_t kMinute = 60'000'000'000;
    constexpr uint64_t kTicks = 30'000'000;
    for (const Packet& packet : packets) {
        CHECK(packet.time_ns < now + kMinute);
        CHECK(packet.time_ns + kMinute > now);
        REQUIRE(packet.self());
        CHECK(packet.self()->pid == static_cast<uint32_t>(getpid()));
        CHECK(packet.self()->start_ns < start + kTicks);
        CHECK(packet.self()->start_ns + kTicks > start);
    }
}

TEST_CASE("a process that /proc hides isn't taken for ended") {
    Netns netns;
    const Actor hidden{netns, "hidden"};
    const pid_t gone = Actor(netns, "gone").pid();
    const pid_t child = fork();
    if (child == 0) {
        mount_own_proc("hidepid=2");
        const auto procfs = capture::ProcFs::open();
        if (setgid(65534) != 0 || setuid(65534) != 0) {
            _exit(125);
        }
        const auto seen = procfs->stat(static_cast<uint32_t>(hidden.pid()));
        const auto ended = procfs->stat(static_cast<uint32_t>(gone));
        _exit((!seen && seen.error().code == EACCES ? 0 : 1) +
              (!ended && ended.error().code == ESRCH ? 0 : 2));
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

TEST_CASE("a /proc of another PID namespace is refused with what to do") {
    Scene scene;
    const PidNamespace::Entered entered(scene.inside);
    Launch launch = scene.launch({});
    launch.prepare = {};
    Pidcap refused(launch);
    CHECK(refused.wait() == 1);
    CHECK(contains(refused.err(), "mount -t proc proc /proc"));
}

}  // namespace test
