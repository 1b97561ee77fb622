// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/row_text.h"

#include <fmt/format.h>

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

// RFC 8259, 7. DEL and U+2028 and the like need no escape.
void append_json_text(std::string_view text, std::string& out) {
    std::string replaced;
    if (clean_prefix(text) != text.size()) {
        append_text(text, replaced);
        text = replaced;
    }
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_csv_text(std::string_view text, std::string& out) {
    const bool quoted = text.find_first_of("\",\r\n") != text.npos;
    if (!quoted) {
        append_text(text, out);
        return;
    }
    std::string clean;
    append_text(text, clean);
    out += '"';
    for (const char c : clean) {
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

    void operator()(std::monostate) const {}
    void operator()(std::string_view text) const { append_csv_text(text, out); }
    void operator()(const std::string& text) const { append_csv_text(text, out); }
    void operator()(const List& list) const { append_csv_text(list.json, out); }
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

void append_csv(const Row& row, std::string& out) {
    bool first = true;
    for (const Value& value : row) {
        if (!first) {
            out += ',';
        }
        first = false;
        std::visit(AsCsv{out}, value);
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
