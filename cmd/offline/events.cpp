// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/events.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cmd/list_events.h"
#include "cmd/message.h"
#include "cmd/offline/file_hosts.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/files_command.h"
#include "cmd/offline/result_file.h"
#include "cmd/offline/terminal_table.h"
#include "forensics/analysis/event_table.h"
#include "forensics/analysis/row_text.h"
#include "forensics/source/source.h"
#include "packet/event/frame.h"
#include "packet/line/color.h"
#include "packet/line/display_width.h"
#include "packet/line/event_text.h"
#include "packet/line/text_output.h"

namespace cmd {
namespace {

using forensics::Packet;
using pcapng::Result;

constexpr std::string_view kName = "events";

struct Request {
    SelectedFiles files;
    std::vector<std::string> patterns;  // of this machine's events, if there are no files
    bool of_this_machine = false;
    TableStyle style;
};

// A file with a colon in its name can be given with its folder: ./a:b.
bool is_pattern(const std::string& word) {
    return word.find(':') != std::string::npos && word.find('/') == std::string::npos;
}

std::variant<Request, Stop> parse_request(std::span<const std::string> arguments) {
    CommandLine line(kName);
    const FilesOptions files(line);
    const TableStyleOptions style(line);
    if (auto stop = files.parse(arguments)) {
        return *stop;
    }
    Request request;
    OptionReader reader;
    style.read(reader, request.style);
    const std::vector<std::string>& words = files.files.values;
    request.of_this_machine = std::all_of(words.begin(), words.end(), is_pattern);
    if (request.of_this_machine) {
        request.patterns = words;
        reader.refuse_if(arguments.size() > words.size() + style.json.count(),
                         "a list of this machine's events has --json, and no other option");
    } else {
        files.read(reader, request.files);
    }
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
    }
    return request;
}

// Rows as they come, so that any number of events needs no memory: a column is as wide as the
// widest cell so far.
class TablePrinter {
  public:
    explicit TablePrinter(bool color) : color_(color) {}

    void heading(std::string& out) {
        append(out, {Cell{"TIME", packet::kColorBold}, Cell{"EVENT", packet::kColorBold},
                     Cell{"PROCESS", packet::kColorBold}, Cell{"FIELDS", packet::kColorBold}});
    }
    // `host`: see process_cell().
    void event(std::string& out, const Packet& event, std::string_view host) {
        std::string time;
        if (event.time_ns) {
            forensics::append_time({*event.time_ns}, time);
        }
        const packet::End& end = event.self.process != nullptr ? event.self : event.peer;
        Cell process = process_cell(end.process, host);
        if (end.process == nullptr && event.self.via != packet::Via::kUnrecorded) {
            process.text = fmt::format("({})", packet::via_name(event.self.via));
        }
        fields_.clear();
        packet::append_event_fields(fields_, *event.interface->event,
                                    packet::event_record(event).value());
        append(out, {Cell{std::move(time)}, Cell{cell_text(event.interface->name)},
                     std::move(process), Cell{fmt::to_string(fields_)}});
    }

  private:
    static constexpr size_t kColumns = 4;

    void append(std::string& out, const std::array<Cell, kColumns>& cells) {
        for (size_t i = 0; i < kColumns; ++i) {
            const Cell& cell = cells[i];
            const bool colored = color_ && !cell.color.empty();
            out += colored ? cell.color : std::string_view();
            out += cell.text;
            out += colored ? packet::kColorEnd : std::string_view();
            if (i + 1 < kColumns) {
                const size_t width = packet::display_width(cell.text);
                widths_[i] = std::max(widths_[i], width);
                out.append(widths_[i] - width + 2, ' ');
            }
        }
        while (out.ends_with(' ')) {
            out.pop_back();
        }
        out += '\n';
    }

    bool color_;
    std::array<size_t, kColumns> widths_{30, 14, 12, 0};  // of a time, and of usual names
    fmt::memory_buffer fields_;
};

// Until the end of the file, or of what the output takes.
// `host`: see process_cell().
Result<void> print_events(FilePass& pass, const TableStyle& style, std::string_view host,
                          packet::TextOutput& out) {
    TablePrinter table(packet::use_color(packet::ColorMode::kAuto, STDOUT_FILENO));
    if (style.form == TableForm::kTable) {
        table.heading(out.text());
    } else if (style.form == TableForm::kCsv) {
        forensics::append_csv_header(forensics::event_columns(), out.text());
    }
    forensics::Row row;
    while (out.written()) {
        const auto packet = pass.next();
        if (!packet) {
            return packet.error();
        }
        if (*packet == nullptr) {
            return {};
        }
        const Packet& event = **packet;
        if (!packet::is_event(event)) {
            continue;
        }
        if (style.form == TableForm::kTable) {
            table.event(out.text(), event, host);
            continue;
        }
        forensics::event_row(event, row);
        if (style.form == TableForm::kCsv) {
            forensics::append_csv(row, style.cells, out.text());
        } else {
            forensics::append_json(forensics::event_columns(), row, out.text());
        }
    }
    return {};
}

}  // namespace

int run_events(std::span<const std::string> arguments) {
    auto parsed = parse_request(arguments);
    if (const Stop* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    Request& request = std::get<Request>(parsed);
    ignore_write_signals();
    if (request.of_this_machine) {
        return list_events(request.patterns, request.style.form == TableForm::kJson);
    }
    auto& [paths, selection] = request.files;
    auto source = forensics::Source::open(paths);
    if (!source) {
        print_message("pidcap {}: {}\n", kName, source.error().message);
        return kExitFailed;
    }
    packet::TextOutput out(STDOUT_FILENO, "standard output");
    Result<void> read;
    {
        FilePass pass(*source, selection, isatty(STDOUT_FILENO) == 0);
        read = print_events(pass, request.style, one_host(paths), out);
    }
    const Result<void> written = out.finish();
    print_skipped(kName, *source);
    print_problems(kName, selection);
    tell_unmatched(kName, selection, *source);
    return exit_status(kName, {&written, &read});
}

}  // namespace cmd
