// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/wireshark/setup_wireshark.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "cmd/message.h"
#include "cmd/wireshark/setup_parts.h"
#include "packet/line/terminal_text.h"

namespace cmd {

std::vector<ExtcapLink> extcap_links(const WiresharkFolders& folders) {
    std::vector<ExtcapLink> links;
    for (const WiresharkFolder& folder : folders.extcap) {
        links.push_back({folder.path + "/" + kExtcapName, folder.kept});
    }
    return links;
}

std::vector<FileSet> dissector_sets(const WiresharkFolders& folders) {
    std::vector<FileSet> sets;
    for (const WiresharkFolder& folder : folders.plugins) {
        sets.push_back(
            {"dissector", folder.path, folder.kept, dissectors::dissector_files(), false});
    }
    return sets;
}

std::vector<FileSet> profile_sets(const WiresharkFolders& folders) {
    std::vector<FileSet> sets;
    for (const WiresharkFolder& folder : folders.profiles) {
        sets.push_back({"profile", folder.path + "/Processes", folder.kept,
                        dissectors::profile_files(), folders.of_user});
    }
    return sets;
}

std::string how_to_join(const std::string& group, const std::string& user) {
    return fmt::format("usermod -aG {} {} (then log in again)", packet::printable(group),
                       packet::printable(user));
}

int setup_wireshark(const Options& options, bool color) {
    const bool for_everyone = geteuid() == 0;
    Result<void> done;
    switch (options.setup) {
        case Options::Setup::kCheck: {
            const SetupCheck check = check_setup(color);
            fmt::print("{}", check.text);
            return check.complete ? kExitDone : kExitFailed;
        }
        case Options::Setup::kRemove:
            done = remove_setup(for_everyone);
            break;
        case Options::Setup::kInstall:
            if (for_everyone) {
                done = install_for_everyone(options.group.value_or("wireshark"));
            } else if (options.group) {
                done = pcapng::Error{"--group: only root can let a group capture (sudo)", 0};
            } else {
                done = install_for_user();
            }
    }
    std::fflush(stdout);
    if (!done) {
        cmd::print_message("pidcap: {}\n", done.error().message);
        return kExitFailed;
    }
    return kExitDone;
}

}  // namespace cmd
