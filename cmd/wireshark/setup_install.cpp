// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap setup-wireshark`, without --remove and --check.
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "cmd/sudo_caller.h"
#include "cmd/wireshark/extcap_privilege.h"
#include "cmd/wireshark/setup_parts.h"
#include "cmd/wireshark/trusted_path.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using dissectors::BundledFile;
using pcapng::Error;

Result<void> install_link(const ExtcapLink& link, const std::string& program) {
    const std::string& path = link.path;
    const auto before = link_target(path);
    namespace fs = std::filesystem;
    // A package's is relative.
    if (before && (fs::path(path).parent_path() / *before).lexically_normal() == program) {
        say("{}: there already", packet::printable(path));
        return {};
    }
    if (!before && exists(path)) {
        return Error{
            packet::printable(path) + " exists and is not a link made by pidcap: remove it first",
            0};
    }
    if (auto written = write_link(path, program); !written) {
        return written;
    }
    say("{}: linked to {}", packet::printable(path), packet::printable(program));
    return {};
}

// What Wireshark or its user may have changed stays.
Result<void> install_files(const FileSet& set) {
    std::string left;
    bool written = false;
    for (const BundledFile& file : set.files) {
        const Presence presence = presence_of(set, file);
        if (presence == Presence::kOther && set.theirs) {
            left += (left.empty() ? "" : ", ") + std::string(file.path);
        } else if (presence != Presence::kSame) {
            if (auto done = write_file(set.path_of(file), file.bytes); !done) {
                return done;
            }
            written = true;
        }
    }
    const std::string folder = packet::printable(set.folder);
    if (written || left.empty()) {
        say("{}: {} {}", folder, set.name, written ? "installed" : "there already");
    }
    if (!left.empty()) {
        say("{}: left as it is, because it was changed or is of another version: {} (to get this "
            "version's, remove it and run this again)",
            folder, left);
    }
    return {};
}

Result<gid_t> find_group(const std::string& name) {
    const group* entry = getgrnam(name.c_str());
    if (entry == nullptr) {
        return Error{fmt::format("there is no group {0}: make it (groupadd --system {0}), or name "
                                 "another one with --group",
                                 packet::printable(name)),
                     0};
    }
    return entry->gr_gid;
}

void say_who(const std::string& group, gid_t gid) {
    const std::vector<std::string> users = users_in(gid);
    say("Users in group {}, who may capture: {}. To add one: {}", group,
        users.empty() ? "none" : packet::printable(fmt::format("{}", fmt::join(users, ", "))),
        how_to_join(group, "USER"));
    const auto caller = SudoCaller::find();
    const passwd* user = caller ? getpwuid(caller->uid()) : nullptr;
    if (user != nullptr) {
        const std::string name = user->pw_name;
        const bool in = std::find(users.begin(), users.end(), name) != users.end();
        say("{}, who called sudo, is {}in it.", packet::printable(name), in ? "" : "not ");
    }
}

// What is there for everyone isn't installed once more: Wireshark would warn of a second interface,
// and of the scripts only the first one counts.
bool is_there_for_everyone(const std::vector<FileSet>& everyones) {
    for (const FileSet& set : everyones) {
        const Presence presence = presence_of(set);
        if (presence != Presence::kAbsent) {
            say("{}: {} there already, for everyone{}", packet::printable(set.folder), set.name,
                presence == Presence::kSame ? ""
                                            : ", of another version (sudo pidcap setup-wireshark)");
            return true;
        }
    }
    return false;
}

bool is_linked_for_everyone(const WiresharkFolders& everyones) {
    for (const ExtcapLink& link : extcap_links(everyones)) {
        if (exists(link.path)) {
            say("{}: there already, for everyone", packet::printable(link.path));
            return true;
        }
    }
    return false;
}

Result<void> install_into(const WiresharkFolders& folders, const std::string& program) {
    for (const ExtcapLink& link : extcap_links(folders)) {
        if (auto done = install_link(link, program); !done) {
            return done;
        }
    }
    for (const auto& sets : {dissector_sets(folders), profile_sets(folders)}) {
        for (const FileSet& set : sets) {
            if (auto done = install_files(set); !done) {
                return done;
            }
        }
    }
    return {};
}

}  // namespace

Result<void> install_for_everyone(const std::string& group) {
    auto program = find_extcap_program();
    if (!program) {
        return std::move(program).error();
    }
    const WiresharkFolders folders = folders_for_everyone();
    if (folders.extcap.empty()) {
        return Error{
            "Wireshark isn't installed here (there is no folder wireshark/extcap below /usr or "
            "/usr/local): install it (Debian: apt install wireshark), and run this again",
            0};
    }
    auto gid = find_group(group);
    if (!gid) {
        return std::move(gid).error();
    }
    if (const auto theirs = changeable_by_others(*program)) {
        return Error{fmt::format("{} can be changed by others than root, so they would get the "
                                 "privileges of {}: install pidcap first (cmake --install), and "
                                 "run the installed one",
                                 packet::printable(*theirs), packet::printable(*program)),
                     0};
    }
    auto granted = grant(*program, *gid);
    if (!granted) {
        return std::move(granted).error();
    }
    say("{}: for group {}, with {}{}", packet::printable(*program), packet::printable(group),
        capture_capability_names(), *granted ? "" : ": so already");
    if (const std::string lacking = capabilities_out_of_bounds(); !lacking.empty()) {
        say("But no program of this session can have {} (a container?).", lacking);
    }
    if (auto installed = install_into(folders, *program); !installed) {
        if (*granted) {
            (void)revoke(*program);
        }
        return installed;
    }
    say_who(packet::printable(group), *gid);
    return {};
}

Result<void> install_for_user() {
    auto program = find_extcap_program();
    if (!program) {
        return std::move(program).error();
    }
    auto mine = folders_of_user();
    if (!mine) {
        return std::move(mine).error();
    }
    const WiresharkFolders everyones = folders_for_everyone();
    if (!is_linked_for_everyone(everyones)) {
        for (const ExtcapLink& link : extcap_links(*mine)) {
            if (auto done = install_link(link, *program); !done) {
                return done;
            }
        }
    }
    if (!is_there_for_everyone(dissector_sets(everyones))) {
        for (const FileSet& set : dissector_sets(*mine)) {
            if (auto done = install_files(set); !done) {
                return done;
            }
        }
    }
    if (!is_there_for_everyone(profile_sets(everyones))) {
        for (const FileSet& set : profile_sets(*mine)) {
            if (auto done = install_files(set); !done) {
                return done;
            }
        }
    }
    auto privilege = privilege_of(*program);
    if (!privilege || !privilege->has_all) {
        say("To capture as an ordinary user, an administrator has to run once: "
            "sudo pidcap setup-wireshark");
    } else if (access(program->c_str(), X_OK) != 0) {
        say("To capture, be in group {}: see pidcap setup-wireshark --check",
            packet::printable(name_of_group(privilege->group)));
    }
    return {};
}

}  // namespace cmd
