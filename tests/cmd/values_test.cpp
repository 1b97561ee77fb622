// SPDX-License-Identifier: GPL-2.0-only
//
// Which users and groups are asked of the user database: this program has its functions in the C
// library's place. They count, and know one user, whom no file has.
#include "cmd/values.h"

#include <grp.h>
#include <pwd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <string>

#include "cmd/options.h"
#include "cmd/reload.h"
#include "tests/support/temporary_folder.h"

namespace {

using capture::UserIds;
using cmd::Users;

constexpr uid_t kUid = 3'000'000'001;  // has no entry of /etc/passwd
constexpr gid_t kGid = 3'000'000'002;
constexpr const char* kName = "a-server-knows-them";

int& asked() {
    static int times = 0;
    return times;
}

int answer(bool is_known, passwd* entry, passwd** found) {
    asked()++;
    entry->pw_uid = kUid;
    entry->pw_gid = kGid;
    *found = is_known ? entry : nullptr;
    return 0;
}

UserIds user(const std::string& text, Users users = Users::kAll) {
    asked() = 0;
    const auto ids = cmd::parse_user("-Z", text, users);
    REQUIRE(ids);
    return *ids;
}

}  // namespace

extern "C" {
int getpwnam_r(const char* name, passwd* entry, char* /*buffer*/, size_t /*size*/, passwd** found) {
    return answer(strcmp(name, kName) == 0, entry, found);
}

int getpwuid_r(uid_t uid, passwd* entry, char* /*buffer*/, size_t /*size*/, passwd** found) {
    return answer(uid == kUid, entry, found);
}

int getgrnam_r(const char* /*name*/, group* /*entry*/, char* /*buffer*/, size_t /*size*/,
               group** found) {
    asked()++;
    *found = nullptr;
    return 0;
}
}

TEST_CASE("local users and groups are found without asking for them") {
    CHECK(user("root").uid == 0);
    CHECK(user("root").gid == 0);
    CHECK(asked() == 0);
    CHECK(*cmd::parse_uid("root") == 0);
    CHECK(*cmd::parse_gid("root") == 0);
    CHECK(asked() == 0);
    CHECK(user("0", Users::kLocal).gid == 0);
    CHECK(asked() == 0);
}

TEST_CASE("a number needs no server when a capture runs, but to know the group") {
    const std::string number = std::to_string(kUid);
    CHECK(user(number).gid == kGid);
    CHECK(user(number, Users::kLocal).uid == kUid);
    CHECK(user(number, Users::kLocal).gid == kUid);
    CHECK(asked() == 0);
    // A name does.
    CHECK(user(kName, Users::kLocal).uid == kUid);
    CHECK(asked() == 1);
    CHECK_FALSE(cmd::parse_user("-Z", "no-such-user", Users::kLocal).ok());
}

TEST_CASE("a reload asks no server for users that are given by number") {
    const test::TemporaryFolder folder;
    const std::string file = folder.file("pidcap.conf");
    const std::string number = std::to_string(kUid);
    std::ofstream(file) << "run-as = " << number << "\nuid = " << number << "\n";
    const auto parsed = cmd::parse_options(std::vector<std::string>{"--config", file});
    const auto* options = std::get_if<cmd::Options>(&parsed);
    REQUIRE(options != nullptr);
    REQUIRE(options->run_as);
    CHECK(options->run_as->gid == kGid);
    asked() = 0;
    CHECK(std::holds_alternative<cmd::ReloadPlan>(cmd::plan_reload(*options)));
    CHECK(asked() == 0);
}
