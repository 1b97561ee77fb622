// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap setup-wireshark --check`.
#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "cmd/wireshark/extcap_privilege.h"
#include "cmd/wireshark/setup_parts.h"
#include "cmd/wireshark/trusted_path.h"
#include "packet/line/color.h"
#include "packet/line/decode_parts.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using packet::append;

namespace fs = std::filesystem;

constexpr const char* kSetUp = "pidcap setup-wireshark";
constexpr const char* kSudoSetUp = "sudo pidcap setup-wireshark";

struct Finding {
    enum class State { kYes, kNo, kOther };

    std::string_view name;
    State state = State::kNo;
    std::string detail;
    std::string remedy;  // empty: it is as it should be
};
using State = Finding::State;

struct Folders {
    bool root = false;
    WiresharkFolders everyones;
    WiresharkFolders mine;  // none as root, or without a home
};

const char* setup_command() {
    return geteuid() == 0 ? kSudoSetUp : kSetUp;
}

std::string user_name() {
    const passwd* user = getpwuid(geteuid());
    return user != nullptr ? user->pw_name : fmt::format("{}", geteuid());
}

// Both would be loaded: Wireshark warns of the one, and the other is for nothing.
Finding with_duplicate(Finding finding, const std::string& duplicate) {
    if (!duplicate.empty()) {
        finding.detail += fmt::format("; and once more in {}", packet::printable(duplicate));
        finding.remedy = std::string(kSetUp) + " --remove, which removes only your own";
    }
    return finding;
}

std::vector<std::string> existing_links(const WiresharkFolders& folders) {
    std::vector<std::string> found;
    for (const ExtcapLink& link : extcap_links(folders)) {
        if (exists(link.path)) {
            found.push_back(link.path);
        }
    }
    return found;
}

// The program that Wireshark would run, or else the one that a set-up would link to; empty: none.
std::string program_of(const std::vector<std::string>& links) {
    std::error_code error;
    if (!links.empty()) {
        const fs::path linked = fs::canonical(links.front(), error);
        return error ? "" : linked.string();
    }
    auto program = find_extcap_program();
    return program ? *program : "";
}

Finding check_link(const Folders& folders) {
    Finding finding{"interface in Wireshark", State::kNo, "", setup_command()};
    const std::vector<std::string> everyones = existing_links(folders.everyones);
    const std::vector<std::string> mine = existing_links(folders.mine);
    const std::vector<std::string>& links = everyones.empty() ? mine : everyones;
    const size_t wanted =
        everyones.empty() ? folders.mine.extcap.size() : folders.everyones.extcap.size();
    if (links.empty() || links.size() < wanted) {
        if (folders.root && folders.everyones.extcap.empty()) {
            finding.detail = "Wireshark isn't installed here";
            finding.remedy =
                "install it (Debian: apt install wireshark), then " + std::string(kSudoSetUp);
        } else {
            finding.detail = "no link to pidcap-extcap in some folder that Wireshark looks into";
        }
        return finding;
    }
    finding.detail = packet::printable(links.front());
    if (!everyones.empty()) {
        finding.remedy = kSudoSetUp;
    }
    std::error_code error;
    const std::string leads_to = fs::canonical(links.front(), error);
    const auto program = find_extcap_program();
    if (error) {
        finding.detail += " leads nowhere that this user can see";
        return finding;
    }
    finding.detail += " leads to " + packet::printable(leads_to);
    if (program && *program != leads_to) {
        finding.state = State::kOther;
        finding.detail += ", not to " + packet::printable(*program);
        return finding;
    }
    finding.state = State::kYes;
    finding.remedy.clear();
    return with_duplicate(std::move(finding),
                          everyones.empty() || mine.empty() ? "" : mine.front());
}

Finding check_capabilities(const std::string& program) {
    Finding finding{"its capabilities", State::kNo, "", kSudoSetUp};
    auto privilege = privilege_of(program);
    if (program.empty() || !privilege) {
        finding.detail = program.empty() ? "there is no pidcap-extcap" : privilege.error().message;
        return finding;
    }
    if (!privilege->has_all) {
        finding.state = privilege->has_any ? State::kOther : State::kNo;
        finding.detail = packet::printable(program) +
                         (privilege->has_any ? " has others than it needs" : " has none");
        return finding;
    }
    finding.detail = capture_capability_names();
    if (const auto theirs = changeable_by_others(program)) {
        finding.state = State::kOther;
        finding.detail += fmt::format(", and others than root can change {}, and so use them",
                                      packet::printable(*theirs));
        finding.remedy = "install pidcap (cmake --install), then " + finding.remedy;
        return finding;
    }
    if ((privilege->mode & S_IRWXO) != 0) {
        finding.state = State::kOther;
        finding.detail += ", and everybody on this machine may use them";
        return finding;
    }
    if (privilege->nosuid) {
        finding.detail += ", which have no effect on a file system mounted with nosuid";
        finding.remedy = "install pidcap on another file system";
        return finding;
    }
    if (const std::string lacking = capabilities_out_of_bounds(); !lacking.empty()) {
        finding.detail +=
            "; but this session's bounding set lacks " + lacking + ", so the program can't be run";
        finding.remedy = "run Wireshark outside of this container or service";
        return finding;
    }
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
        finding.detail += "; but nothing in this session gets new privileges (no_new_privs)";
        finding.remedy = "run Wireshark outside of this sandbox or service";
        return finding;
    }
    finding.state = State::kYes;
    finding.remedy.clear();
    return finding;
}

Finding check_right_to_run(const std::string& program, const Folders& folders) {
    Finding finding{"the right to run it", State::kNo, "", kSudoSetUp};
    auto privilege = privilege_of(program);
    if (program.empty() || !privilege) {
        finding.detail = program.empty() ? "there is no pidcap-extcap" : privilege.error().message;
        return finding;
    }
    const std::string group = packet::printable(name_of_group(privilege->group));
    const std::vector<std::string> users = users_in(privilege->group);
    if (folders.root) {
        finding.state = State::kYes;
        finding.remedy.clear();
        finding.detail =
            (privilege->mode & S_IXOTH) != 0
                ? "everybody"
                : fmt::format("group {}: {}", group,
                              users.empty()
                                  ? "nobody yet: " + how_to_join(group, "USER")
                                  : packet::printable(fmt::format("{}", fmt::join(users, ", "))));
        return finding;
    }
    if (faccessat(AT_FDCWD, program.c_str(), X_OK, AT_EACCESS) == 0) {
        finding.state = State::kYes;
        finding.remedy.clear();
        finding.detail = (privilege->mode & S_IXOTH) != 0 ? "everybody" : "in group " + group;
        return finding;
    }
    const std::string name = user_name();
    if (std::find(users.begin(), users.end(), name) != users.end()) {
        finding.detail = fmt::format("{} is in group {}, but this session is older than that",
                                     packet::printable(name), group);
        finding.remedy = "log in again";
    } else {
        finding.detail = fmt::format("{} isn't in group {}", packet::printable(name), group);
        finding.remedy = "sudo " + how_to_join(group, name);
    }
    return finding;
}

bool is_there(const FileSet& set) {
    return presence_of(set) != Presence::kAbsent;
}

Finding check_files(std::string_view name, const std::vector<FileSet>& everyones,
                    const std::vector<FileSet>& mine) {
    const bool for_everyone = std::any_of(everyones.begin(), everyones.end(), is_there);
    const std::vector<FileSet>& sets = for_everyone ? everyones : mine;
    Finding finding{name, State::kNo, "not installed", setup_command()};
    const auto first = std::find_if(sets.begin(), sets.end(), is_there);
    if (first == sets.end()) {
        return finding;
    }
    finding.detail = packet::printable(first->folder);
    const bool same = std::all_of(sets.begin(), sets.end(), [](const FileSet& set) {
        return presence_of(set) == Presence::kSame;
    });
    if (!same) {
        finding.state = State::kOther;
        finding.detail += ": of another version, or not all of it";
        finding.remedy = for_everyone ? kSudoSetUp : kSetUp;
        if (first->theirs) {
            finding.detail += ", or changed by you";
            finding.remedy.clear();
        }
        return finding;
    }
    finding.state = State::kYes;
    finding.remedy.clear();
    const auto second = std::find_if(mine.begin(), mine.end(), is_there);
    // A profile of one's own is how Wireshark keeps changes to that of everyone.
    return !for_everyone || second == mine.end() || second->theirs
               ? finding
               : with_duplicate(std::move(finding), second->folder);
}

void append_finding(fmt::memory_buffer& out, const Finding& finding, bool color) {
    std::string_view word = "other";
    std::string_view start = packet::kColorWarn;
    if (finding.state != State::kOther) {
        word = finding.state == State::kYes ? "yes" : "no";
        start = finding.state == State::kYes ? packet::kColorGood : packet::kColorBad;
    }
    append(out, "  {}{:<7}{}  {}: {}\n", color ? start : "", word, color ? packet::kColorEnd : "",
           finding.name, finding.detail);
    if (!finding.remedy.empty()) {
        append(out, "           what to do: {}\n", finding.remedy);
    }
}

}  // namespace

SetupCheck check_setup(bool color) {
    Folders folders;
    folders.root = geteuid() == 0;
    folders.everyones = folders_for_everyone();
    if (auto mine = folders_of_user(); mine && !folders.root) {
        folders.mine = *std::move(mine);
    }
    std::vector<std::string> links = existing_links(folders.everyones);
    if (links.empty()) {
        links = existing_links(folders.mine);
    }
    const std::string program = program_of(links);
    fmt::memory_buffer out;
    append(out, "{}pidcap in Wireshark, for {}{}\n", color ? packet::kColorBold : "",
           folders.root ? "everyone" : packet::printable(user_name()),
           color ? packet::kColorEnd : "");
    bool complete = true;
    for (const Finding& finding :
         {check_link(folders), check_capabilities(program), check_right_to_run(program, folders),
          check_files("dissector", dissector_sets(folders.everyones), dissector_sets(folders.mine)),
          check_files("profile Processes", profile_sets(folders.everyones),
                      profile_sets(folders.mine))}) {
        append_finding(out, finding, color);
        complete = complete && finding.remedy.empty();
    }
    append(out, "\n{}\n",
           complete ? "Wireshark can capture with pidcap."
                    : "Something is missing; see above what to do.");
    return {fmt::to_string(out), complete};
}

}  // namespace cmd
