// SPDX-License-Identifier: GPL-2.0-only
//
// The service, with a stand-in for systemd: it runs what pidcap.service has as ExecStart, as
// another user with the unit's capabilities and no more, where only the spool can be written, and
// listens to what the service tells.
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/notify_socket.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace {

using namespace test;
namespace fs = std::filesystem;

constexpr uid_t kUser = 54321;
constexpr size_t kSize = 600;

// The words of a setting of the unit.
std::vector<std::string> of_unit(const std::string& name) {
    std::ifstream unit(UNIT);
    for (std::string line; std::getline(unit, line);) {
        if (line.starts_with(name + "=")) {
            std::istringstream words(line.substr(name.size() + 1));
            return {std::istream_iterator<std::string>(words), {}};
        }
    }
    FAIL("the unit has no " << name);
    return {};
}

// "CAP_BPF CAP_PERFMON" as setpriv(1) has it: "-all,+bpf,+perfmon".
std::string capabilities(const std::string& setting) {
    std::string list = "-all";
    for (std::string name : of_unit(setting)) {
        std::transform(name.begin(), name.end(), name.begin(), tolower);
        list += ",+" + name.substr(4);
    }
    return list;
}

std::vector<std::string> command(const std::string& config) {
    std::vector<std::string> words = of_unit("ExecStart");
    REQUIRE(words.size() == 3);
    REQUIRE((words[0] == "pidcap" && words[1] == "--config"));
    const std::string user = std::to_string(kUser);
    return pidcap_command({"--config", config},
                          {"setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups",
                           "--no-new-privs", "--inh-caps=" + capabilities("AmbientCapabilities"),
                           "--ambient-caps=" + capabilities("AmbientCapabilities"),
                           "--bounding-set=" + capabilities("CapabilityBoundingSet")});
}

// A recorder of lo.
class Service {
  public:
    explicit Service(const std::string& settings, const std::string& watchdog = "60000000")
        : manager_(folder_.file("notify")) {
        REQUIRE(mkdir(spool().c_str(), 0750) == 0);
        REQUIRE(chown(spool().c_str(), kUser, kUser) == 0);
        REQUIRE(chmod(folder_.path().c_str(), 0755) == 0);
        REQUIRE(chmod(manager_.address().c_str(), 0777) == 0);
        configure(settings);
        process_ = std::make_unique<Process>(Launch{
            .arguments = command(config()), .netns = &loopback.netns, .prepare = [this, watchdog] {
                setsid();
                confine();
                setenv("NOTIFY_SOCKET", manager_.address().c_str(), 1);
                setenv("WATCHDOG_USEC", watchdog.c_str(), 1);
                setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
                struct stat stream {};
                fstat(STDERR_FILENO, &stream);
                const std::string journal =
                    std::to_string(stream.st_dev) + ":" + std::to_string(stream.st_ino);
                setenv("JOURNAL_STREAM", journal.c_str(), 1);
            }});
    }

    void configure(const std::string& settings) const {
        std::ofstream(config()) << "interface = lo\n" << settings;
    }
    std::string config() const { return folder_.file("pidcap.conf"); }
    std::string spool() const { return folder_.file("spool"); }
    Process& process() { return *process_; }
    NotifySocket& manager() { return manager_; }

    // Waits for a message that begins so.
    std::string hear(const std::string& begin) {
        return manager_.wait_for(begin, [this] { return process_->running(); });
    }
    // What it says it is, once it is.
    std::string ready() { return hear("READY=1\n"); }

    void reload() {
        REQUIRE(of_unit("ExecReload") == std::vector<std::string>{"kill", "-HUP", "$MAINPID"});
        process_->signal(SIGHUP);
        hear("RELOADING=1\nMONOTONIC_USEC=");
        ready();
    }

    void stop() {
        process_->signal(SIGTERM);
        hear("STOPPING=1\n");
        CHECK(process_->wait() == 0);
    }

    // The numbers of the datagrams in all its files.
    std::vector<uint32_t> numbers() const {
        std::vector<std::string> files;
        for (const auto& entry : fs::directory_iterator(spool())) {
            files.push_back(entry.path());
        }
        std::sort(files.begin(), files.end());
        std::vector<uint32_t> all;
        for (const std::string& file : files) {
            require_readable(file);
            for (const SeenPacket& packet : packets_of(file)) {
                const auto payload = udp_payload(packet.data);
                REQUIRE(payload);
                uint32_t number = 0;
                std::copy_n(payload->begin(), sizeof(number), reinterpret_cast<uint8_t*>(&number));
                all.push_back(number);
            }
        }
        return all;
    }

    Loopback loopback;

  private:
    // ProtectSystem=strict, with the spool and nothing else to write.
    void confine() const {
        const auto bind = [](const std::string& folder, unsigned long flags) {
            return mount(folder.c_str(), folder.c_str(), nullptr, MS_BIND | flags, nullptr) == 0;
        };
        if (unshare(CLONE_NEWNS) != 0 ||
            mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 || !bind(spool(), 0) ||
            mount(nullptr, "/", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0 ||
            chdir(spool().c_str()) != 0) {
            _exit(125);
        }
    }

    TemporaryFolder folder_;
    NotifySocket manager_;
    std::unique_ptr<Process> process_;
};

std::vector<uint32_t> from_to(uint32_t first, uint32_t end) {
    std::vector<uint32_t> numbers;
    for (; first < end; first++) {
        numbers.push_back(first);
    }
    return numbers;
}

}  // namespace

TEST_CASE("a service is ready when every hook is in place, and tells that it ends") {
    Service service("write = a-%s\nrotate-time = 1h\n");
    CHECK_THAT(service.ready(), Catch::Contains("\nSTATUS=listening on lo, snaplen 262144 bytes"));
    // Nothing of this would be captured by a hook that comes later.
    send_numbered(service.loopback.sender, 0, 100, kSize);
    service.stop();
    const std::string& said = service.process().err();
    INFO(said);
    CHECK(service.numbers() == from_to(0, 100));
    CHECK(contains(said, "<6>listening on lo"));
    CHECK(contains(said, "<6>100 packets captured, 0 dropped\n"));
    CHECK(contains(said, "<5>1 file, the last one a-"));
    CHECK_FALSE(contains(said, "pidcap:"));
    for (const auto& entry : fs::directory_iterator(service.spool())) {
        // The service's mount namespace isn't what a path is compared with.
        const auto comments = fields_of(entry.path(), {"frame.comment"});
        REQUIRE_FALSE(comments.empty());
        CHECK(contains(comments[0][0], " exe="));
        CHECK_FALSE(contains(comments[0][0], "mntns="));
    }
}

TEST_CASE("a watchdog hears of a loop that goes round, and not of one that hangs") {
    Service service("write = a\n", "900000");
    service.ready();
    service.manager().heard();
    usleep(3'000'000);
    const auto pings = service.manager().heard();
    CHECK(std::count(pings.begin(), pings.end(), "WATCHDOG=1") >= 4);
    service.process().signal(SIGSTOP);
    service.manager().heard();
    usleep(1'500'000);
    CHECK(service.manager().heard().empty());
    service.process().signal(SIGCONT);
    service.hear("WATCHDOG=1");
    service.stop();
}

TEST_CASE("a reload changes the processes and the rotation, and names what it can't change") {
    Service service("write = a-%s\nrotate-time = 1h\n");
    service.ready();
    send_numbered(service.loopback.sender, 0, 100, kSize);
    service.configure("write = a-%s\nrotate-time = 1s\ncomm = nobody-has-this\nsnaplen = 64\n");
    service.reload();
    send_numbered(service.loopback.sender, 100, 100, kSize);
    usleep(2'200'000);
    service.configure("write = a-%s\nrotate-time = 1s\nuid = 0\n");
    service.reload();
    send_numbered(service.loopback.sender, 200, 100, kSize);
    // An error changes nothing.
    service.configure("uid = 1\nno-such = 1\n");
    service.reload();
    send_numbered(service.loopback.sender, 300, 100, kSize);
    service.stop();
    INFO(service.process().err());
    auto expected = from_to(0, 100);
    const auto more = from_to(200, 400);
    expected.insert(expected.end(), more.begin(), more.end());
    CHECK(service.numbers() == expected);
    CHECK(std::distance(fs::directory_iterator(service.spool()), {}) >= 3);
    CHECK(contains(service.process().err(), "<4>reload: snaplen: as before, until a new start\n"));
    CHECK(contains(
        service.process().err(),
        "<3>reload: " + service.config() + ":3: no-such: no such option; nothing has changed\n"));
}

TEST_CASE("a configuration that makes no sense ends a service with 2, and is never ready") {
    Service service("write = a\nrotate-size = much\n");
    CHECK(service.process().wait() == 2);
    CHECK_THAT(service.process().err(),
               Catch::StartsWith("<3>" + service.config() + ":3: -C much: "));
    CHECK(service.manager().heard().empty());
}

TEST_CASE("with a terminal, or without a file of settings, SIGHUP ends a capture as ever") {
    const Loopback loopback;
    const TemporaryFolder folder;
    Capture capture(Launch{.arguments = {"-i", "lo", "-w", folder.file("a")},
                           .netns = &loopback.netns,
                           .prepare = [] { setsid(); }});
    capture.stop(SIGHUP);
}
