// SPDX-License-Identifier: GPL-2.0-only
//
// pidcap's command line: argv in, Options or the reason to stop out. Checks what can be checked
// without touching the network or the file system; the looks outside are the file of --config, and
// the user database for names of users and groups. Passive data.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "bpf/contract.h"
#include "capture/confinement/confinement.h"
#include "capture/events/event_choice.h"
#include "capture/file_sink.h"
#include "capture/kernel/programs.h"
#include "cmd/key_options.h"
#include "cmd/process_options.h"
#include "cmd/recorder/recorder_options.h"
#include "cmd/rotation.h"
#include "cmd/stop.h"
#include "cmd/values.h"
#include "packet/line/color.h"
#include "packet/line/packet_line.h"

namespace cmd {

struct Options {
    enum class Action {
        kCapture,
        kRead,  // -r: the packets of a file; `arguments` are for `pidcap read`
        kListInterfaces,
        kListLinkTypes,
        kListFilter,
        kDoctor,
        kSetupWireshark
    };
    enum class Setup { kInstall, kRemove, kCheck };

    Action action = Action::kCapture;
    bool json = false;                 // of kDoctor
    std::string btf;                   // file of the kernel's types; empty: the kernel's own
    Setup setup = Setup::kInstall;     // of kSetupWireshark
    std::optional<std::string> group;  // the one that may capture; none: "wireshark"

    // Where to capture, and into what.
    std::vector<std::string> interfaces;   // never empty after parsing; may contain "any", numbers
    std::optional<std::string> link_type;  // -y: what they have to be
    std::vector<std::string> netns;        // names, paths, pids, "all"; none: the current one
    capture::Hook hook = capture::Hook::kTc;
    bool finds_processes = true;              // false: --no-process
    std::optional<capture::Tracing> tracing;  // none: the best that this kernel allows
    std::optional<std::string> output;        // -w; "-" is stdout; none: lines on stdout
    RotationOptions rotation;                 // of the output
    RecorderOptions recorder;                 // if the output has several files
    bool compress = false;                    // the output, with zstd
    uint32_t snaplen = PIDCAP_SNAPLEN_MAX;
    bool in = true;  // -Q
    bool out = true;
    bool promiscuous = true;             // -p: false; an interface that -i names, never "any"
    std::optional<uint64_t> buffer_kib;  // -B, all rings together; none: the session's default

    KeyOptions keys;  // of TLS
    capture::EventOptions events;

    // Which packets.
    std::string filter;                      // an expression of pcap-filter(7); empty: all
    std::optional<std::string> filter_file;  // -F: the expression stands there
    int list_filter = 0;                     // how many -d: list it, and capture nothing
    bool list_ebpf = false;                  // with -d: as the kernel runs it
    bool optimize = true;                    // -O: false

    // When to stop.
    std::optional<uint64_t> count;
    std::optional<std::chrono::nanoseconds> duration;

    ProcessChoice process_filter;
    std::vector<std::string> command;  // after --, verbatim; empty: none

    // With which rights; see drop_privileges.h for what none means.
    std::optional<capture::UserIds> run_as;        // -Z
    std::optional<capture::UserIds> command_user;  // --command-user
    FileMode mode;                                 // of files that are made

    // Where this came from, for a reload.
    std::optional<std::string> config;   // --config
    std::vector<std::string> arguments;  // all of them, as they were given
    // What is in force, the file's settings included: each option by its long name.
    std::map<std::string, std::vector<std::string>> settings;

    // What it looks like.
    capture::Comments comments = capture::Comments::kIntro;
    bool process_blocks = false;
    bool container_addresses = false;
    std::optional<std::string> host;  // as in capture::FileOptions
    packet::LineStyle line;           // but for its colour
    packet::ColorMode color = packet::ColorMode::kAuto;
    bool lines_as_json = false;  // --json
    bool print = false;          // --print: lines, too, though there is a file
};

// `arguments` without the program's name. Reads the file of --config anew each time.
std::variant<Options, Stop> parse_options(std::span<const std::string> arguments,
                                          Users users = Users::kAll);

}  // namespace cmd
