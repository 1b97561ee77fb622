// SPDX-License-Identifier: GPL-2.0-only
#include "tests/wireshark/gui.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <regex>

#include "tests/pcapng/files.h"
#include "tests/support/command.h"
#include "tests/support/skip.h"
#include "tests/support/temporary_folder.h"

namespace test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

void need_programs() {
    for (const char* program : {"wireshark", "Xvfb", "xdotool", "import"}) {
        if (!fs::exists(std::string("/usr/bin/") + program)) {
            skip(std::string(program) + " isn't installed; 'scripts/packages gui' does that");
        }
    }
}

void make_folder(const std::string& path) {
    fs::create_directories(path);
    REQUIRE(::chown(path.c_str(), kNobody, kNobody) == 0);
    REQUIRE(::chmod(path.c_str(), 0700) == 0);
}

void write_file(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
}

// A number, as Xvfb says once it listens.
std::string read_number(int fd) {
    std::string number;
    pollfd readable{fd, POLLIN, 0};
    while (poll(&readable, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) > 0) {
        char byte = 0;
        if (read(fd, &byte, 1) != 1) {
            break;
        }
        if (byte == '\n') {
            return number;
        }
        number += byte;
    }
    FAIL("Xvfb doesn't start");
    return {};
}

}  // namespace

Gui::Gui(const Netns& netns, const GuiOptions& options) : netns_(netns) {
    need_programs();
    if (::geteuid() != 0) {
        skip("network namespaces and capabilities need root");
    }
    wireshark_.add_extcap(options.with_capabilities);
    make_folder(out(""));
    make_folder(wireshark_.file("home/tmp"));
    // The window is as large as the display.
    write_file(wireshark_.file("home/.config/wireshark/recent_common"),
               "gui.geometry_main_x: 0\ngui.geometry_main_y: 0\n"
               "gui.geometry_main_width: " +
                   std::to_string(kWidth) +
                   "\n"
                   "gui.geometry_main_height: " +
                   std::to_string(kHeight) + "\n");
    std::ofstream(wireshark_.file("home/.config/wireshark/profiles/Processes/recent"),
                  std::ios::app)
        << options.recent;
    start_display();
    std::vector<std::string> command = {"/usr/bin/wireshark"};
    command.insert(command.end(), options.arguments.begin(), options.arguments.end());
    if (!options.script.empty()) {
        const std::string script = wireshark_.file("script.lua");
        write_file(script, "local OUT = \"" + out("") + "\"\n" + options.script);
        command.insert(command.end(), {"-X", "lua_script:" + script});
    }
    process_ = std::make_unique<Process>(
        Launch{.arguments = as_user(command), .netns = &netns_, .prepare = [] { setpgid(0, 0); }});
    group_ = process_->pid();
}

Gui::~Gui() {
    if (group_ > 0) {
        kill(-group_, SIGKILL);
    }
    // Not killed: it removes its socket and its lock.
    if (xvfb_ != nullptr && xvfb_->running()) {
        kill(xvfb_->pid(), SIGTERM);
        try {
            xvfb_->wait();
        } catch (const std::exception&) {  // no patience left: ~Process kills it
        }
    }
}

std::vector<std::string> Gui::as_user(const std::vector<std::string>& command) const {
    const std::string home = wireshark_.file("home");
    const std::string id = std::to_string(kNobody);
    std::vector<std::string> all = {"setpriv",
                                    "--reuid=" + id,
                                    "--regid=" + id,
                                    "--clear-groups",
                                    "--pdeathsig",
                                    "TERM",
                                    "env",
                                    "-i",
                                    "HOME=" + home,
                                    "TMPDIR=" + home + "/tmp",
                                    "XDG_RUNTIME_DIR=" + home + "/tmp",
                                    "LC_ALL=C.UTF-8",
                                    "TZ=UTC",
                                    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                    "QT_QPA_PLATFORM=xcb",
                                    "LIBGL_ALWAYS_SOFTWARE=1",
                                    "DISPLAY=" + display_};
    all.insert(all.end(), command.begin(), command.end());
    return all;
}

// Without -noreset Xvfb starts anew when its last client goes, which is xdotool as long as
// Wireshark isn't there, and cuts off whoever comes at that moment: Wireshark would end.
void Gui::start_display() {
    int ends[2];
    REQUIRE(pipe(ends) == 0);  // Xvfb inherits one end
    pcapng::Fd number(ends[0]);
    pcapng::Fd number_end(ends[1]);
    const std::string screen = std::to_string(kWidth) + "x" + std::to_string(kHeight) + "x24";
    xvfb_ = std::make_unique<Process>(
        Launch{.arguments = as_user({"Xvfb", "-displayfd", std::to_string(ends[1]), "-screen", "0",
                                     screen, "-nolisten", "tcp", "-noreset"}),
               .netns = &netns_});
    number_end.reset();
    display_ = ":" + read_number(number.get());
}

CommandResult Gui::xdotool(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command = {"xdotool"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(as_user(command));
}

std::string Gui::capture_file() const {
    for (const auto& entry : fs::directory_iterator(wireshark_.file("home/tmp"))) {
        if (entry.path().extension() == ".pcapng") {
            return entry.path();
        }
    }
    return {};
}

std::map<int, std::string> Gui::windows() const {
    std::map<int, std::string> found;
    // Not with a pattern of its: a message box has its name elsewhere than where it looks.
    for (const std::string& id : lines(xdotool({"search", "--onlyvisible", "--name", ""}).out)) {
        const CommandResult title = xdotool({"getwindowname", id});
        if (title.status == 0) {  // it may have gone meanwhile
            found[std::stoi(id)] = title.out.substr(0, title.out.find('\n'));
        }
    }
    return found;
}

std::optional<int> Gui::find_window(const std::string& title) const {
    for (const auto& [id, its] : windows()) {
        if (std::regex_search(its, std::regex(title))) {
            return id;
        }
    }
    return std::nullopt;
}

int Gui::window(const std::string& title) const {
    std::optional<int> found;
    wait_until("a window: " + title, [&] {
        if (!process_->running()) {
            FAIL("Wireshark has ended with " << process_->wait() << ": " << process_->err());
        }
        return (found = find_window(title)).has_value();
    });
    return *found;
}

void Gui::dismiss(const std::string& title) const {
    wait_until("no window any more: " + title, [&] {
        const std::optional<int> found = find_window(title);
        if (found) {
            // Fails where it goes at this moment.
            xdotool({"windowfocus", std::to_string(*found), "key", "Return"});
        }
        return !found;
    });
}

void Gui::press(const std::string& title, const std::vector<std::string>& keys) const {
    std::vector<std::string> all = {"windowfocus", "--sync",  std::to_string(window(title)),
                                    "key",         "--delay", "20"};
    all.insert(all.end(), keys.begin(), keys.end());
    const CommandResult result = xdotool(all);
    INFO(result.err);
    REQUIRE(result.status == 0);
}

void Gui::type(const std::string& title, const std::string& text) const {
    REQUIRE(xdotool({"windowfocus", "--sync", std::to_string(window(title)), "type", "--delay",
                     "20", text})
                .status == 0);
}

void Gui::click(int x, int y, int times) const {
    REQUIRE(xdotool({"mousemove", std::to_string(x), std::to_string(y), "click", "--repeat",
                     std::to_string(times), "1"})
                .status == 0);
}

void Gui::take_picture(const std::string& path) const {
    // As root: the path is the caller's.
    output_of({"import", "-display", display_, "-window", "root", path});
}

std::vector<pid_t> Gui::running(const std::string& comm) const {
    struct stat ours = {};
    REQUIRE(fstat(netns_.fd(), &ours) == 0);
    std::vector<pid_t> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string folder = entry.path();
        struct stat its = {};
        if (::stat((folder + "/ns/net").c_str(), &its) == 0 && its.st_ino == ours.st_ino &&
            content_of(folder + "/comm") == comm + "\n" &&
            std::isdigit(static_cast<unsigned char>(entry.path().filename().string()[0])) != 0) {
            found.push_back(std::stoi(entry.path().filename()));
        }
    }
    return found;
}

}  // namespace test
