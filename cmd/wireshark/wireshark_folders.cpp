// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/wireshark/wireshark_folders.h"

#include <fmt/format.h>
#include <glob.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "cmd/wireshark/trusted_path.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

namespace fs = std::filesystem;
using pcapng::Error;
using pcapng::Result;

bool is_folder(const std::string& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

bool is_roots_folder(const std::string& path) {
    return is_folder(path) && !changeable_by_others(path);
}

void append_folders(std::vector<WiresharkFolder>& found, const std::string& pattern) {
    glob_t paths{};
    if (glob(pattern.c_str(), 0, nullptr, &paths) == 0) {
        for (size_t i = 0; i < paths.gl_pathc; i++) {
            if (is_roots_folder(paths.gl_pathv[i])) {
                found.push_back({paths.gl_pathv[i], paths.gl_pathv[i]});
            }
        }
    }
    globfree(&paths);
}

// An absolute path, or nothing: as the specification of these variables has it.
std::string path_in(const char* variable) {
    const char* value = getenv(variable);
    return value != nullptr && *value == '/' ? value : "";
}

}  // namespace

WiresharkFolders folders_for_everyone() {
    WiresharkFolders found;
    for (const std::string prefix : {"/usr", "/usr/local"}) {
        // Debian has a folder for each architecture; 4.6 has extcap in libexec.
        for (const char* folder : {"/lib/*", "/lib", "/lib64", "/libexec"}) {
            append_folders(found.extcap, prefix + folder + "/wireshark/extcap");
            append_folders(found.plugins, prefix + folder + "/wireshark/plugins");
        }
        if (const std::string shared = prefix + "/share/wireshark"; is_roots_folder(shared)) {
            found.profiles.push_back({shared + "/profiles", shared});
        }
    }
    return found;
}

Result<WiresharkFolders> folders_of_user() {
    std::string home = path_in("HOME");
    if (home.empty()) {
        const passwd* user = getpwuid(geteuid());
        home = user != nullptr && user->pw_dir != nullptr ? user->pw_dir : "";
    }
    if (home.empty()) {
        return Error{"HOME isn't set, and the user database knows no home of this user", 0};
    }
    const std::string base =
        path_in("XDG_CONFIG_HOME").empty() ? home + "/.config" : path_in("XDG_CONFIG_HOME");
    WiresharkFolder configuration{base + "/wireshark", base};
    // Wireshark goes on with a folder of older times, as long as there is no newer one.
    if (!is_folder(configuration.path) && is_folder(home + "/.wireshark")) {
        configuration = {home + "/.wireshark", home};
    }
    const WiresharkFolder library{home + "/.local/lib/wireshark", home + "/.local/lib"};
    return WiresharkFolders{.extcap = {{configuration.path + "/extcap", configuration.kept},
                                       {library.path + "/extcap", library.kept}},
                            .plugins = {{library.path + "/plugins", library.kept}},
                            .profiles = {{configuration.path + "/profiles", configuration.kept}},
                            .of_user = true};
}

Result<std::string> find_extcap_program() {
    std::error_code error;
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    if (error) {
        return pcapng::errno_error("read /proc/self/exe", error.value());
    }
    const fs::path folder = self.parent_path();
    const std::string beside = folder / kExtcapName;
    const std::string installed = folder.parent_path() / "libexec/pidcap" / kExtcapName;
    for (const std::string& path : {beside, installed}) {
        if (fs::is_regular_file(path, error)) {
            const fs::path resolved = fs::canonical(path, error);
            if (!error) {
                return resolved.string();
            }
        }
    }
    return Error{fmt::format("there is neither {} nor {}; build and install all of pidcap",
                             packet::printable(beside), packet::printable(installed)),
                 0};
}

}  // namespace cmd
