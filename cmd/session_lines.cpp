// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/session_lines.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

#include "cmd/key_recording.h"
#include "cmd/status_line.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

// As in "eth0, lo", or their number when they are many.
std::string interface_names(const capture::Session& session, const Options& options) {
    constexpr size_t kMany = 16;
    std::string names;
    size_t count = 0;
    for (const auto& interface : session.interfaces()) {
        if (interface.event == nullptr) {
            count++;
            names += (names.empty() ? "" : ", ") + packet::printable(interface.name);
        }
    }
    if (!options.events.packets) {
        return {};
    }
    if (options.hook == capture::Hook::kCgroup) {
        return "all sockets";
    }
    if (count == 0) {
        return "no interface yet";
    }
    return count > kMany ? fmt::format("{} interfaces", count) : names;
}

// As in "tcp:tcp_probe, tcp:tcp_reset", or their number when they are many. Empty without any.
std::string event_names(const capture::Session& session) {
    constexpr size_t kMany = 8;
    std::string names;
    size_t count = 0;
    for (const auto& interface : session.interfaces()) {
        if (interface.event != nullptr) {
            count++;
            names += (names.empty() ? "" : ", ") + packet::printable(interface.name);
        }
    }
    return count > kMany ? fmt::format("{} events", count) : names;
}

// Whether this network namespace isn't the initial one, as after `ip netns exec`. The kernel's own
// process 2 is in that; who may look into neither doesn't know.
bool is_in_netns() {
    struct stat own {};
    struct stat initial {};
    return stat("/proc/self/ns/net", &own) == 0 &&
           (stat("/proc/2/ns/net", &initial) == 0 || stat("/proc/1/ns/net", &initial) == 0) &&
           own.st_ino != initial.st_ino;
}

}  // namespace

std::vector<std::string> start_lines(capture::Session& session, const Options& options) {
    std::vector<std::string> lines;
    const capture::SessionReport& report = session.report();
    if (options.line.verbose > 0) {
        lines.push_back(fmt::format("attached by {}, tracing by {}; {} processes, {} sockets known",
                                    report.hook, name_of(report.tracing), report.processes,
                                    report.sockets));
        lines.push_back(fmt::format(
            "without an owner until used: {} sockets of several processes, {} of processes "
            "that can't be looked into",
            report.shared_sockets, report.unreadable_sockets));
    }
    if (options.line.verbose > 0) {
        if (options.netns.empty() && options.hook != capture::Hook::kCgroup && is_in_netns()) {
            lines.push_back(
                "in a network namespace of its own; --netns NAME captures in one from outside");
        }
        for (const std::string& option : session.unmatched()) {
            lines.push_back(fmt::format("no process matches {} yet", option));
        }
    }
    for (std::string& notice : session.take_notices()) {
        lines.push_back(std::move(notice));
    }
    if (options.keys.wanted) {
        lines.push_back(fmt::format("TLS keys: {}", kKeysNote));
    }
    if (options.keys.plaintext) {
        lines.push_back(fmt::format("TLS plaintext: {}", kPlaintextNote));
    }
    const std::string interfaces = interface_names(session, options);
    const std::string events = event_names(session);
    const bool waits = options.events.packets && options.hook != capture::Hook::kCgroup &&
                       session.interfaces().empty();
    lines.push_back(fmt::format("listening on {}{}{}, snaplen {} bytes{}", interfaces,
                                interfaces.empty() || events.empty() ? "" : ", ", events,
                                options.snaplen,
                                waits ? "; none is up, so it waits for one: Ethernet, loopback, or "
                                        "IP alone (tun, WireGuard, tunnels)"
                                      : ""));
    return lines;
}

std::vector<std::string> end_lines(const capture::Session& session) {
    std::vector<std::string> lines = {summary_text(session.counters())};
    for (const std::string& option : session.unmatched()) {
        lines.push_back(fmt::format("no process matched {}", option));
    }
    if (const uint64_t others = session.unannounced(); others > 0) {
        lines.push_back(
            fmt::format("{} interfaces or new names more than a capture tells apart: their packets "
                        "are recorded "
                        "under the name before, or as {}",
                        others, capture::InterfaceLedger::kOthers));
    }
    if (const uint64_t untold = session.untold_notices(); untold > 0) {
        lines.push_back(fmt::format("skipped: {} interfaces more", untold));
    }
    if (const uint64_t lost = session.events_lost(); lost > 0) {
        lines.push_back(
            fmt::format("{} process events lost: some processes may lack exe and cmdline", lost));
    }
    if (const uint64_t missed = session.captured_events_missed(); missed > 0) {
        lines.push_back(fmt::format(
            "{} events not seen: the kernel was running another program on that CPU", missed));
    }
    if (const uint64_t lost = session.uses_lost(); lost > 0) {
        lines.push_back(fmt::format(
            "{} uses of sockets not noted: some packets may name an earlier user", lost));
    }
    return lines;
}

}  // namespace cmd
