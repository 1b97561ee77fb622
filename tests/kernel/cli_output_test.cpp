// SPDX-License-Identifier: GPL-2.0-only
//
// The file of -w: whose it is, and when it is overwritten.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/support/capture.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;

constexpr uid_t kCaller = 54321;
const std::string kOld = "precious";

uid_t owner_of(const std::string& path) {
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    return status.st_uid;
}

void write_old(const std::string& path, uid_t owner, mode_t mode) {
    std::ofstream(path) << kOld;
    REQUIRE(chmod(path.c_str(), mode) == 0);
    REQUIRE(chown(path.c_str(), owner, owner) == 0);
}

CommandResult capture_to(const std::string& path, const std::function<void()>& prepare) {
    const Netns netns;
    return run_pidcap(Launch{.arguments = {"-i", "lo", "--duration", "0.1", "-w", path},
                             .netns = &netns,
                             .prepare = prepare});
}

CommandResult capture_under_sudo(const std::string& path) {
    return capture_to(path, [] {
        setenv("SUDO_UID", "54321", 1);
        setenv("SUDO_GID", "54321", 1);
    });
}

// A folder that everyone may enter, with one of the caller's own.
struct Folders {
    TemporaryFolder root;
    std::string own = root.file("own");

    Folders() {
        REQUIRE(chmod(root.path().c_str(), 0755) == 0);
        REQUIRE(mkdir(own.c_str(), 0755) == 0);
        REQUIRE(chown(own.c_str(), kCaller, kCaller) == 0);
    }
};

}  // namespace

TEST_CASE("under sudo, a new file belongs to who called it, and theirs are overwritten") {
    const Folders folders;
    const std::string path = folders.own + "/a.pcapng";
    for (int i = 0; i < 2; i++) {
        const CommandResult ended = capture_under_sudo(path);
        INFO(ended.err);
        REQUIRE(ended.status == 0);
        CHECK(owner_of(path) == kCaller);
        require_readable(path);
    }
}

TEST_CASE("under sudo, nobody else's file is overwritten or given away") {
    const Folders folders;
    const std::string path = folders.root.file("root's");
    const std::string link = folders.own + "/link";
    write_old(path, 0, 0644);
    REQUIRE(symlink(path.c_str(), link.c_str()) == 0);
    for (const std::string& name : {path, link, folders.root.file("new")}) {
        const CommandResult ended = capture_under_sudo(name);
        INFO(ended.err);
        CHECK(ended.status == 1);
        CHECK(ended.err.find("open " + name + ": Permission denied; under sudo") !=
              std::string::npos);
        CHECK(ended.err.find("user 54321") != std::string::npos);
    }
    CHECK(content_of(path) == kOld);
    CHECK(owner_of(path) == 0);
    CHECK(access(folders.root.file("new").c_str(), F_OK) != 0);
}

TEST_CASE("under sudo, a device stays whose it is") {
    const uid_t before = owner_of("/dev/null");
    const CommandResult ended = capture_under_sudo("/dev/null");
    const uid_t after = owner_of("/dev/null");
    (void)!chown("/dev/null", before, before);  // a failed test mustn't break the machine
    CHECK(ended.status == 0);
    CHECK(after == before);
}

TEST_CASE("root without sudo overwrites anyone's file and leaves it theirs") {
    const Folders folders;
    const std::string path = folders.own + "/a.pcapng";
    write_old(path, kCaller, 0600);
    const CommandResult ended = capture_to(path, [] {
        unsetenv("SUDO_UID");
        unsetenv("SUDO_GID");
    });
    INFO(ended.err);
    REQUIRE(ended.status == 0);
    CHECK(owner_of(path) == kCaller);
    require_readable(path);
}

// With so few descriptors that one after the other of its steps fails, the last ones the hooks.
TEST_CASE("an older file survives every start that fails") {
    const TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    write_old(path, 0, 0644);
    rlim_t limit = 8;
    for (; content_of(path) == kOld && limit < 400; limit++) {
        const CommandResult ended = capture_to(path, [limit] {
            const rlimit few = {.rlim_cur = limit, .rlim_max = limit};
            setrlimit(RLIMIT_NOFILE, &few);
        });
        INFO("limit " << limit << ": " << ended.err);
        const bool listening = ended.err.find("listening on") != std::string::npos;
        REQUIRE(listening == (content_of(path) != kOld));
    }
    CHECK(limit > 10);
    CHECK(limit < 400);
}

TEST_CASE("a selection that no process matches is named at the start with -v, and at the end") {
    const Netns netns;
    const auto ended =
        run_pidcap(Launch{.arguments = {"-v", "-i", "lo", "--duration", "0.3", "--comm", "nosuch",
                                        "--comm", "sleep", "-w", "/dev/null", "--", "sleep", "0.1"},
                          .netns = &netns});
    CHECK(ended.status == 0);
    CHECK(ended.err.find("no process matches --comm nosuch yet") != std::string::npos);
    CHECK(ended.err.find("no process matched --comm nosuch\n") != std::string::npos);
    CHECK(ended.err.find("no process matched --comm sleep") == std::string::npos);
}
