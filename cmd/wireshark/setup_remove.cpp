// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap setup-wireshark --remove`.
#include <filesystem>
#include <set>

#include "cmd/wireshark/extcap_privilege.h"
#include "cmd/wireshark/setup_parts.h"
#include "cmd/wireshark/trusted_path.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

namespace fs = std::filesystem;
using dissectors::BundledFile;

// Removes what is there, says what, and remembers whether there was anything.
class Removal {
  public:
    Result<void> link(const ExtcapLink& link) {
        const auto target = link_target(link.path);
        if (target && fs::path(*target).filename() == kExtcapName) {
            if (fs::path(*target).is_absolute()) {  // as ours are
                programs_.insert(*target);
            }
            return removed(link.path, remove_file(link.path, link.kept));
        }
        if (exists(link.path)) {
            say("{}: left, because it is no link to {}", packet::printable(link.path), kExtcapName);
        }
        return {};
    }

    // What the user has changed stays, and with it how they left the windows.
    Result<void> files(const FileSet& set) {
        std::string left;
        bool removed_some = false;
        for (const BundledFile& file : set.files) {
            const Presence presence = presence_of(set, file);
            if (file.path == kRecent && !left.empty()) {
                continue;  // comes last
            }
            if (presence == Presence::kOther && set.theirs) {
                left += (left.empty() ? "" : ", ") + std::string(file.path);
            } else if (presence != Presence::kAbsent) {
                const std::string path = set.path_of(file);
                if (auto done = removed(path, remove_file(path, set.kept)); !done) {
                    return done;
                }
                removed_some = true;
            }
        }
        if (!left.empty()) {
            say("{}: left, because it was changed or is of another version: {}",
                packet::printable(set.folder), left);
        } else if (set.theirs && removed_some && exists(set.folder)) {
            say("{}: left, because there is more in it", packet::printable(set.folder));
        }
        return {};
    }

    // Of our program, and of those that removed links led to.
    Result<void> privileges() {
        if (auto program = find_extcap_program(); program) {
            programs_.insert(*program);
        }
        for (const std::string& program : programs_) {
            if (!exists(program)) {
                continue;  // the link led nowhere
            }
            if (const auto theirs = changeable_by_others(program)) {
                say("{}: left as it is, because others than root can change {}",
                    packet::printable(program), packet::printable(*theirs));
                continue;
            }
            auto revoked = revoke(program);
            if (!revoked) {
                return std::move(revoked).error();
            }
            if (*revoked) {
                any_ = true;
                say("{}: no capabilities any more; everyone may run it",
                    packet::printable(program));
            }
        }
        return {};
    }

    bool any() const { return any_; }

  private:
    Result<void> removed(const std::string& path, Result<void> result) {
        if (result) {
            any_ = true;
            say("{}: removed", packet::printable(path));
        }
        return result;
    }

    bool any_ = false;
    std::set<std::string> programs_;
};

}  // namespace

Result<void> remove_setup(bool for_everyone) {
    WiresharkFolders folders = folders_for_everyone();
    if (!for_everyone) {
        auto mine = folders_of_user();
        if (!mine) {
            return std::move(mine).error();
        }
        folders = *std::move(mine);
    }
    Removal removal;
    for (const ExtcapLink& link : extcap_links(folders)) {
        if (auto done = removal.link(link); !done) {
            return done;
        }
    }
    for (const FileSet& set : dissector_sets(folders)) {
        if (auto done = removal.files(set); !done) {
            return done;
        }
    }
    for (const FileSet& set : profile_sets(folders)) {
        if (auto done = removal.files(set); !done) {
            return done;
        }
    }
    if (for_everyone) {
        if (auto done = removal.privileges(); !done) {
            return done;
        }
    }
    if (!removal.any()) {
        say("There was nothing to remove{}.", for_everyone ? "" : " of this user's");
    }
    return {};
}

}  // namespace cmd
