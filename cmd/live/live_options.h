// SPDX-License-Identifier: GPL-2.0-only
//
// The command lines of `flows`, `processes` and `report` on a running capture in place of a file:
// their own options, and those of a capture.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/live/live_sink.h"
#include "cmd/options.h"
#include "cmd/stop.h"

namespace cmd {

// What the analysis reads of a packet at most: NameReader keeps 16 KiB of each side of a
// connection, and the headers in front of them are shorter than the rest.
inline constexpr uint32_t kLiveSnaplen = 16896;

// Whether the arguments of such a command ask for a capture: by -i, --hook or --live.
bool is_live(std::span<const std::string> arguments);

// The options of a command and of its capture, parsed together: declare the command's own, which
// are the ones that a capture has not got or means otherwise.
class LiveLine {
  public:
    explicit LiveLine(std::string_view command) : line_(command), command_(command) {}

    CommandLine& own() { return line_; }
    // Returns the usage error, or nothing. Then own() has the values.
    std::optional<Stop> parse(std::span<const std::string> arguments);
    // After parse(): the capture's. The packets' interfaces are still as they were given.
    std::variant<Options, Stop> capture() const;

  private:
    CommandLine line_;
    std::string command_;
    const Option& live_ = line_.flag("--live");
    std::vector<std::string> behind_;  // "--" and the program
};

// Captures into `sink` until it ends, and says what came of it. The exit status of run_capture().
int run_live(Options options, LiveSink& sink);

// What the message about a missing file adds.
inline constexpr std::string_view kLiveInstead = "; -i or --live captures in place of one";

}  // namespace cmd
