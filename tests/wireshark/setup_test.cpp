// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap setup-wireshark` as root: what is there then, by stat, getcap and tshark, and who may
// use it.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/netns.h"
#include "tests/support/process.h"
#include "tests/wireshark/installation.h"

using namespace test;

namespace {

namespace fs = std::filesystem;

constexpr const char* kGranted =
    "cap_dac_read_search,cap_net_admin,cap_net_raw,cap_sys_ptrace,cap_perfmon,cap_bpf=ep";
// In /proc/PID/status: bits 2, 12, 13, 19, 38 and 39.
constexpr const char* kEffective = "CapEff:\t000000c000083004";

std::string owner_of(const std::string& path) {
    return output_of({"stat", "-c", "%U:%G %a", path});
}

void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
}

// Nothing was done, and the message says this.
void check_refused(const Installation& here, const std::string& before, const CommandResult& result,
                   const std::string& message) {
    INFO(result.out << result.err);
    CHECK(result.status == 1);
    CHECK(contains(result.err, message));
    CHECK(result.out.empty());
    CHECK(here.listing() == before);
}

}  // namespace

TEST_CASE("root sets up what the sources have, and a program for the group alone") {
    const Installation here;
    const CommandResult result = here.setup();
    INFO(result.out << result.err);
    REQUIRE(result.status == 0);
    CHECK(result.err.empty());
    CHECK(contains(result.out, "Users in group wireshark, who may capture: alice."));
    CHECK(contains(result.out, "usermod -aG wireshark USER (then log in again)"));
    CHECK(fs::read_symlink(here.extcap_folder() + "/pidcap-extcap") == here.extcap());
    CHECK(owner_of(here.extcap()) == "root:wireshark 750\n");
    CHECK(output_of({"getcap", here.extcap()}) == here.extcap() + " " + kGranted + "\n");
    (void)output_of({"diff", "-r", "-x", "README.md", "-x", "CMakeLists.txt", "-x", "*.h", "-x",
                     "profile", DISSECTORS, here.plugins()});
    (void)output_of({"diff", "-r", DISSECTORS "/profile", here.profiles()});
    const CommandResult check = here.setup({"--check"});
    INFO(check.out);
    CHECK(check.status == 0);
    CHECK(contains(check.out, "group wireshark: alice"));
    CHECK_FALSE(contains(check.out, "what to do"));
}

TEST_CASE("it doesn't depend on the umask") {
    const Installation here;
    const mode_t before = ::umask(077);
    const CommandResult result = here.setup();
    ::umask(before);
    REQUIRE(result.status == 0);
    const std::string said = output_of({"find", here.plugins(), here.profiles(), "-mindepth", "1",
                                        "-not", "-perm", "644", "-not", "-perm", "755"});
    CHECK(said.empty());
}

TEST_CASE("a user of the group runs the program with its capabilities, and no other user does") {
    const Installation here("/bin/cat");
    REQUIRE(here.setup().status == 0);
    const CommandResult alice = here.run_as(kAlice, {here.extcap(), "/proc/self/status"});
    CHECK(contains(alice.out, kEffective));
    const CommandResult bob = here.run_as(kBob, {here.extcap(), "/proc/self/status"});
    CHECK(bob.status == 126);
    CHECK(contains(bob.err, "Permission denied"));

    CHECK(here.setup_as(kAlice, {"--check"}).status == 0);
    const CommandResult check = here.setup_as(kBob, {"--check"});
    CHECK(check.status == 1);
    CHECK(contains(check.out, "bob isn't in group wireshark"));
    CHECK(contains(check.out, "what to do: sudo usermod -aG wireshark bob"));
    // Added, but still in the session of before.
    const CommandResult early = here.setup_as(User{"alice", kAlice.id, {}}, {"--check"});
    CHECK(early.status == 1);
    CHECK(contains(early.out, "alice is in group wireshark, but this session is older"));
    CHECK(contains(early.out, "what to do: log in again"));
}

TEST_CASE("a user of the group captures with tshark, and sees whose the packets are") {
    const Installation here;
    REQUIRE(here.setup().status == 0);
    const Netns netns;
    std::vector<std::string> command = here.as(kAlice);
    command.insert(command.end(), {"timeout", "60", "tshark", "-i", "pidcap-lo", "-f", "icmp", "-c",
                                   "4", "-T", "fields", "-e", "process.comm"});
    Process tshark(Launch{.arguments = command, .netns = &netns});
    const Process ping(Launch{.arguments = {"ping", "-i", "0.2", "127.0.0.1"}, .netns = &netns});
    const int status = tshark.wait();
    INFO(tshark.err());
    CHECK(status == 0);
    CHECK(tshark.out() == "ping\nping\nping\nping\n");
}

TEST_CASE("tshark offers the interfaces and loads the dissector once, also for one who has both") {
    const Installation here;
    // Before, so that the user's own are there too.
    REQUIRE(here.setup_as(kAlice).status == 0);
    REQUIRE(here.setup().status == 0);
    const CommandResult both = here.setup_as(kAlice, {"--check"});
    CHECK(both.status == 1);
    CHECK(contains(both.out, "and once more in " + here.home_of(kAlice)));
    const CommandResult fields = here.run_as(kAlice, {"tshark", "-G", "fields"});
    CHECK(contains(fields.out, "\tprocess.comm\t"));
    CHECK_FALSE(contains(fields.err, "Lua"));
    REQUIRE(here.setup_as(kAlice, {"--remove"}).status == 0);
    CHECK(here.home_listing(kAlice).empty());
    CHECK(here.setup_as(kAlice, {"--check"}).status == 0);

    const CommandResult list = here.run_as(kAlice, {"tshark", "-D"});
    INFO(list.err);
    const size_t first = list.out.find(" pidcap-any ");
    REQUIRE(first != std::string::npos);
    CHECK(list.out.find(" pidcap-any ", first + 1) == std::string::npos);
    CHECK(list.err.empty());
}

TEST_CASE("a second time changes nothing") {
    const Installation here;
    REQUIRE(here.setup().status == 0);
    const std::string before = here.listing();
    const CommandResult again = here.setup();
    CHECK(again.status == 0);
    CHECK(contains(again.out, "there already"));
    CHECK_FALSE(contains(again.out, "installed"));
    CHECK(here.listing() == before);
}

TEST_CASE("a package's relative link to the program is left as it is") {
    const Installation here;
    REQUIRE(here.setup().status == 0);
    const std::string link = here.extcap_folder() + "/pidcap-extcap";
    const fs::path relative = fs::path(here.extcap()).lexically_relative(here.extcap_folder());
    fs::remove(link);
    fs::create_symlink(relative, link);
    REQUIRE(here.setup().status == 0);
    CHECK(fs::read_symlink(link) == relative);
    CHECK(here.setup({"--check"}).status == 0);
}

TEST_CASE("removing leaves everything as it was before") {
    const Installation here;
    const std::string before = here.listing();
    REQUIRE(here.setup().status == 0);
    REQUIRE(here.listing() != before);
    const CommandResult removed = here.setup({"--remove"});
    INFO(removed.out << removed.err);
    CHECK(removed.status == 0);
    CHECK(here.listing() == before);
    CHECK(here.setup({"--remove"}).out == "There was nothing to remove.\n");
    CHECK(here.setup({"--check"}).status == 1);
}

TEST_CASE("removing takes the capabilities of the program that the link leads to") {
    const Installation here;
    REQUIRE(here.setup().status == 0);
    // Another build, of no install of its own.
    const std::string other = "/opt/other";
    fs::create_directory(other);
    fs::copy_file(here.pidcap(), other + "/pidcap");
    const CommandResult result = run({other + "/pidcap", "setup-wireshark", "--remove"});
    CHECK(result.status == 0);
    CHECK(owner_of(here.extcap()) == "root:root 755\n");
    CHECK(output_of({"getcap", here.extcap()}).empty());
}

TEST_CASE("removing leaves what isn't ours") {
    const Installation here;
    REQUIRE(here.setup().status == 0);
    const std::string link = here.extcap_folder() + "/pidcap-extcap";
    fs::remove(link);
    write(link, "of somebody else");
    write(here.plugins() + "/pidcap/other.lua", "-- of somebody else");
    const CommandResult removed = here.setup({"--remove"});
    CHECK(removed.status == 0);
    CHECK(contains(removed.out, link + ": left"));
    CHECK(content_of(link) == "of somebody else");
    CHECK(fs::exists(here.plugins() + "/pidcap/other.lua"));
    CHECK_FALSE(fs::exists(here.plugins() + "/pidcap.lua"));
    const CommandResult installed = here.setup();
    CHECK(installed.status == 1);
    CHECK(contains(installed.err, link + " exists and is not a link made by pidcap"));
    CHECK(output_of({"getcap", here.extcap()}).empty());
}

TEST_CASE("another version is told by --check, and replaced") {
    const Installation here;
    REQUIRE(here.setup().status == 0);
    write(here.plugins() + "/pidcap.lua", "-- older");
    fs::remove(here.profiles() + "/Processes/colorfilters");
    CommandResult check = here.setup({"--check"});
    INFO(check.out);
    CHECK(check.status == 1);
    CHECK(contains(check.out, "other    dissector: "));
    CHECK(contains(check.out, "other    profile Processes: "));
    // A link in a file's place is replaced, and what it leads to is left alone.
    const std::string linked = here.prefix() + "/linked";
    write(linked, "-- linked");
    fs::remove(here.plugins() + "/pidcap/text.lua");
    fs::create_symlink(linked, here.plugins() + "/pidcap/text.lua");
    REQUIRE(here.setup().status == 0);
    CHECK(here.setup({"--check"}).status == 0);
    CHECK(content_of(here.plugins() + "/pidcap.lua") == content_of(DISSECTORS "/pidcap.lua"));
    CHECK_FALSE(fs::is_symlink(here.plugins() + "/pidcap/text.lua"));
    CHECK(content_of(linked) == "-- linked");
}

TEST_CASE("another program behind the link is told by --check, and replaced") {
    const Installation here;
    REQUIRE(here.setup().status == 0);
    const std::string link = here.extcap_folder() + "/pidcap-extcap";
    fs::remove(link);
    fs::create_symlink("/bin/true", link);
    CHECK(contains(here.setup({"--check"}).out, "other    interface in Wireshark: "));
    fs::remove(link);
    fs::create_symlink("/nowhere", link);
    CHECK(contains(here.setup({"--check"}).out, "leads nowhere"));
    REQUIRE(here.setup().status == 0);
    CHECK(fs::read_symlink(link) == here.extcap());
}

TEST_CASE("capabilities that everybody may use are told by --check, and mended") {
    const Installation here;
    REQUIRE(here.setup().status == 0);
    fs::permissions(here.extcap(), fs::perms(0755));
    const CommandResult check = here.setup({"--check"});
    CHECK(check.status == 1);
    CHECK(contains(check.out, "everybody on this machine may use them"));
    REQUIRE(here.setup().status == 0);
    CHECK(owner_of(here.extcap()) == "root:wireshark 750\n");
    CHECK(contains(output_of({"getcap", here.extcap()}), kGranted));
}

TEST_CASE("capabilities of a program that others could replace are told by --check") {
    const Installation here;
    REQUIRE(here.setup().status == 0);
    fs::permissions(here.prefix() + "/libexec", fs::perms(0777));
    const CommandResult check = here.setup({"--check"});
    CHECK(check.status == 1);
    CHECK(contains(check.out, "others than root can change " + here.prefix() + "/libexec"));
}

TEST_CASE("removing opens nothing to everyone that isn't ours") {
    const Installation here;
    REQUIRE(here.setup().status == 0);
    const std::string secret = here.prefix() + "/secret";
    write(secret, "secret");
    fs::permissions(secret, fs::perms(0600));
    fs::remove(here.extcap());
    fs::create_symlink(secret, here.extcap());
    (void)here.setup({"--remove"});
    CHECK(owner_of(secret) == "root:root 600\n");
}

TEST_CASE("another group can be named, and one that doesn't exist is refused") {
    const Installation here;
    const std::string before = here.listing();
    check_refused(here, before, here.setup({"--group", "no such"}), "there is no group no such");
    REQUIRE(here.setup({"--group", "captors"}).status == 0);
    CHECK(owner_of(here.extcap()) == "root:captors 750\n");
    REQUIRE(here.setup({"--group=wireshark"}).status == 0);
    CHECK(owner_of(here.extcap()) == "root:wireshark 750\n");
    CHECK(contains(output_of({"getcap", here.extcap()}), kGranted));
}

TEST_CASE("under sudo it says whether the caller is in the group, and writes nothing of theirs") {
    const Installation here;
    for (const auto& [user, said] : {std::pair(kAlice, "alice, who called sudo, is in it."),
                                     std::pair(kBob, "bob, who called sudo, is not in it.")}) {
        const std::string id = std::to_string(user.id);
        const CommandResult result =
            run({"env", "SUDO_UID=" + id, "SUDO_GID=" + id, "HOME=" + here.home_of(user),
                 here.pidcap(), "setup-wireshark"});
        CHECK(result.status == 0);
        CHECK(contains(result.out, said));
        CHECK(here.home_listing(user).empty());
    }
}

TEST_CASE("no privileges are given where others could replace the program") {
    const Installation here;
    const std::string folder = here.prefix() + "/libexec";
    SECTION("its folder is everybody's") {
        fs::permissions(folder + "/pidcap", fs::perms(0777));
    }
    SECTION("one above is a group's") {
        REQUIRE(::chown(folder.c_str(), 0, kBob.id) == 0);
        fs::permissions(folder, fs::perms(0775));
    }
    SECTION("one above is the group root's, whom an access control list may add to") {
        fs::permissions(folder, fs::perms(0775));
    }
    SECTION("one above is a user's") {
        REQUIRE(::chown(here.prefix().c_str(), kBob.id, kBob.id) == 0);
    }
    SECTION("it is a user's") {
        REQUIRE(::chown(here.extcap().c_str(), kBob.id, kBob.id) == 0);
    }
    SECTION("it is everybody's") {
        fs::permissions(here.extcap(), fs::perms(0777));
    }
    check_refused(here, here.listing(), here.setup(),
                  "can be changed by others than root, so they would get the privileges of");
}

TEST_CASE("folders of Wireshark that others could change are left alone") {
    const Installation here;
    REQUIRE(::chown(here.extcap_folder().c_str(), kBob.id, kBob.id) == 0);
    check_refused(here, here.listing(), here.setup(), "Wireshark isn't installed here");
}

TEST_CASE("no privileges are given where they have no effect") {
    SECTION("nosuid") {
        const Installation here(PIDCAP_EXTCAP, "tmpfs", MS_NOSUID);
        check_refused(here, here.listing(), here.setup(), "mounted with nosuid");
    }
    SECTION("a file system without extended attributes") {
        const Installation here(PIDCAP_EXTCAP, "ramfs");
        check_refused(here, here.listing(), here.setup(), "this file system keeps none");
    }
}

TEST_CASE("without Wireshark, or without all of pidcap, the message says what to install") {
    const Installation here;
    const std::string before = here.listing();
    {
        const OwnMounts mounts;
        mounts.empty(fs::path(here.extcap_folder()).parent_path());
        const CommandResult result = here.setup();
        CHECK(result.status == 1);
        CHECK(contains(result.err, "Wireshark isn't installed here"));
        CHECK(contains(here.setup({"--check"}).out, "Wireshark isn't installed here"));
    }
    CHECK(here.listing() == before);
    fs::remove(here.extcap());
    const CommandResult result = here.setup();
    CHECK(result.status == 1);
    CHECK(contains(result.err, "there is neither " + here.prefix() + "/bin/pidcap-extcap nor " +
                                   here.extcap()));
}

TEST_CASE("the check says why a program with capabilities can't be run") {
    const Installation here;
    REQUIRE(here.setup().status == 0);
    std::vector<std::string> check = here.as(kAlice);
    check.insert(check.end(), {here.pidcap(), "setup-wireshark", "--check"});
    SECTION("the bounding set lacks one") {
        check.insert(check.begin(), {"setpriv", "--bounding-set=-perfmon"});
        const CommandResult result = run(check);
        CHECK(result.status == 1);
        CHECK(contains(result.out, "this session's bounding set lacks cap_perfmon"));
        // So it is:
        std::vector<std::string> command = here.as(kAlice);
        command.insert(command.begin(), {"setpriv", "--bounding-set=-perfmon"});
        command.push_back(here.extcap());
        CHECK(contains(run(command).err, "Operation not permitted"));
    }
    SECTION("no new privileges") {
        check.insert(check.begin(), {"setpriv", "--no-new-privs"});
        const CommandResult result = run(check);
        CHECK(result.status == 1);
        CHECK(contains(result.out, "no_new_privs"));
    }
}

TEST_CASE("the check colours a terminal, unless NO_COLOR is set") {
    const Installation here;
    const std::string check = "'" + here.pidcap() + "' setup-wireshark --check";
    const auto seen = [&](const std::string& variable) {
        return run({"env", "-u", "NO_COLOR", "TERM=xterm", variable, "script", "-qc", check,
                    "/dev/null"})
            .out;
    };
    CHECK(contains(seen("X=1"), "\x1b[31mno"));
    CHECK_FALSE(contains(seen("NO_COLOR=1"), "\x1b[31mno"));
    CHECK_FALSE(contains(here.setup({"--check"}).out, "\x1b["));
}
