// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap doctor`: the machine's features as a table for people or as JSON for programs. Pure but
// for run_doctor(), which probes.
#pragma once

#include <string>
#include <vector>

#include "capture/kernel/feature_list.h"

namespace cmd {

std::string doctor_table(const std::vector<capture::Feature>& features, bool color);

// Keys are stable: ready (bool), tier ("tracing", "locked", "unknown"), kernel, machine, and
// features, an array of objects with id, group, name, state ("yes", "no", "unknown"), need
// ("required", "one-of", "optional"), detail, cost, remedy.
std::string doctor_json(const std::vector<capture::Feature>& features);

struct DoctorReport {
    std::string text;  // for stdout
    int status = 0;    // to exit with: 0 a capture can work, 1 something required is missing
};
DoctorReport run_doctor(bool json, bool color);

}  // namespace cmd
