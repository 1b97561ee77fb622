// SPDX-License-Identifier: GPL-2.0-only
//
// Formats rows of table.h as lines of text. Text from the file is kept, except that NUL and each
// byte that isn't UTF-8 (RFC 3629) become U+FFFD. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "forensics/analysis/table.h"

namespace forensics {

// Appends one line: a JSON object with every column; null: not known. Times are text, see
// append_time.
void append_json(std::span<const Column> columns, const Row& row, std::string& out);

void append_json(const Value& value, std::string& out);

// Appends one line by RFC 4180, CRLF included; unknown values are empty.
void append_csv(const Row& row, std::string& out);
void append_csv_header(std::span<const Column> columns, std::string& out);

// 2026-11-22T02:00:00.123456789Z (RFC 3339).
void append_time(Time time, std::string& out);

// Appends UTF-8 without NUL, see above.
void append_text(std::string_view text, std::string& out);

}  // namespace forensics
