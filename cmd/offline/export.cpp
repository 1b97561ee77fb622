// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/export.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <functional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cmd/offline/file_pass.h"
#include "cmd/offline/parquet_file.h"
#include "cmd/offline/result_file.h"
#include "cmd/offline/selection.h"
#include "cmd/offline/text_output.h"
#include "cmd/option_reader.h"
#include "forensics/analysis/analysis.h"
#include "forensics/analysis/row_text.h"
#include "forensics/analysis/table.h"
#include "pcapng/output.h"

namespace cmd {
namespace {

using forensics::Column;
using forensics::Row;
using pcapng::Result;

constexpr std::string_view kName = "export";

enum class Format { kParquet, kJsonLines, kCsv };
enum class Table { kPackets, kFlows, kProcesses };

struct Request {
    std::string path;
    Selection selection;
    Format format = Format::kParquet;
    Table table = Table::kPackets;
    std::string output = "-";
};

constexpr std::string_view kHelp =
    R"(Usage: pidcap export --format parquet|jsonl|csv --table packets|flows|processes [options] FILE

Makes a table of a capture for DuckDB, ClickHouse, Spark and their like. The columns are the same in
every format, and keep their names and types (docs/analysis.md). FILE is a capture of pidcap or of
another tool, compressed or not; "-" is standard input.

  --format parquet|jsonl|csv
                parquet is written by DuckDB's library, libduckdb.so, which has to be installed
  --table packets|flows|processes
  -o OUT        the file to write; "-" (the default) is standard output, but not for parquet
  -h, --help    this text

)";

constexpr std::string_view kStatus = R"(
Exit status: 0 done; 1 failed, or FILE is broken: what was readable is exported; 2 wrong usage.
)";

std::variant<Request, Stop> parse_request(std::span<const std::string> arguments) {
    CommandLine line(kName);
    const SelectionOptions selection(line);
    const Option& help = line.flag("-h,--help");
    const Option& format = line.value("--format");
    const Option& table = line.value("--table");
    const Option& output = line.value("-o");
    const Option& files = line.positionals("FILE");
    if (auto stop = line.parse(arguments)) {
        return *stop;
    }
    if (help.given()) {
        return Stop{kExitDone, fmt::format("{}{}{}", kHelp, selection_help(), kStatus)};
    }
    static constexpr std::array<std::pair<std::string_view, Format>, 3> kFormats{{
        {"parquet", Format::kParquet},
        {"jsonl", Format::kJsonLines},
        {"csv", Format::kCsv},
    }};
    static constexpr std::array<std::pair<std::string_view, Table>, 3> kTables{{
        {"packets", Table::kPackets},
        {"flows", Table::kFlows},
        {"processes", Table::kProcesses},
    }};
    Request request;
    OptionReader reader;
    reader.only_file(files, request.path);
    reader.refuse_if(!format.given(), "--format is required: parquet, jsonl or csv");
    reader.refuse_if(!table.given(), "--table is required: packets, flows or processes");
    reader.word(format, kFormats, request.format);
    reader.word(table, kTables, request.table);
    reader.path(output, request.output);
    reader.refuse_if(request.format == Format::kParquet && request.output == "-",
                     "Parquet can't be written to a pipe: name a file with -o");
    reader.take(Selection::make(selection), request.selection);
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
    }
    return request;
}

// A table's rows as they come. Those of packets need no memory; the others begin when the file has
// been read.
class Rows {
  public:
    Rows(Table table, FilePass pass) : table_(table), pass_(std::move(pass)) {}

    std::span<const Column> columns() const {
        switch (table_) {
            case Table::kFlows:
                return forensics::flow_columns();
            case Table::kProcesses:
                return forensics::process_columns();
            case Table::kPackets:
                break;
        }
        return forensics::packet_columns();
    }

    bool next(Row& row) {
        if (table_ == Table::kPackets) {
            const forensics::Packet* packet = next_packet();
            if (packet == nullptr) {
                return false;
            }
            forensics::packet_row(*packet, flows_.add(*packet), row);
            return true;
        }
        if (!analyzed_) {
            while (const forensics::Packet* packet = next_packet()) {
                analysis_.add(*packet);
            }
            analysis_.finish();
            analyzed_ = true;
        }
        if (table_ == Table::kFlows) {
            if (index_ == analysis_.flows().size()) {
                return false;
            }
            forensics::flow_row(analysis_.flows()[index_++], row);
            return true;
        }
        const auto& processes = analysis_.processes();
        while (index_ < processes.size() && processes[index_].process == nullptr) {
            ++index_;
        }
        if (index_ == processes.size()) {
            return false;
        }
        forensics::process_row(processes[index_++], row);
        return true;
    }

    // Whether the file could be read to its end.
    const Result<void>& read() const { return read_; }

  private:
    const forensics::Packet* next_packet() {
        const Result<const forensics::Packet*> packet = pass_.next();
        if (!packet) {
            read_ = packet.error();
            return nullptr;
        }
        return *packet;
    }

    Table table_;
    FilePass pass_;
    Result<void> read_;
    forensics::FlowTable flows_;
    forensics::Analysis analysis_;
    bool analyzed_ = false;
    size_t index_ = 0;
};

Result<void> write_text(Rows& rows, Format format, TextOutput out) {
    if (format == Format::kCsv) {
        forensics::append_csv_header(rows.columns(), out.text());
    }
    Row row;
    while (rows.next(row)) {
        if (format == Format::kCsv) {
            forensics::append_csv(row, out.text());
        } else {
            forensics::append_json(rows.columns(), row, out.text());
        }
        if (!out.written()) {
            break;
        }
    }
    return out.finish();
}

Result<void> write(Rows& rows, const Request& request) {
    if (request.output == "-" && isatty(STDOUT_FILENO) == 1) {  // which is refused for captures
        return write_text(rows, request.format, TextOutput(STDOUT_FILENO, "stdout"));
    }
    if (request.format == Format::kParquet) {
        // Before the file is made.
        if (auto ready = parquet_ready(); !ready) {
            return ready;
        }
    }
    auto file = open_result(request.output, {&request.path, 1});
    if (!file) {
        return std::move(file).error();
    }
    const Result<void> written =
        request.format == Format::kParquet
            ? write_parquet(file->fd(), file->name(), rows.columns(),
                            [&rows](Row& row) { return rows.next(row); })
            : write_text(rows, request.format, TextOutput(file->fd(), file->name()));
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
    auto pass = FilePass::open(request.path, std::move(request.selection),
                               request.output != "-" || isatty(STDOUT_FILENO) != 1);
    if (!pass) {
        fmt::print(stderr, "pidcap export: {}\n", pass.error().message);
        return kExitFailed;
    }
    Rows rows(request.table, std::move(pass).value());
    const Result<void> written = write(rows, request);
    for (const Result<void>* result : {&written, &rows.read()}) {
        if (!*result) {
            fmt::print(stderr, "pidcap export: {}\n", result->error().message);
        }
    }
    return written && rows.read() ? kExitDone : kExitFailed;
}

}  // namespace cmd
