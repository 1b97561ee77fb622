// SPDX-License-Identifier: GPL-2.0-only
//
// Trouble with what is written to: full, forbidden, gone, stuck.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace {

using namespace test;

// A file system of this size that only this process and its children see.
void mount_small(const std::string& folder, const std::string& size) {
    REQUIRE(unshare(CLONE_NEWNS) == 0);
    REQUIRE(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    REQUIRE(mount("small", folder.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0);
}

struct Pipe {
    pcapng::Fd read_end;
    pcapng::Fd write_end;
    Pipe() {
        int ends[2];
        REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
        read_end = pcapng::Fd(ends[0]);
        write_end = pcapng::Fd(ends[1]);
    }
};

}  // namespace

TEST_CASE("a full disk leaves a valid file, and the message says how much is in it") {
    const Loopback lo;
    const TemporaryFolder folder;
    mount_small(folder.path(), "1m");
    const std::string file = folder.file("full.pcapng");
    Capture capture(lo.netns, {"-i", "lo", "-w", file});
    REQUIRE(send_numbered(lo.sender, 0, 3000, 1000) == 3000);
    const int status = capture.wait();
    CHECK(status == 1);
    INFO(capture.err());
    const auto size = std::filesystem::file_size(file);
    CHECK(size <= 1 << 20);
    CHECK(size > 900'000);
    CHECK(capture.err().find("No space left on device") != std::string::npos);
    CHECK(capture.err().find(std::to_string(size) + " bytes") != std::string::npos);
    // As many packets as it says, each whole and in order.
    const auto packets = packets_of(file);
    CHECK(packets.size() > 700);
    for (uint32_t i = 0; i < packets.size(); i++) {
        const auto payload = udp_payload(packets[i].data);
        REQUIRE(payload);
        const auto expected = payload_of(i, 1000);
        REQUIRE(std::equal(payload->begin(), payload->end(), expected.begin(), expected.end()));
    }
    umount(folder.path().c_str());
}

TEST_CASE("a full disk at the very start is said, too") {
    const Loopback lo;
    const TemporaryFolder folder;
    Pidcap capture({.arguments = {"-i", "lo", "-w", "/dev/full", "-c", "1"}, .netns = &lo.netns});
    // Traffic until it has noticed.
    while (capture.running()) {
        send_numbered(lo.sender, 0, 10, 100);
        usleep(10'000);
    }
    CHECK(capture.wait() == 1);
    INFO(capture.err());
    CHECK(capture.err().find("/dev/full") != std::string::npos);
    CHECK(capture.err().find("No space left") != std::string::npos);
}

TEST_CASE("a file that can't be written is named, with status 1") {
    const TemporaryFolder folder;
    for (const std::string& file :
         {folder.path(), folder.file("missing/x.pcapng"), std::string("/sys/kernel/x.pcapng")}) {
        INFO(file);
        const CommandResult ended = run_pidcap({"-i", "lo", "-w", file});
        CHECK(ended.status == 1);
        CHECK(ended.err.find(file) != std::string::npos);
        CHECK(ended.err.find("listening") == std::string::npos);
        CHECK(ended.err.size() < 300);
    }
}

TEST_CASE("a capture that can't start leaves an older file alone") {
    const TemporaryFolder folder;
    const std::string file = folder.file("old.pcapng");
    std::ofstream(file) << "precious";
    CHECK(run_pidcap({"-i", "nosuch0", "-w", file}).status == 1);
    CHECK(content_of(file) == "precious");
    CHECK(run_pidcap({"-i", "lo", "--pid", "4194303", "-w", file}).status == 1);
    CHECK(content_of(file) == "precious");
    CHECK(run_pidcap({"-i", "lo", "-s", "-1", "-w", file}).status == 2);
    CHECK(content_of(file) == "precious");
    chmod(file.c_str(), 0666);
    chmod(folder.path().c_str(), 0777);
    const CommandResult nobody = run(pidcap_command(
        {"-i", "lo", "-w", file}, {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}));
    CHECK(nobody.status == 1);
    CHECK(content_of(file) == "precious");
}

TEST_CASE("a reader that leaves ends the capture quietly") {
    const Loopback lo;
    for (const std::vector<std::string>& options :
         {std::vector<std::string>{"-w", "-"}, std::vector<std::string>{}}) {
        Pipe pipe;
        std::vector<std::string> arguments = {"-i", "lo"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        Capture capture(
            Launch{.arguments = arguments, .netns = &lo.netns, .stdout_fd = pipe.write_end.get()});
        pipe.write_end.reset();
        send_numbered(lo.sender, 0, 10, 100);
        char bytes[100];
        REQUIRE(read(pipe.read_end.get(), bytes, sizeof(bytes)) == sizeof(bytes));
        pipe.read_end.reset();
        while (capture.running()) {
            send_numbered(lo.sender, 0, 1, 100);
            usleep(10'000);
        }
        CHECK(capture.wait() == 0);
        INFO(capture.err());
        CHECK(capture.err().find("pipe") == std::string::npos);
        CHECK(capture.err().find("error") == std::string::npos);
    }
}

// Its reader takes nothing: the rings overflow, and signals still end it, the second at the latest.
TEST_CASE("a stuck reader can't hold a capture, and the drops are counted") {
    const Loopback lo;
    for (const std::vector<std::string>& options :
         {std::vector<std::string>{"-w", "-"}, std::vector<std::string>{}}) {
        INFO((options.empty() ? "text" : "-w -"));
        Pipe pipe;
        std::vector<std::string> arguments = {"-i", "lo", "-B", "1"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        Capture capture(
            Launch{.arguments = arguments, .netns = &lo.netns, .stdout_fd = pipe.write_end.get()});
        pipe.write_end.reset();
        // More than the pipe, the buffer before it and both rings hold.
        REQUIRE(send_numbered(lo.sender, 0, 20'000, 400) == 20'000);
        capture.signal(SIGINT);
        std::this_thread::sleep_for(std::chrono::seconds(1));
        if (capture.running()) {
            capture.signal(SIGINT);
        }
        capture.wait();
        INFO(capture.err());
        REQUIRE(capture.err().find(" dropped") != std::string::npos);
        CHECK(totals_of(capture.err()).dropped > 1000);
    }
}

TEST_CASE("a capture into a pipe is a whole file for its reader") {
    const Loopback lo;
    const TemporaryFolder folder;
    const std::string file = folder.file("piped.pcapng");
    const pcapng::Fd copy(open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    Pipe pipe;
    Process cat({.arguments = {"cat"},
                 .prepare = [&] { dup2(pipe.read_end.get(), STDIN_FILENO); },
                 .stdout_fd = copy.get()});
    Capture capture(Launch{.arguments = {"-i", "lo", "-w", "-"},
                           .netns = &lo.netns,
                           .stdout_fd = pipe.write_end.get()});
    pipe.write_end.reset();
    pipe.read_end.reset();
    REQUIRE(send_numbered(lo.sender, 0, 2000, 1000) == 2000);
    capture.stop();
    CHECK(cat.wait() == 0);
    CHECK(packets_of(file).size() == 2000);
    CHECK(statistics_of(file).delivered == 2000);
    require_readable(file);
}

TEST_CASE("the file belongs to the user who called sudo") {
    const Loopback lo;
    const TemporaryFolder folder;
    chmod(folder.path().c_str(), 0777);
    const std::string file = folder.file("mine.pcapng");
    Capture capture(
        Launch{.arguments = {"-i", "lo", "-w", file}, .netns = &lo.netns, .prepare = [] {
                   setenv("SUDO_UID", "65534", 1);
                   setenv("SUDO_GID", "65533", 1);
               }});
    capture.stop();
    struct stat status {};
    REQUIRE(stat(file.c_str(), &status) == 0);
    CHECK(status.st_uid == 65534);
    CHECK(status.st_gid == 65533);
}
