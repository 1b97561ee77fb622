// SPDX-License-Identifier: GPL-2.0-only
//
// Gui: the real Wireshark in a window, under a display of its own (Xvfb) and in a network
// namespace, as an ordinary user with our dissector, profile and extcap program; and the keys and
// clicks that a person would make (xdotool). There is no window manager: a key goes to the window
// that is named.
//
// The destructor ends Wireshark, all that it has started, and the display. A test that makes one is
// skipped where a package is missing (scripts/packages gui).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/netns.h"
#include "tests/support/process.h"
#include "tests/support/wait.h"
#include "tests/wireshark/wireshark.h"

namespace test {

struct GuiOptions {
    std::vector<std::string> arguments = {};  // Wireshark's
    bool with_capabilities = true;            // the extcap program
    std::string recent = {};                  // more of what the profile shows at first
    std::string script = {};  // Lua that Wireshark runs, which finds its folder in OUT
};

class Gui {
  public:
    static constexpr int kWidth = 1400;
    static constexpr int kHeight = 900;

    Gui(const Netns& netns, const GuiOptions& options);
    Gui(const Gui&) = delete;
    Gui& operator=(const Gui&) = delete;
    ~Gui();

    const Wireshark& files() const { return wireshark_; }
    // A file that Wireshark's user may write, its script in OUT.
    std::string out(const std::string& name) const { return wireshark_.file("home/out/" + name); }
    // What is being captured, where Wireshark keeps it until it is saved; empty: nothing.
    std::string capture_file() const;

    // The windows that are there: title by xdotool's number.
    std::map<int, std::string> windows() const;
    // One whose title matches this regular expression.
    std::optional<int> find_window(const std::string& title) const;
    // The same, once there is one.
    int window(const std::string& title) const;
    // Presses Return in windows with this title until there is none.
    void dismiss(const std::string& title) const;

    // Keys as xdotool(1) names them, for the window with this title.
    void press(const std::string& title, const std::vector<std::string>& keys) const;
    void type(const std::string& title, const std::string& text) const;
    // At a point of the display; the main window has all of it.
    void click(int x, int y, int times = 1) const;

    // The whole display as PNG.
    void take_picture(const std::string& path) const;

    // Processes in the namespace that run this program.
    std::vector<pid_t> running(const std::string& comm) const;
    Process& process() { return *process_; }

  private:
    std::vector<std::string> as_user(const std::vector<std::string>& command) const;
    void start_display();
    CommandResult xdotool(const std::vector<std::string>& arguments) const;

    const Netns& netns_;
    Wireshark wireshark_;
    std::string display_ = {};
    std::unique_ptr<Process> xvfb_ = {};
    std::unique_ptr<Process> process_ = {};
    pid_t group_ = 0;  // Wireshark's, with all that it starts
};

}  // namespace test
