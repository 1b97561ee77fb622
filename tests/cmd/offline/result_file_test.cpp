// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/result_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "tests/support/skip.h"
#include "tests/support/temporary_folder.h"

namespace {

using cmd::FileMode;
using cmd::ResultFolder;

constexpr uid_t kOther = 54322;

mode_t mode_of(const std::string& path) {
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

// The mode of a folder that is made with this umask.
mode_t mode_with(mode_t mask, FileMode files) {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("results");
    const mode_t before = umask(mask);
    const auto made = ResultFolder::open(path, files);
    umask(before);
    REQUIRE(made);
    return mode_of(path);
}

std::string refusal(const std::string& path) {
    const auto opened = ResultFolder::open(path, {});
    return opened ? "" : opened.error().message;
}

}  // namespace

TEST_CASE("whoever may read the files of a new folder may enter it, whatever the umask") {
    CHECK(mode_with(022, {}) == 0700);
    CHECK(mode_with(077, 0600) == 0700);
    CHECK(mode_with(077, 0640) == 0750);
    CHECK(mode_with(077, 0644) == 0755);
    CHECK(mode_with(0, 0640) == 0750);
}

TEST_CASE("a folder that is there keeps its mode, and has to be an empty folder") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("results");
    REQUIRE(mkdir(path.c_str(), 0700) == 0);
    for (const std::string& name : {path, path + "//", path + "/."}) {
        INFO(name);
        CHECK(ResultFolder::open(name, 0644));
    }
    CHECK(mode_of(path) == 0700);
    REQUIRE(symlink("results", folder.file("link").c_str()) == 0);
    CHECK(ResultFolder::open(folder.file("link"), {}));
    std::ofstream(path + "/a") << "there";
    CHECK_THAT(refusal(path), Catch::Contains("the folder isn't empty"));
    CHECK_THAT(refusal("/"), Catch::Contains("the folder isn't empty"));
    CHECK_THAT(refusal(path + "/a"), Catch::Contains("not a folder"));
    CHECK_THAT(refusal(folder.file("no/such")), Catch::StartsWith("make the folder"));
}

TEST_CASE("another user's folder or link in a folder for everyone takes no results") {
    if (geteuid() != 0) {
        test::skip("making another user's folder needs root");
    }
    const test::TemporaryFolder folder;
    REQUIRE(chmod(folder.path().c_str(), 01777) == 0);
    const std::string theirs = folder.file("theirs");
    REQUIRE(mkdir(theirs.c_str(), 0777) == 0);
    REQUIRE(chown(theirs.c_str(), kOther, kOther) == 0);
    const test::TemporaryFolder own;
    const std::string link = folder.file("link");
    REQUIRE(symlink(own.path().c_str(), link.c_str()) == 0);
    REQUIRE(lchown(link.c_str(), kOther, kOther) == 0);
    const test::TemporaryFolder elsewhere;
    const std::string around = elsewhere.file("around");
    REQUIRE(symlink(theirs.c_str(), around.c_str()) == 0);
    for (const std::string& path : {theirs, theirs + "/", link, around}) {
        INFO(path);
        CHECK_THAT(refusal(path), Catch::Contains("the folder is another user's"));
    }
    CHECK(test::files_in(theirs).empty());
    CHECK(test::files_in(own.path()).empty());
    // One's own is taken there.
    CHECK(ResultFolder::open(folder.file("new"), {}));
}

TEST_CASE("a file of a folder is written on only if it is the one that was made") {
    const test::TemporaryFolder folder;
    auto results = ResultFolder::open(folder.file("results"), {});
    REQUIRE(results);
    REQUIRE(results->create("a"));
    CHECK(results->reopen("a"));
    const std::string path = folder.file("results/a");
    std::ofstream(folder.file("other")) << "other";
    REQUIRE(rename(folder.file("other").c_str(), path.c_str()) == 0);
    const auto again = results->reopen("a");
    REQUIRE_FALSE(again);
    CHECK_THAT(again.error().message, Catch::Contains("another file has taken its place"));
    CHECK(test::content_of(path) == "other");
    std::ofstream(folder.file("results/b")) << "other";
    CHECK_FALSE(results->reopen("b"));
}
