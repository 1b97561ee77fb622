// SPDX-License-Identifier: GPL-2.0-only
//
// What a running capture may still do, by /proc/PID/status: of the capture itself and of each of
// its helpers.
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/child.h"
#include "tests/support/command.h"
#include "tests/support/process_status.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"
#include "tests/support/wait.h"

namespace {

using namespace test;

constexpr uint64_t kDacReadSearch = uint64_t{1} << 2;
constexpr uint64_t kKill = uint64_t{1} << 5;
constexpr uint64_t kNetAdmin = uint64_t{1} << 12;
constexpr uint64_t kSysPtrace = uint64_t{1} << 19;
constexpr uint64_t kSysAdmin = uint64_t{1} << 21;
constexpr uint64_t kBpf = uint64_t{1} << 39;

// What this kernel takes for what all kernels need (docs/privileges.md): nothing where it has tcx.
uint64_t needed_to_attach() {
    static const bool kHasTcx = [] {
        const auto report =
            nlohmann::json::parse(run_pidcap(std::vector<std::string>{"doctor", "--json"}).out);
        for (const auto& feature : report["features"]) {
            if (feature["id"] == "tcx") {
                return feature["state"] == "yes";
            }
        }
        return false;
    }();
    return kHasTcx ? 0 : kNetAdmin;
}

// CAP_BPF stays where maps can't be used without it (docs/privileges.md).
void require_left(const ProcessStatus& status, uint64_t expected, const std::string& uid) {
    INFO(status.at("Name"));
    const std::string four = uid + "\t" + uid + "\t" + uid + "\t" + uid;
    CHECK(status.at("Uid") == four);
    CHECK((capabilities(status, "CapPrm") & ~kBpf) == expected);
    CHECK(capabilities(status, "CapEff") == capabilities(status, "CapPrm"));
    CHECK(capabilities(status, "CapInh") == 0);
    CHECK(capabilities(status, "CapAmb") == 0);
    CHECK(capabilities(status, "CapBnd") == 0);
    CHECK(status.at("NoNewPrivs") == "1");
    CHECK(status.at("Seccomp") == "2");
    if (uid != "0") {
        CHECK(status.at("Groups").find_first_not_of(" \t") == std::string::npos);
    }
}

void without_sudo() {
    unsetenv("SUDO_UID");
    unsetenv("SUDO_GID");
}

void under_sudo() {
    setenv("SUDO_UID", "54321", 1);
    setenv("SUDO_GID", "54321", 1);
}

std::string default_uid() {
    std::ifstream users("/etc/passwd");
    std::map<std::string, std::string> uids;
    for (std::string line; std::getline(users, line);) {
        std::istringstream fields(line);
        std::string name, skipped, uid;
        std::getline(fields, name, ':');
        std::getline(fields, skipped, ':');
        std::getline(fields, uid, ':');
        uids[name] = uid;
    }
    return uids.contains("pidcap") ? uids["pidcap"] : uids["nobody"];
}

struct Case {
    const char* what;
    std::vector<std::string> arguments;
    std::function<void()> prepare;
    std::string uid;
    uint64_t left;
};

}  // namespace

TEST_CASE("a running capture is another user, without capabilities, and so are its helpers") {
    const Loopback lo;
    const uint64_t attach = needed_to_attach();
    const std::vector<Case> cases = {
        {"one interface", {"-i", "lo"}, without_sudo, default_uid(), attach},
        {"all interfaces", {"-i", "any"}, without_sudo, default_uid(), attach},
        {"under sudo", {"-i", "lo"}, under_sudo, "54321", attach},
        {"-Z", {"-i", "lo", "-Z", "54322"}, under_sudo, "54322", attach},
        {"-Z root", {"-i", "lo", "-Z", "root"}, without_sudo, "0", attach},
        {"XDP", {"-i", "lo", "--hook", "xdp"}, without_sudo, default_uid(), attach},
        {"sockets", {"--hook", "cgroup"}, without_sudo, default_uid(), 0},
        {"a namespace",
         {"--netns", std::to_string(getpid())},
         without_sudo,
         default_uid(),
         attach | kSysAdmin},
        {"all namespaces",
         {"--netns", "all"},
         without_sudo,
         default_uid(),
         attach | kSysAdmin | kSysPtrace},
        {"a command of another user",
         {"-i", "lo", "--", "sleep", "10"},
         without_sudo,
         default_uid(),
         attach | kKill},
        {"the caller's command", {"-i", "lo", "--", "sleep", "10"}, under_sudo, "54321", attach},
        {"rotation, compressed",
         {"-i", "lo", "-C", "1", "--compress", "zstd"},
         without_sudo,
         default_uid(),
         attach},
    };
    for (const Case& one : cases) {
        INFO(one.what);
        const TemporaryFolder folder;
        REQUIRE(chmod(folder.path().c_str(), 0777) == 0);
        std::vector<std::string> arguments = {"-w", folder.file("a.pcapng")};
        arguments.insert(arguments.end(), one.arguments.begin(), one.arguments.end());
        Capture capture(Launch{.arguments = arguments, .netns = &lo.netns, .prepare = one.prepare});
        require_left(status_of(capture.pid()), one.left, one.uid);
        const auto children = children_of(capture.pid());
        REQUIRE(children.contains("pidcap-proc"));
        REQUIRE(children.contains("pidcap-names"));
        REQUIRE(children.contains("pidcap-ctr"));
        require_left(children.at("pidcap-proc"), kSysPtrace | kDacReadSearch, one.uid);
        require_left(children.at("pidcap-names"), 0, one.uid);
        require_left(children.at("pidcap-ctr"), kDacReadSearch, one.uid);
        const auto workers = children_of(std::stoi(children.at("pidcap-names").at("Pid")));
        REQUIRE(workers.size() == 1);
        require_left(workers.begin()->second, 0, one.uid);
        if (children.contains("pidcap-files")) {
            CHECK(children.at("pidcap-files").at("Seccomp") == "2");
        }
        capture.signal(SIGTERM);
        const bool has_command = contains(fmt::format("{}", fmt::join(arguments, " ")), " -- ");
        CHECK(capture.wait() == (has_command ? 128 + SIGTERM : 0));
    }
}

TEST_CASE("a capture that looks for no processes has no helpers") {
    const Loopback lo;
    Capture capture(
        Launch{.arguments = {"-i", "lo", "--no-process", "-w", "/dev/null"}, .netns = &lo.netns});
    CHECK(children_of(capture.pid()).empty());
    capture.stop();
}

TEST_CASE("nothing of a capture is left when it was killed") {
    const Loopback lo;
    Capture capture(Launch{.arguments = {"-i", "lo", "-w", "/dev/null"}, .netns = &lo.netns});
    std::vector<std::string> pids;
    for (const auto& [name, status] : children_of(capture.pid())) {
        pids.push_back(status.at("Pid"));
        for (const auto& [worker, its] : children_of(std::stoi(status.at("Pid")))) {
            pids.push_back(its.at("Pid"));
        }
    }
    REQUIRE(pids.size() == 5);
    capture.signal(SIGKILL);
    CHECK(capture.wait() == 128 + SIGKILL);
    const auto is_left = [](const std::string& pid) {
        return contains(content_of("/proc/" + pid + "/comm"), "pidcap-");
    };
    for (const std::string& pid : pids) {
        wait_until("a helper ends", [&] { return !is_left(pid); });
    }
}

// A fork by a thread of another name has no event that tells the executable, so /proc is read. Its
// processes are root's.
TEST_CASE("a capture without rights still finds the executables of others' processes") {
    const Loopback lo;
    const TemporaryFolder folder;
    const std::string file = folder.file("a.pcapng");
    Capture capture(
        Launch{.arguments = {"-i", "lo", "-w", file}, .netns = &lo.netns, .prepare = without_sudo});
    REQUIRE(status_of(capture.pid()).at("Uid").substr(0, 2) != "0\t");
    pid_t child = 0;
    std::thread([&] {
        prctl(PR_SET_NAME, "other-name");
        child = fork();
        if (child == 0) {
            while (true) {
                send_numbered(lo.sender, 0, 1, 100);
                usleep(100'000);
            }
        }
    }).join();
    // It lives until it was looked at.
    const std::string own = std::filesystem::read_symlink("/proc/self/exe");
    const std::string named = "comm=other-name exe=" + own;
    const bool is_seen = comes_true([&] { return contains(content_of(file), named); }, kPatience);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    REQUIRE(is_seen);
    capture.stop();
    const CommandResult seen = run_pidcap(std::vector<std::string>{"processes", "--json", file});
    INFO(seen.out);
    CHECK(contains(seen.out, "\"comm\":\"other-name\""));
    CHECK(contains(seen.out, own));
}

TEST_CASE("an interface that comes later is captured without rights, and left clean at the end") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("a.pcapng");
    Capture capture(
        Launch{.arguments = {"-i", "any", "-w", file}, .netns = &netns, .prepare = without_sudo});
    run_in(netns, "ip link add later0 type veth peer name later1");
    run_in(netns, "ip link set later0 up");
    run_in(netns, "ip link set later1 up");
    run_in(netns, "ip address add 10.9.0.1/24 dev later0");
    const pcapng::Fd sender = udp_socket(netns, "10.9.0.1");
    run_in(netns, "ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:09 dev later0");
    connect_to(sender, "10.9.0.2", 10);
    wait_until("later0 is captured", [&] {
        send_numbered(sender, 0, 1, 100);
        return contains(run({"capinfos", file}).out, "Name = later0");
    });
    connect_to(sender, "10.9.0.2", 9);
    REQUIRE(send_numbered(sender, 0, 3, 100) == 3);
    capture.stop();
    CHECK(packets_by_interface(file, "udp.dstport == 9")["later0"] == 3);
    CHECK(run_in(netns, "tc qdisc show dev later0 clsact").empty());
}

TEST_CASE("a command under sudo runs as its caller, unless told otherwise") {
    const Netns netns;
    const std::vector<std::string> command = {"--", "sh", "-c", "id -u; id -g; id -G; echo $HOME"};
    const auto output = [&](std::vector<std::string> arguments, const char* uid) {
        const TemporaryFolder folder;
        REQUIRE(chmod(folder.path().c_str(), 0777) == 0);
        std::vector<std::string> all = {"-i", "lo", "-w", folder.file("a")};
        all.insert(all.end(), arguments.begin(), arguments.end());
        all.insert(all.end(), command.begin(), command.end());
        const CommandResult ended =
            run_pidcap(Launch{.arguments = all, .netns = &netns, .prepare = [uid] {
                                  setenv("SUDO_UID", uid, 1);
                                  setenv("SUDO_GID", uid, 1);
                                  setenv("HOME", "/root", 1);
                              }});
        INFO(ended.err);
        CHECK(ended.status == 0);
        return ended.out;
    };
    CHECK(output({}, "54321") == "54321\n54321\n54321\n/root\n");  // without an entry of passwd
    CHECK(output({}, "1") == "1\n1\n1\n/usr/sbin\n");
    CHECK(output({"--command-user", "root"}, "1").substr(0, 4) == "0\n0\n");
    CHECK(output({"--command-user", "bin"}, "1").substr(0, 2) == "2\n");
}

TEST_CASE("a command that its caller can't execute isn't executed by root for them") {
    const TemporaryFolder folder;
    REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
    const std::string script = folder.file("secret");
    std::ofstream(script) << "#!/bin/sh\necho ran\n";
    REQUIRE(chmod(script.c_str(), 0700) == 0);
    const Netns netns;
    const CommandResult ended =
        run_pidcap(Launch{.arguments = {"-i", "lo", "-w", "/dev/null", "--", script},
                          .netns = &netns,
                          .prepare = under_sudo});
    CHECK(ended.status == 126);
    CHECK(ended.out.empty());
    CHECK(contains(ended.err, "Permission denied"));
}

TEST_CASE("doctor tells what running captures may still do") {
    const Loopback lo;
    Capture capture(Launch{
        .arguments = {"-i", "lo", "-w", "/dev/null"}, .netns = &lo.netns, .prepare = under_sudo});
    const auto report =
        nlohmann::json::parse(run_pidcap(std::vector<std::string>{"doctor", "--json"}).out);
    bool found = false;
    for (const auto& process : report["processes"]) {
        if (process["pid"] == capture.pid()) {
            found = true;
            CHECK(process["name"] == "pidcap");
            CHECK(process["uid"] == 54321);
            CHECK(process["groups"].empty());
            CHECK(process["no_new_privs"] == true);
            CHECK(process["seccomp"] == true);
            CHECK(process["bounding"].empty());
            CHECK(process["capabilities"].size() == (needed_to_attach() == 0 ? 0 : 1));
        }
    }
    CHECK(found);
    const std::string text = run_pidcap(std::vector<std::string>{"doctor"}).out;
    CHECK(contains(text, "pidcap-proc"));
    CHECK(contains(text, "cap_dac_read_search,cap_sys_ptrace"));
    capture.stop();
}

TEST_CASE("doctor tells of every helper of a capture") {
    const Loopback lo;
    const TemporaryFolder folder;
    Capture capture(Launch{.arguments = {"-i", "lo", "--tls-plaintext", "-C", "1M", "--name", "all",
                                         "-w", folder.file("a")},
                           .netns = &lo.netns});
    const auto report =
        nlohmann::json::parse(run_pidcap(std::vector<std::string>{"doctor", "--json"}).out);
    std::set<std::string> told;
    for (const auto& process : report["processes"]) {
        told.insert(std::to_string(process["pid"].get<int>()));
    }
    const auto children = children_of(capture.pid());
    CHECK(children.contains("pidcap-tls"));
    for (const auto& [name, status] : children) {
        INFO(name);
        CHECK(told.contains(status.at("Pid")));
        for (const auto& [worker, its] : children_of(std::stoi(status.at("Pid")))) {
            INFO(worker);
            CHECK(told.contains(its.at("Pid")));
        }
    }
    capture.stop();
}
