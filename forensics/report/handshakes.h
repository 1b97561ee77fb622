// SPDX-License-Identifier: GPL-2.0-only
//
// The part of a Report that lists TCP handshakes that failed. Pure.
#pragma once

#include "forensics/report/report.h"

namespace forensics {

void add_handshakes(Report& report, const Flows& flows);

}  // namespace forensics
