// SPDX-License-Identifier: GPL-2.0-only
//
// Makes one self-contained HTML page of a Report. Its content security policy allows no requests,
// and no scripts or styles but its own, which the build embeds from report/. All text from the file
// is hostile: it is in JSON that can't end its element, and the script inserts it as text only.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "forensics/report/report.h"

namespace forensics {

std::string page_of(const Report& report);

// Returns `json` escaped for a <script> element: no "<" in it (which could begin "</script>" or
// "<!--"), no ">", no "&", and none of the line ends that JSON has and JavaScript hadn't.
std::string json_for_html(std::string_view json);

}  // namespace forensics
