// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/doctor.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "capture/kernel/features.h"
#include "capture/kernel/tracing.h"
#include "cmd/options.h"
#include "packet/line/color.h"
#include "packet/line/decode_parts.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using packet::append;

using capture::Feature;

std::string_view state_name(Feature::State state) {
    switch (state) {
        case Feature::State::kYes:
            return "yes";
        case Feature::State::kNo:
            return "no";
        default:
            return "unknown";
    }
}

std::string_view need_name(Feature::Need need) {
    switch (need) {
        case Feature::Need::kRequired:
            return "required";
        case Feature::Need::kOneOf:
            return "one-of";
        default:
            return "optional";
    }
}

std::string_view state_color(const Feature& feature) {
    if (feature.state == Feature::State::kYes) {
        return packet::kColorGood;
    }
    return feature.need == Feature::Need::kRequired ? packet::kColorBad : packet::kColorWarn;
}

// Which kind of kernel this is (docs/kernels.md): one that lets programs into its functions, or one
// that doesn't.
std::string_view tier(const std::vector<Feature>& features) {
    bool unknown = true;
    for (const Feature& feature : features) {
        if (feature.group == "tracing") {
            if (feature.state == Feature::State::kYes) {
                return capture::tier_of(capture::Tracing::kFentry);
            }
            unknown &= feature.state == Feature::State::kUnknown;
        }
    }
    return unknown ? "unknown" : capture::tier_of(capture::Tracing::kSyscalls);
}

void append_feature(fmt::memory_buffer& out, const Feature& feature, bool color) {
    const std::string_view start = color ? state_color(feature) : std::string_view{};
    const std::string_view end = color ? packet::kColorEnd : std::string_view{};
    append(out, "  {}{:<7}{}  {}", start, state_name(feature.state), end, feature.name);
    if (!feature.detail.empty()) {
        append(out, ": ");
        packet::append_printable(out, feature.detail);
    }
    append(out, "\n");
    if (feature.state != Feature::State::kNo) {
        return;  // of the unknown ones, `detail` says what to do first
    }
    append(out, "           without it: {} ({})\n", feature.cost, need_name(feature.need));
    if (!feature.remedy.empty()) {
        append(out, "           what to do: {}\n", feature.remedy);
    }
}

void append_verdict(fmt::memory_buffer& out, const std::vector<Feature>& features) {
    if (capture::can_capture(features)) {
        append(out, "pidcap can capture on this machine.\n");
        return;
    }
    std::string missing;
    const auto miss = [&missing](std::string_view id) {
        missing += (missing.empty() ? "" : ", ") + std::string(id);
    };
    bool hook_possible = false;
    size_t unknown = 0;
    for (const Feature& feature : features) {
        const bool absent = feature.state == Feature::State::kNo;
        hook_possible |= feature.need == Feature::Need::kOneOf && !absent;
        if (feature.need == Feature::Need::kRequired && absent) {
            miss(feature.id);
        }
        unknown += feature.state == Feature::State::kUnknown ? 1 : 0;
    }
    if (!hook_possible) {
        miss("tcx or clsact");
    }
    append(out, "pidcap can't capture on this machine, or not as this user.\n");
    if (!missing.empty()) {
        append(out, "missing: {}\n", missing);
    }
    if (unknown > 0) {
        append(out, "not tried: {}, see above\n", unknown);
    }
}

}  // namespace

std::string doctor_table(const std::vector<Feature>& features, bool color) {
    fmt::memory_buffer out;
    std::string_view group;
    for (const Feature& feature : features) {
        if (feature.group != group) {
            group = feature.group;
            append(out, "{}{}{}\n", color ? packet::kColorBold : "", group,
                   color ? packet::kColorEnd : "");
        }
        append_feature(out, feature, color);
    }
    append(out, "\ntier: {}\n", tier(features));
    append_verdict(out, features);
    return fmt::to_string(out);
}

std::string rights_table(const std::vector<RunningProcess>& processes, bool color) {
    fmt::memory_buffer out;
    if (!processes.empty()) {
        append(out, "\n{}running captures{}\n", color ? packet::kColorBold : "",
               color ? packet::kColorEnd : "");
    }
    for (const RunningProcess& process : processes) {
        append(out, "  {} {}: user {}, {}{}{}{}\n", process.pid, packet::printable(process.name),
               process.uid,
               process.capabilities.empty()
                   ? "no capabilities"
                   : fmt::format("{}", fmt::join(process.capabilities, ",")),
               process.groups.empty() ? "" : fmt::format(", {} groups", process.groups.size()),
               process.no_new_privs ? ", no new privileges" : "",
               process.seccomp ? ", a filter of system calls" : "");
    }
    return fmt::to_string(out);
}

std::string doctor_json(const std::vector<Feature>& features,
                        const std::vector<RunningProcess>& processes) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Feature& feature : features) {
        list.push_back({{"id", feature.id},
                        {"group", feature.group},
                        {"name", feature.name},
                        {"state", state_name(feature.state)},
                        {"need", need_name(feature.need)},
                        {"detail", feature.detail},
                        {"cost", feature.cost},
                        {"remedy", feature.remedy}});
    }
    nlohmann::ordered_json running = nlohmann::ordered_json::array();
    for (const RunningProcess& process : processes) {
        running.push_back({{"pid", process.pid},
                           {"name", process.name},
                           {"uid", process.uid},
                           {"gid", process.gid},
                           {"groups", process.groups},
                           {"capabilities", process.capabilities},
                           {"bounding", process.bounding},
                           {"no_new_privs", process.no_new_privs},
                           {"seccomp", process.seccomp}});
    }
    utsname machine{};
    uname(&machine);
    const nlohmann::ordered_json report{{"ready", capture::can_capture(features)},
                                        {"tier", tier(features)},
                                        {"kernel", machine.release},
                                        {"machine", machine.machine},
                                        {"features", list},
                                        {"processes", running}};
    // A mount point may be no UTF-8: replace instead of throwing.
    return report.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

DoctorReport run_doctor(const Options& options, bool color) {
    capture::Features kernel(options.btf);
    const std::vector<Feature> features = capture::list_features(kernel);
    const std::vector<RunningProcess> running = running_captures();
    return {options.json ? doctor_json(features, running)
                         : doctor_table(features, color) + rights_table(running, color),
            capture::can_capture(features) ? kExitDone : kExitFailed};
}

}  // namespace cmd
