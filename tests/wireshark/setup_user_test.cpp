// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap setup-wireshark` as an ordinary user.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/wireshark/installation.h"

using namespace test;

namespace {

namespace fs = std::filesystem;

std::string personal(const Installation& here, const std::string& path) {
    return here.home_of(kAlice) + path;
}

void append(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::app) << text;
}

constexpr const char* kProfile = "/.config/wireshark/profiles/Processes";

}  // namespace

TEST_CASE("a user without an administrator has all but the right to capture") {
    const Installation here;
    const std::string before = here.listing();
    const CommandResult result = here.setup_as(kAlice);
    INFO(result.out << result.err);
    REQUIRE(result.status == 0);
    CHECK(contains(result.out, "an administrator has to run once: sudo pidcap setup-wireshark"));
    CHECK(here.listing() == before);
    (void)output_of({"diff", "-r", DISSECTORS "/profile/Processes", personal(here, kProfile)});

    const CommandResult list = here.run_as(kAlice, {"tshark", "-D"});
    CHECK(contains(list.out, " pidcap-any "));
    CHECK(list.err.empty());
    const CommandResult plugins = here.run_as(kAlice, {"tshark", "-G", "plugins"});
    CHECK(contains(plugins.out, personal(here, "/.local/lib/wireshark/plugins/pidcap.lua")));
    CHECK(contains(here.run_as(kAlice, {"tshark", "-G", "fields"}).out, "\tprocess.comm\t"));

    const CommandResult check = here.setup_as(kAlice, {"--check"});
    INFO(check.out);
    CHECK(check.status == 1);
    CHECK(contains(check.out, "yes      interface in Wireshark: "));
    CHECK(contains(check.out, "no       its capabilities: "));
    CHECK(contains(check.out, "yes      dissector: "));
    CHECK(contains(check.out, "yes      profile Processes: "));

    const std::string installed = here.home_listing(kAlice);
    CHECK(contains(here.setup_as(kAlice).out, "there already"));
    CHECK(here.home_listing(kAlice) == installed);
    REQUIRE(here.setup_as(kAlice, {"--remove"}).status == 0);
    CHECK(here.home_listing(kAlice).empty());
    CHECK_FALSE(fs::exists(personal(here, "/.config/wireshark")));
    CHECK_FALSE(fs::exists(personal(here, "/.local/lib/wireshark")));
    CHECK(here.setup_as(kAlice, {"--remove"}).out ==
          "There was nothing to remove of this user's.\n");
}

TEST_CASE("what is there for everyone isn't installed for a user, too") {
    const Installation here;
    REQUIRE(here.setup().status == 0);
    const CommandResult result = here.setup_as(kAlice);
    CHECK(result.status == 0);
    CHECK(contains(result.out, here.plugins() + ": dissector there already, for everyone\n"));
    CHECK(here.home_listing(kAlice).empty());
    // Another version would lose against it.
    append(here.plugins() + "/pidcap.lua", "-- newer");
    CHECK(contains(here.setup_as(kAlice).out, "of another version (sudo pidcap setup-wireshark)"));
    CHECK(here.home_listing(kAlice).empty());
    CHECK(here.setup_as(kAlice, {"--check"}).status == 1);
}

TEST_CASE("a profile that the user has changed stays, file by file") {
    const Installation here;
    REQUIRE(here.setup_as(kAlice).status == 0);
    // Wireshark writes its windows' sizes there whenever it ends.
    const std::string recent = personal(here, kProfile) + "/recent";
    append(recent, "# Wireshark's\n");
    CHECK(contains(here.setup_as(kAlice, {"--check"}).out, "yes      profile Processes: "));
    const std::string preferences = personal(here, kProfile) + "/preferences";
    append(preferences, "# mine\n");
    fs::remove(personal(here, kProfile) + "/colorfilters");
    const std::string mine = content_of(preferences);

    const CommandResult again = here.setup_as(kAlice);
    CHECK(again.status == 0);
    CHECK(contains(again.out,
                   "left as it is, because it was changed or is of another version: "
                   "preferences (to get"));
    CHECK(content_of(preferences) == mine);
    CHECK(fs::exists(personal(here, kProfile) + "/colorfilters"));
    const CommandResult check = here.setup_as(kAlice, {"--check"});
    CHECK(contains(check.out, "other    profile Processes: "));
    CHECK(contains(check.out, "or changed by you\n\n"));  // nothing to do about it

    const CommandResult removed = here.setup_as(kAlice, {"--remove"});
    CHECK(removed.status == 0);
    CHECK(contains(removed.out, "left, because it was changed"));
    CHECK(here.home_listing(kAlice).size() == preferences.size() + recent.size() + 2);
    CHECK(content_of(preferences) == mine);
}

TEST_CASE("the home is found without HOME, and XDG_CONFIG_HOME is heeded") {
    const Installation here;
    REQUIRE(here.setup_as(kAlice, {}, {"X=1"}).status == 0);
    CHECK(fs::exists(personal(here, kProfile)));
    REQUIRE(here.setup_as(kAlice, {"--remove"}).status == 0);
    const std::string configuration = "XDG_CONFIG_HOME=" + personal(here, "/my config");
    REQUIRE(here.setup_as(kAlice, {}, {"HOME=" + here.home_of(kAlice), configuration}).status == 0);
    CHECK(fs::exists(personal(here, "/my config/wireshark/profiles/Processes")));
    CHECK_FALSE(fs::exists(personal(here, "/.config/wireshark")));
    std::vector<std::string> list =
        here.as(kAlice, {"HOME=" + here.home_of(kAlice), configuration, "tshark", "-D"});
    CHECK(contains(run(list).out, " pidcap-any "));
}

TEST_CASE("an older Wireshark's folder goes on being the user's") {
    const Installation here;
    fs::create_directory(personal(here, "/.wireshark"));
    REQUIRE(::chown(personal(here, "/.wireshark").c_str(), kAlice.id, kAlice.id) == 0);
    REQUIRE(here.setup_as(kAlice).status == 0);
    CHECK_FALSE(fs::exists(personal(here, "/.config/wireshark")));
    CHECK(contains(here.run_as(kAlice, {"tshark", "-D"}).out, " pidcap-any "));
}

TEST_CASE("a user can't name a group, nor write where the home isn't theirs") {
    const Installation here;
    const CommandResult group = here.setup_as(kAlice, {"--group", "wireshark"});
    CHECK(group.status == 1);
    CHECK(contains(group.err, "only root"));
    const CommandResult home = here.setup_as(kAlice, {}, {"HOME=" + here.home_of(kBob)});
    CHECK(home.status == 1);
    CHECK(contains(home.err, "Permission denied"));
    CHECK(here.home_listing(kBob).empty());
}
