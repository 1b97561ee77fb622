// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/export.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/files_command.h"
#include "cmd/offline/result_file.h"
#include "cmd/offline/selection.h"
#include "cmd/option_reader.h"
#include "forensics/analysis/row_text.h"
#include "forensics/analysis/table.h"
#include "forensics/export/parquet_file.h"
#include "forensics/export/table_rows.h"
#include "forensics/source/source.h"
#include "packet/line/text_output.h"
#include "pcapng/output.h"

namespace cmd {
namespace {

using forensics::Row;
using forensics::TableKind;
using forensics::TableRows;
using pcapng::Result;

constexpr std::string_view kName = "export";

enum class Format { kParquet, kJsonLines, kCsv };

struct Request {
    std::string path;
    forensics::Selection selection;
    Format format = Format::kParquet;
    TableKind table = TableKind::kPackets;
    std::string output = "-";
    forensics::CsvCells cells = forensics::CsvCells::kAsTheyAre;
    FileMode mode;
};

std::variant<Request, Stop> parse_request(std::span<const std::string> arguments) {
    CommandLine line(kName);
    const SelectionOptions selection(line);
    const Option& help = line.flag("-h,--help");
    const Option& format = line.value("--format");
    const Option& table = line.value("--table");
    const Option& csv_safe = line.flag("--csv-safe");
    const Option& output = line.value("-o");
    const Option& mode = line.value("--mode");
    const Option& files = line.positionals("FILE");
    if (auto stop = line.parse(arguments)) {
        return *stop;
    }
    if (help.given()) {
        return help_of(kName);
    }
    static constexpr std::array<std::pair<std::string_view, Format>, 3> kFormats{{
        {"parquet", Format::kParquet},
        {"jsonl", Format::kJsonLines},
        {"csv", Format::kCsv},
    }};
    static constexpr std::array<std::pair<std::string_view, TableKind>, 4> kTables{{
        {"packets", TableKind::kPackets},
        {"flows", TableKind::kFlows},
        {"processes", TableKind::kProcesses},
        {"events", TableKind::kEvents},
    }};
    Request request;
    OptionReader reader;
    std::vector<std::string> words = files.values;
    reader.take(selection_of(selection, words), request.selection);
    reader.only_file(words, request.path);
    reader.refuse_if(!format.given(), "--format is required: parquet, jsonl or csv");
    reader.refuse_if(!table.given(), "--table is required: packets, flows, processes or events");
    reader.word(format, kFormats, request.format);
    reader.word(table, kTables, request.table);
    reader.path(output, request.output);
    reader.mode(mode, request.mode);
    reader.refuse_if(csv_safe.given() && format.given() && request.format != Format::kCsv,
                     "--csv-safe needs --format csv");
    if (csv_safe.given()) {
        request.cells = forensics::CsvCells::kNoFormula;
    }
    reader.refuse_if(request.format == Format::kParquet && request.output == "-",
                     "Parquet can't be written to a pipe: name a file with -o");
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
    }
    return request;
}

Result<void> write_text(TableRows& rows, const Request& request, packet::TextOutput out) {
    const Format format = request.format;
    if (format == Format::kCsv) {
        forensics::append_csv_header(rows.columns(), out.text());
    }
    Row row;
    while (rows.next(row)) {
        if (format == Format::kCsv) {
            forensics::append_csv(row, request.cells, out.text());
        } else {
            forensics::append_json(rows.columns(), row, out.text());
        }
        if (!out.written()) {
            break;
        }
    }
    return out.finish();
}

Result<void> write(TableRows& rows, const Request& request) {
    if (request.output == "-" && isatty(STDOUT_FILENO) == 1) {  // which is refused for captures
        return write_text(rows, request, packet::TextOutput(STDOUT_FILENO, "stdout"));
    }
    if (request.format == Format::kParquet) {
        // Before the file is made.
        if (auto ready = forensics::parquet_ready(); !ready) {
            return ready;
        }
    }
    auto file = open_result(request.output, {&request.path, 1}, request.mode);
    if (!file) {
        return std::move(file).error();
    }
    const Result<void> written =
        request.format == Format::kParquet
            ? forensics::write_parquet(file->fd(), file->name(), rows.columns(),
                                       [&rows](Row& row) { return rows.next(row); })
            : write_text(rows, request, packet::TextOutput(file->fd(), file->name()));
    const Result<void> closed = file->close();
    return written ? closed : written;
}

}  // namespace

int run_export(std::span<const std::string> arguments) {
    auto parsed = parse_request(arguments);
    if (const Stop* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    Request& request = std::get<Request>(parsed);
    ignore_write_signals();
    auto source = forensics::Source::open(request.path);
    if (!source) {
        print_message("pidcap export: {}\n", source.error().message);
        return kExitFailed;
    }
    FilePass pass(*source, request.selection, request.output != "-" || isatty(STDOUT_FILENO) != 1);
    TableRows rows(
        request.table, [&pass] { return pass.next(); }, source->address_names());
    const Result<void> written = write(rows, request);
    print_skipped(kName, *source);
    print_problems(kName, request.selection);
    tell_unmatched(kName, request.selection, *source);
    return exit_status(kName, {&written, &rows.read()});
}

}  // namespace cmd
