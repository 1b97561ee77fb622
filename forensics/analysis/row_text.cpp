// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/row_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <iterator>

#include "pcapng/text.h"

namespace forensics {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Returns the length of the longest prefix of `text` that needs no replacement.
size_t clean_prefix(std::string_view text) {
    size_t at = 0;
    while (at < text.size()) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte != 0 && byte < 0x80) {
            ++at;
            continue;
        }
        char32_t code_point = 0;
        const size_t length = pcapng::decode_utf8(text.substr(at), code_point);
        if (length == 0 || code_point == 0) {
            break;
        }
        at += length;
    }
    return at;
}

void append_json_escape(char32_t code_point, std::string& out) {
    constexpr char32_t kSupplementary = 0x10000;
    const auto unit = [&out](char32_t value) {
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(value));
    };
    if (code_point < kSupplementary) {
        unit(code_point);
        return;
    }
    const char32_t offset = code_point - kSupplementary;
    unit(0xD800 + (offset >> 10));
    unit(0xDC00 + (offset & 0x3FF));
}

// RFC 8259, 7. More is escaped than has to be: what controls a terminal, or isn't seen.
void append_json_text(std::string_view text, std::string& out) {
    std::string replaced;
    if (clean_prefix(text) != text.size()) {
        append_text(text, replaced);
        text = replaced;
    }
    out += '"';
    while (!text.empty()) {
        char32_t code_point = 0;
        const size_t length = pcapng::decode_utf8(text, code_point);
        if (code_point == '"' || code_point == '\\') {
            out += '\\';
            out += text.front();
        } else if (!pcapng::is_shown(code_point)) {
            append_json_escape(code_point, out);
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    out += '"';
}

// Returns whether a CSV file is better without it: a control other than tab, line feed and carriage
// return, or a mark that changes the direction of text (Unicode's Bidi_Control).
bool is_control(char32_t code_point) {
    if (code_point < 0xA0) {
        return (code_point < 0x20 && code_point != '\t' && code_point != '\n' &&
                code_point != '\r') ||
               code_point >= 0x7F;
    }
    return code_point == 0x061C || code_point == 0x200E || code_point == 0x200F ||
           (code_point >= 0x202A && code_point <= 0x202E) ||
           (code_point >= 0x2066 && code_point <= 0x2069);
}

// Returns UTF-8 without controls.
std::string without_controls(std::string_view text) {
    std::string clean;
    append_text(text, clean);
    std::string out;
    for (std::string_view rest = clean; !rest.empty();) {
        char32_t code_point = 0;
        const std::string_view head = rest.substr(0, pcapng::decode_utf8(rest, code_point));
        if (is_control(code_point)) {
            for (const char c : head) {
                fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
            }
        } else {
            out += head;
        }
        rest.remove_prefix(head.size());
    }
    return out;
}

bool is_printable_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

void append_csv_text(std::string_view text, CsvCells cells, std::string& out) {
    std::string changed;
    if (!is_printable_ascii(text)) {
        changed = without_controls(text);
        text = changed;
    }
    constexpr std::string_view kBeginsFormula = "=+-@\t\r\n";
    if (cells == CsvCells::kNoFormula && !text.empty() &&
        kBeginsFormula.find(text.front()) != kBeginsFormula.npos) {
        changed = '\'' + std::string(text);
        text = changed;
    }
    const bool quoted = text.find_first_of("\",\r\n") != text.npos;
    if (!quoted) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        out.append(c == '"' ? 2 : 1, c);
    }
    out += '"';
}

void append_plain(uint64_t value, std::string& out) {
    const fmt::format_int text(value);
    out.append(text.data(), text.size());
}
void append_plain(double value, std::string& out) {
    fmt::format_to(std::back_inserter(out), "{:.9f}", value);
}
void append_plain(bool value, std::string& out) {
    out += value ? "true" : "false";
}

struct AsJson {
    std::string& out;

    void operator()(std::monostate) const { out += "null"; }
    void operator()(std::string_view text) const { append_json_text(text, out); }
    void operator()(const std::string& text) const { append_json_text(text, out); }
    void operator()(const List& list) const { out += list.json; }
    void operator()(Time time) const {
        out += '"';
        append_time(time, out);
        out += '"';
    }
    template <typename Plain>
    void operator()(Plain value) const {
        append_plain(value, out);
    }
};

struct AsCsv {
    std::string& out;
    CsvCells cells;

    void operator()(std::monostate) const {}
    void operator()(std::string_view text) const { append_csv_text(text, cells, out); }
    void operator()(const std::string& text) const { append_csv_text(text, cells, out); }
    void operator()(const List& list) const { append_csv_text(list.json, cells, out); }
    void operator()(Time time) const { append_time(time, out); }
    template <typename Plain>
    void operator()(Plain value) const {
        append_plain(value, out);
    }
};

}  // namespace

void append_text(std::string_view text, std::string& out) {
    while (true) {
        const size_t clean = clean_prefix(text);
        out += text.substr(0, clean);
        if (clean == text.size()) {
            return;
        }
        out += kReplacement;
        text.remove_prefix(clean + 1);
    }
}

void append_time(Time time, std::string& out) {
    using namespace std::chrono;
    constexpr uint64_t kSecond = 1'000'000'000;
    const sys_seconds second{seconds{time.ns / kSecond}};
    const auto day = floor<days>(second);
    const year_month_day date{day};
    const hh_mm_ss clock{second - day};
    fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z",
                   static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                   static_cast<unsigned>(date.day()), clock.hours().count(),
                   clock.minutes().count(), clock.seconds().count(), time.ns % kSecond);
}

void append_json(const Value& value, std::string& out) {
    std::visit(AsJson{out}, value);
}

void append_json(std::span<const Column> columns, const Row& row, std::string& out) {
    assert(columns.size() == row.size());
    char before = '{';
    for (size_t i = 0; i < columns.size(); ++i) {
        out += before;
        out += '"';
        out += columns[i].name;
        out += "\":";
        std::visit(AsJson{out}, row[i]);
        before = ',';
    }
    out += "}\n";
}

void append_csv(const Row& row, CsvCells cells, std::string& out) {
    bool first = true;
    for (const Value& value : row) {
        if (!first) {
            out += ',';
        }
        first = false;
        std::visit(AsCsv{out, cells}, value);
    }
    out += "\r\n";
}

void append_csv_header(std::span<const Column> columns, std::string& out) {
    bool first = true;
    for (const Column& column : columns) {
        if (!first) {
            out += ',';
        }
        first = false;
        out += column.name;
    }
    out += "\r\n";
}

}  // namespace forensics
