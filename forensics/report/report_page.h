// SPDX-License-Identifier: GPL-2.0-only
//
// A Report as one HTML page that needs nothing but itself. Its policy allows no request and no
// script or style but its own, which report/ has and the build puts into the program. Every text of
// the file is hostile: it stands in JSON that can't end its element, and the script only ever makes
// text of it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "forensics/report/report.h"

namespace forensics {

std::string page_of(const Report& report);

// `json` so that it can stand in a <script> element: no "<" in it (which could begin "</script>" or
// "<!--"), no ">", no "&", and none of the line ends that JSON has and JavaScript hadn't.
std::string json_for_html(std::string_view json);

}  // namespace forensics
