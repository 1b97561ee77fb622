// SPDX-License-Identifier: GPL-2.0-only
//
// Wireshark's sshdump with pidcap as the remote command, on a real sshd in a network namespace.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "tests/support/cable.h"
#include "tests/support/own_mounts.h"
#include "tests/support/process.h"
#include "tests/support/tc_program.h"
#include "tests/support/wait.h"
#include "tests/wireshark/wireshark.h"

using namespace test;

namespace {

// A host on which root may log in with a key, at vb of a cable.
class RemoteHost {
  public:
    RemoteHost() {
        for (const char* key : {"host_key", "key"}) {
            output_of({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder_.file(key)});
        }
        write("sshd_config", "ListenAddress " + std::string(kAddressB) + "\nHostKey " +
                                 folder_.file("host_key") + "\nAuthorizedKeysFile " +
                                 folder_.file("key.pub") +
                                 "\nPermitRootLogin prohibit-password\nUsePAM no\nStrictModes no\n"
                                 "PidFile none\n");
        // For whatever this machine's root has as a shell and a password, and is known of hosts.
        write("passwd", "root:x:0:0::" + folder_.path() +
                            ":/bin/sh\nsshd:x:100:65534::/run/sshd:/bin/false\n");
        write("shadow", "root:*:19000:0:99999:7:::\nsshd:*:19000:0:99999:7:::\n");
        std::filesystem::create_directory(folder_.file(".ssh"));
        write(".ssh/known_hosts", kAddressB + (" " + content_of(folder_.file("host_key.pub"))));
        mounts_.replace("/etc/passwd", folder_.file("passwd"));
        mounts_.replace("/etc/shadow", folder_.file("shadow"));
        mounts_.empty("/run");
        std::filesystem::create_directory("/run/sshd");
        sshd_.emplace(
            Launch{.arguments = {"/usr/sbin/sshd", "-D", "-e", "-f", folder_.file("sshd_config")},
                   .netns = &cable_.b});
        sshd_->wait_for("Server listening");
    }

    const Cable& cable() const { return cable_; }

    // sshdump at the other end of the cable, which captures ping's packets at vb.
    Launch sshdump(const std::string& fifo) const {
        const std::string command = "echo $$ >" + folder_.file("pid") + "; exec " +
                                    PIDCAP_PROGRAM " -i vb -w - --comm ping not tcp port 22";
        return {.arguments = {"env", "HOME=" + folder_.path(), extcap_folder() + "/sshdump",
                              "--capture", "--extcap-interface", "sshdump", "--fifo", fifo,
                              "--remote-host", kAddressB, "--remote-username", "root", "--sshkey",
                              folder_.file("key"), "--remote-capture-command", command},
                .netns = &cable_.a};
    }

    // Whether the pidcap that was started last runs.
    bool captures() const {
        std::string pid = content_of(folder_.file("pid"));
        return !pid.empty() &&
               std::filesystem::exists("/proc/" + pid.substr(0, pid.find('\n')) + "/exe");
    }
    // What hangs on vb.
    int programs() const {
        const InNetns inside(cable_.b);
        return count_tcx("vb");
    }

  private:
    static std::string extcap_folder() {
        const std::string begin = "Extcap path:";
        const std::string folders = output_of({"tshark", "-G", "folders"});
        // The global one is the last.
        const size_t at = folders.rfind(begin);
        REQUIRE(at != folders.npos);
        const size_t path = folders.find('/', at);
        return folders.substr(path, folders.find('\n', path) - path);
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_.file(name)) << text;
    }

    OwnMounts mounts_;
    TemporaryFolder folder_;
    Cable cable_;
    std::optional<Process> sshd_;
};

std::string make_fifo(const Wireshark& wireshark) {
    const std::string fifo = wireshark.file("fifo");
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    REQUIRE(::chmod(fifo.c_str(), 0644) == 0);
    return fifo;
}

Launch ping(const RemoteHost& host) {
    return {.arguments = {"ping", "-i", "0.1", kAddressA}, .netns = &host.cable().b};
}

}  // namespace

TEST_CASE("tshark has the remote processes of a capture by sshdump, and its leaving ends pidcap") {
    const Wireshark wireshark;
    const RemoteHost host;
    const std::string fifo = make_fifo(wireshark);
    const Process traffic(ping(host));
    Process sshdump(host.sshdump(fifo));
    const auto rows =
        wireshark.fields(fifo, {"process.comm", "process.pid", "icmp.type", "ip.src"}, {"-c", "4"});
    REQUIRE(rows.size() == 4);
    for (const Row& row : rows) {
        CHECK(row[0] == "ping");
        CHECK(row[1] == std::to_string(traffic.pid()));
        CHECK(row[3] == (row[2] == "8" ? kAddressB : kAddressA));
    }
    wait_until("the remote pidcap ends", [&] { return !host.captures(); });
    CHECK(host.programs() == 0);
}

TEST_CASE("the end of sshdump ends the remote pidcap, which leaves nothing on the interface") {
    const Wireshark wireshark;
    const RemoteHost host;
    const std::string fifo = make_fifo(wireshark);
    // Takes nothing.
    const pcapng::Fd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    std::optional<Process> traffic;
    const bool has_traffic = GENERATE(true, false);
    const int signal = has_traffic ? SIGTERM : SIGKILL;
    CAPTURE(signal, has_traffic);
    if (has_traffic) {
        traffic.emplace(ping(host));
    }
    Process sshdump(host.sshdump(fifo));
    wait_until("pidcap captures", [&] { return host.programs() > 0; });
    REQUIRE(host.captures());
    sshdump.signal(signal);
    (void)sshdump.wait();
    wait_until("the remote pidcap ends", [&] { return !host.captures(); });
    CHECK(host.programs() == 0);
}
