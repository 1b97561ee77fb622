// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap doctor`: the machine's features as a table for people or as JSON for programs, and
// what running captures may still do. Pure but for run_doctor(), which probes and looks.
#pragma once

#include <string>
#include <vector>

#include "capture/kernel/feature_list.h"
#include "cmd/running_captures.h"

namespace cmd {

struct Options;

std::string doctor_table(const std::vector<capture::Feature>& features, bool color);

// A line for each process of a running capture; empty if there are none.
std::string rights_table(const std::vector<RunningProcess>& processes, bool color);

// Keys are stable: ready (bool), tier ("tracing", "locked", "unknown"), kernel, machine; features,
// an array of objects with id, group, name, state ("yes", "no", "unknown"), need ("required",
// "one-of", "optional"), detail, cost, remedy; and processes, an array of objects with pid, name,
// uid, gid, groups, capabilities, bounding, no_new_privs, seccomp.
std::string doctor_json(const std::vector<capture::Feature>& features,
                        const std::vector<RunningProcess>& processes);

struct DoctorReport {
    std::string text;  // for stdout
    int status = 0;    // to exit with: 0 a capture can work, 1 something required is missing
};
DoctorReport run_doctor(const Options& options, bool color);

}  // namespace cmd
