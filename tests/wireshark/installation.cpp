// SPDX-License-Identifier: GPL-2.0-only
#include "tests/wireshark/installation.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <regex>

namespace test {
namespace {

namespace fs = std::filesystem;

std::string folder_called(const std::string& name, const std::string& folders) {
    std::smatch match;
    REQUIRE(std::regex_search(folders, match, std::regex("(^|\n)" + name + ":\\s*(.*)")));
    return match[2];
}

void add_lines(const std::string& path, const std::string& lines, const OwnMounts& mounts,
               const std::string& copy) {
    std::istringstream before(content_of(path));
    std::ofstream after(copy);
    for (std::string line; std::getline(before, line);) {
        if (!line.starts_with("wireshark:")) {  // this machine's
            after << line << '\n';
        }
    }
    after << lines;
    after.close();
    mounts.replace(path, copy);
}

}  // namespace

Installation::Installation(const std::string& extcap, const std::string& type,
                           unsigned long flags) {
    const std::string folders = output_of({"tshark", "-G", "folders"});
    extcap_folder_ = folder_called("(?:Global )?[Ee]xtcap path", folders);
    plugins_ = folder_called("Global Lua Plugins", folders);
    profiles_ = folder_called("Global configuration", folders) + "/profiles";
    for (const std::string& folder : {extcap_folder_, plugins_, profiles_}) {
        REQUIRE(fs::is_directory(folder));
        mounts_.empty(folder);
    }
    mounts_.empty("/opt", type, flags);
    REQUIRE(::chmod("/opt", 0755) == 0);
    fs::create_directories(prefix_ + "/bin");
    fs::create_directories(prefix_ + "/libexec/pidcap");
    fs::copy_file(PIDCAP_PROGRAM, pidcap());
    fs::copy_file(extcap, this->extcap());

    std::string users;
    REQUIRE(::chmod(homes_.path().c_str(), 0755) == 0);
    for (const User& user : {kAlice, kBob}) {
        const std::string id = std::to_string(user.id);
        users += user.name + ":x:" + id + ":" + id + "::" + home_of(user) + ":/bin/sh\n";
        fs::create_directory(home_of(user));
        REQUIRE(::chown(home_of(user).c_str(), user.id, user.id) == 0);
    }
    add_lines("/etc/passwd", users, mounts_, homes_.file("passwd"));
    add_lines(
        "/etc/group",
        "wireshark:x:" + std::to_string(kWiresharkGroup) + ":alice\n" + "captors:x:64993:bob\n",
        mounts_, homes_.file("group"));
}

CommandResult Installation::setup(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command = {"env",      "-u",     "SUDO_UID",       "-u",
                                        "SUDO_GID", pidcap(), "setup-wireshark"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(command);
}

std::vector<std::string> Installation::as(const User& user,
                                          const std::vector<std::string>& environment) const {
    const std::string id = std::to_string(user.id);
    std::string groups = id;
    for (const unsigned group : user.groups) {
        groups += "," + std::to_string(group);
    }
    std::vector<std::string> words = {"setpriv",
                                      "--reuid=" + id,
                                      "--regid=" + id,
                                      "--groups=" + groups,
                                      "env",
                                      "-i",
                                      "LC_ALL=C.UTF-8",
                                      "PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    if (environment.empty()) {
        words.push_back("HOME=" + home_of(user));
    }
    words.insert(words.end(), environment.begin(), environment.end());
    return words;
}

CommandResult Installation::run_as(const User& user,
                                   const std::vector<std::string>& command) const {
    std::vector<std::string> words = as(user);
    words.insert(words.end(), command.begin(), command.end());
    return run(words);
}

CommandResult Installation::setup_as(const User& user, const std::vector<std::string>& arguments,
                                     const std::vector<std::string>& environment) const {
    std::vector<std::string> words = as(user, environment);
    words.insert(words.end(), {pidcap(), "setup-wireshark"});
    words.insert(words.end(), arguments.begin(), arguments.end());
    return run(words);
}

std::string Installation::listing() const {
    // A folder's own time changes when something in it comes and goes.
    const std::string entries =
        output_of({"find", prefix_, extcap_folder_, plugins_, profiles_, "-type", "d", "-printf",
                   "%p %M %U %G\n", "-o", "-printf", "%p %M %U %G %s %T@ %l\n"});
    std::istringstream lines(entries);
    std::vector<std::string> sorted;
    for (std::string line; std::getline(lines, line);) {
        sorted.push_back(line);
    }
    std::sort(sorted.begin(), sorted.end());
    std::string all;
    for (const std::string& line : sorted) {
        all += line + '\n';
    }
    return all + output_of({"getcap", "-r", prefix_});
}

std::string Installation::home_listing(const User& user) const {
    return output_of({"find", home_of(user), "-mindepth", "1", "-not", "-type", "d"});
}

}  // namespace test
