// SPDX-License-Identifier: GPL-2.0-only
//
// Whose eyes the files are for, and which ones are refused.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace {

using namespace test;

constexpr uid_t kOther = 54322;

mode_t mode_of(const std::string& path) {
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

void as_root() {
    unsetenv("SUDO_UID");
    unsetenv("SUDO_GID");
    umask(022);
}

void under_sudo() {
    setenv("SUDO_UID", "54321", 1);
    setenv("SUDO_GID", "54321", 1);
}

CommandResult capture_to(const std::string& path, std::vector<std::string> more = {},
                         const std::function<void()>& prepare = as_root) {
    const Netns netns;
    std::vector<std::string> all = {"-i", "lo", "--duration", "0.1", "-w", path};
    all.insert(all.end(), more.begin(), more.end());
    return run_pidcap(Launch{.arguments = all, .netns = &netns, .prepare = prepare});
}

CommandResult offline(const std::vector<std::string>& arguments,
                      const std::function<void()>& prepare = as_root) {
    return run_pidcap(Launch{.arguments = arguments, .prepare = prepare});
}

// A capture that every command reads.
std::string make_capture(const TemporaryFolder& folder) {
    const std::string path = folder.file("input.pcapng");
    REQUIRE(capture_to(path, {"--", "sh", "-c", "true"}).status == 0);
    return path;
}

void write_file(const std::string& path, uid_t owner) {
    std::ofstream(path) << "precious";
    REQUIRE(chown(path.c_str(), owner, owner) == 0);
    REQUIRE(chmod(path.c_str(), 0666) == 0);
}

}  // namespace

TEST_CASE("a file of a capture is its owner's alone, unless --mode says otherwise") {
    const TemporaryFolder folder;
    REQUIRE(capture_to(folder.file("a")).status == 0);
    CHECK(mode_of(folder.file("a")) == 0600);
    REQUIRE(capture_to(folder.file("b"), {"--mode", "664"}).status == 0);
    CHECK(mode_of(folder.file("b")) == 0664);
    REQUIRE(capture_to(folder.file("c"), {"-C", "1"}).status == 0);
    CHECK(mode_of(folder.file("c")) == 0600);
    REQUIRE(capture_to(folder.file("d"), {"-C", "1", "--mode", "0640"}).status == 0);
    CHECK(mode_of(folder.file("d")) == 0640);
    // One that is there stays as it is.
    write_file(folder.file("e"), 0);
    REQUIRE(capture_to(folder.file("e"), {"--mode", "600"}).status == 0);
    CHECK(mode_of(folder.file("e")) == 0666);
}

TEST_CASE("files that commands make of captures are their owner's alone, too") {
    const TemporaryFolder folder;
    const std::string input = make_capture(folder);
    const std::string table = folder.file("table");
    REQUIRE(
        offline({"export", "--format", "jsonl", "--table", "flows", "-o", table, input}).status ==
        0);
    CHECK(mode_of(table) == 0600);
    const std::vector<std::vector<std::string>> commands = {
        {"extract", input, "-w"},
        {"merge", input, "-w"},
        {"annotate", input, "--from", table, "-w"},
        {"report", input, "-o"},
        {"export", "--format", "csv", "--table", "processes", input, "-o"},
    };
    for (std::vector<std::string> command : commands) {
        const std::string name = command.front();
        INFO(name);
        for (const bool open : {false, true}) {
            std::vector<std::string> words = command;
            const std::string path = folder.file(name + (open ? "-open" : ""));
            words.push_back(path);
            if (open) {
                words.insert(words.end(), {"--mode", "644"});
            }
            const CommandResult ended = offline(words);
            INFO(ended.err);
            REQUIRE(std::filesystem::exists(path));
            CHECK(mode_of(path) == (open ? 0644 : 0600));
        }
    }
    const std::string split = folder.file("split");
    REQUIRE(offline({"extract", input, "--split", "process", "-w", split}).status == 0);
    CHECK(mode_of(split) == 0700);
}

TEST_CASE("in a folder for everyone, another user's file or link is refused") {
    const TemporaryFolder folder;
    const std::string input = make_capture(folder);
    const std::string shared = folder.file("shared");
    REQUIRE(mkdir(shared.c_str(), 0755) == 0);
    REQUIRE(chmod(shared.c_str(), 01777) == 0);
    REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
    const std::string theirs = shared + "/theirs";
    const std::string link = shared + "/link";
    const std::string own = folder.file("own");
    write_file(theirs, kOther);
    write_file(own, 0);
    REQUIRE(symlink(own.c_str(), link.c_str()) == 0);
    REQUIRE(lchown(link.c_str(), kOther, kOther) == 0);
    // A link of one's own to another user's file, from elsewhere.
    const std::string around = folder.file("around");
    REQUIRE(symlink(theirs.c_str(), around.c_str()) == 0);
    for (const std::string& path : {theirs, link, around}) {
        INFO(path);
        CommandResult ended = capture_to(path);
        CHECK(ended.status == 1);
        CHECK(contains(ended.err, "another user's"));
        ended = offline({"extract", input, "-w", path});
        CHECK(ended.status == 1);
        CHECK(contains(ended.err, "another user's"));
    }
    for (const std::string& path : {theirs, link}) {
        INFO(path);
        CHECK(capture_to(path, {"-C", "1"}).status == 1);
        CHECK(capture_to(path, {"-C", "1", "-z", "true"}).status == 1);
    }
    CHECK(content_of(theirs) == "precious");
    CHECK(content_of(own) == "precious");
    // One's own, the folder's owner's, and links to them are written.
    const std::string mine = shared + "/mine";
    const std::string good = shared + "/good";
    write_file(mine, 0);
    REQUIRE(symlink("mine", good.c_str()) == 0);
    CHECK(capture_to(good).status == 0);
    require_readable(mine);
}

TEST_CASE("without a sticky folder, a link is followed as ever") {
    const TemporaryFolder folder;
    REQUIRE(symlink("b", folder.file("a").c_str()) == 0);
    REQUIRE(symlink("c", folder.file("b").c_str()) == 0);
    REQUIRE(capture_to(folder.file("a")).status == 0);
    require_readable(folder.file("c"));
    CHECK(mode_of(folder.file("c")) == 0600);
    REQUIRE(symlink("loop", folder.file("loop").c_str()) == 0);
    CHECK(contains(capture_to(folder.file("loop")).err, "Too many levels"));
    CHECK(contains(capture_to(folder.path() + "/").err, "Is a directory"));
    CHECK(contains(capture_to(folder.path()).err, "Is a directory"));
    CHECK(contains(capture_to(folder.file("no/such")).err, "No such file"));
    CHECK(capture_to("/dev/stdout").status == 0);
}

TEST_CASE("under sudo, files are read with the caller's rights") {
    const TemporaryFolder folder;
    REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
    const std::string filter = folder.file("filter");
    std::ofstream(filter) << "udp";
    REQUIRE(chmod(filter.c_str(), 0600) == 0);
    const std::string input = make_capture(folder);
    const CommandResult listed = offline({"-d", "-F", filter}, under_sudo);
    CHECK(listed.status == 1);
    CHECK(contains(listed.err, "Permission denied"));
    CHECK(offline({"-d", "-F", filter}).status == 0);
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"read", input},
          {"processes", input},
          {"flows", input},
          {"report", input, "-o", "-"},
          {"extract", input, "-w", "-"},
          {"merge", input, "-w", "-"},
          {"annotate", input, "--from", input, "-w", "-"},
          {"export", "--format", "csv", "--table", "flows", input}}) {
        INFO(command.front());
        const CommandResult ended = offline(command, under_sudo);
        CHECK(ended.status == 1);
        CHECK(ended.out.empty());
        CHECK(contains(ended.err, "Permission denied"));
    }
}
