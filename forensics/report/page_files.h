// SPDX-License-Identifier: GPL-2.0-only
//
// report/page.html with page.css and page.js in it, as they were when the program was built.
#pragma once

#include <string_view>

namespace forensics {

// "@DATA@" stands where the data belong.
std::string_view page_template();

}  // namespace forensics
