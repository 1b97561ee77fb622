// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/export.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/files_command.h"
#include "cmd/offline/partitioned_export.h"
#include "cmd/offline/result_file.h"
#include "cmd/offline/selection.h"
#include "cmd/offline/table_file.h"
#include "cmd/option_reader.h"
#include "cmd/values.h"
#include "forensics/analysis/row_text.h"
#include "forensics/analysis/table.h"
#include "forensics/export/parquet_file.h"
#include "forensics/export/partitions.h"
#include "forensics/export/table_rows.h"
#include "forensics/source/source.h"
#include "packet/line/terminal_text.h"
#include "pcapng/output.h"

namespace cmd {
namespace {

using forensics::PartitionKey;
using forensics::Row;
using forensics::TableKind;
using forensics::TableRows;
using pcapng::Result;

constexpr std::string_view kName = "export";

struct Request {
    std::string path;
    forensics::Selection selection;
    TableFormat format = TableFormat::kParquet;
    TableKind table = TableKind::kPackets;
    std::string output = "-";
    forensics::CsvCells cells = forensics::CsvCells::kAsTheyAre;
    FileMode mode;
    std::vector<PartitionKey> partition;  // none: one file
    std::string host;
};

Result<std::vector<PartitionKey>> parse_partition(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, PartitionKey>, 3> kKeys{{
        {"host", PartitionKey::kHost},
        {"date", PartitionKey::kDate},
        {"hour", PartitionKey::kHour},
    }};
    std::vector<PartitionKey> keys;
    while (true) {
        const size_t comma = text.find(',');
        const std::string_view word = text.substr(0, comma);
        const auto key = std::find_if(kKeys.begin(), kKeys.end(),
                                      [word](const auto& each) { return each.first == word; });
        if (key == kKeys.end() || std::find(keys.begin(), keys.end(), key->second) != keys.end()) {
            return Error{fmt::format(
                "--partition: {}: {}", packet::printable(word),
                key == kKeys.end() ? "not one of host, date, hour" : "it is there twice")};
        }
        keys.push_back(key->second);
        if (comma == text.npos) {
            return keys;
        }
        text.remove_prefix(comma + 1);
    }
}

std::variant<Request, Stop> parse_request(std::span<const std::string> arguments) {
    CommandLine line(kName);
    const SelectionOptions selection(line);
    const Option& help = line.flag("-h,--help");
    const Option& format = line.value("--format");
    const Option& table = line.value("--table");
    const Option& csv_safe = line.flag("--csv-safe");
    const Option& output = line.value("-o");
    const Option& mode = line.value("--mode");
    const Option& partition = line.value("--partition");
    const Option& host = line.value("--host");
    const Option& files = line.positionals("FILE");
    if (auto stop = line.parse(arguments)) {
        return *stop;
    }
    if (help.given()) {
        return help_of(kName);
    }
    Request request;
    OptionReader reader;
    std::vector<std::string> words = files.values;
    reader.take(selection_of(selection, words), request.selection);
    reader.only_file(words, request.path);
    reader.refuse_if(!format.given(), "--format is required: parquet, jsonl or csv");
    reader.refuse_if(!table.given(), "--table is required: packets, flows, processes or events");
    reader.word(format, kTableFormats, request.format);
    reader.word(table, kTableKinds, request.table);
    reader.path(output, request.output);
    reader.mode(mode, request.mode);
    reader.refuse_if(csv_safe.given() && format.given() && request.format != TableFormat::kCsv,
                     "--csv-safe needs --format csv");
    if (csv_safe.given()) {
        request.cells = forensics::CsvCells::kNoFormula;
    }
    reader.once(partition, [&](const std::string& text) {
        return store(parse_partition(text), request.partition);
    });
    reader.once(host,
                [&](const std::string& text) { return store(parse_host(text), request.host); });
    std::string folder = "host=";
    forensics::append_hive_value(request.host, folder);
    reader.refuse_if(partition.given() && folder.size() > NAME_MAX,
                     "--host: the name is too long for that of a folder");
    reader.refuse_if(partition.given() && request.output == "-", "--partition needs -o FOLDER");
    reader.refuse_if(request.format == TableFormat::kParquet && request.output == "-",
                     "Parquet can't be written to a pipe: name a file with -o");
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
    }
    return request;
}

Result<void> write(TableRows& rows, const Request& request) {
    const auto next = [&rows](Row& row) { return rows.next(row); };
    if (request.output == "-" && isatty(STDOUT_FILENO) == 1) {  // which is refused for captures
        return write_table(request.format, request.cells, rows.columns(), next, STDOUT_FILENO,
                           "stdout");
    }
    auto file = open_result(request.output, {&request.path, 1}, request.mode);
    if (!file) {
        return std::move(file).error();
    }
    const Result<void> written =
        write_table(request.format, request.cells, rows.columns(), next, file->fd(), file->name());
    const Result<void> closed = file->close();
    return written ? closed : written;
}

Result<void> write_folder(TableRows& rows, const Request& request, const forensics::Source& source,
                          const std::string& capture) {
    const auto written = write_partitions(rows, source,
                                          {.format = request.format,
                                           .cells = request.cells,
                                           .table = request.table,
                                           .keys = request.partition,
                                           .folder = request.output,
                                           .mode = request.mode},
                                          capture);
    if (!written) {
        return written.error();
    }
    if (written->files == 0) {
        print_message("pidcap export: no rows, so no files\n");
        return {};
    }
    print_message("pidcap export: {} row{} into {} file{} in {}, called {}\n", written->rows,
                  written->rows == 1 ? "" : "s", written->files, written->files == 1 ? "" : "s",
                  packet::printable(request.output), written->name);
    return {};
}

}  // namespace

int run_export(std::span<const std::string> arguments) {
    auto parsed = parse_request(arguments);
    if (const Stop* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    Request& request = std::get<Request>(parsed);
    ignore_write_signals();
    if (request.format == TableFormat::kParquet) {
        // Before a file is made.
        if (auto ready = forensics::parquet_ready(); !ready) {
            print_message("pidcap export: {}\n", ready.error().message);
            return kExitFailed;
        }
    }
    auto source = forensics::Source::open(request.path);
    if (!source) {
        print_message("pidcap export: {}\n", source.error().message);
        return kExitFailed;
    }
    if (!request.host.empty()) {
        source->set_host(request.host);
    }
    source->read_ahead();
    Result<const forensics::Packet*> first = source->next();
    const std::string capture = first && *first != nullptr ? capture_id(**first) : std::string();
    FilePass pass(*source, std::move(first), request.selection,
                  request.output != "-" || isatty(STDOUT_FILENO) != 1);
    TableRows rows(
        request.table, [&pass] { return pass.next(); }, source->address_names());
    const Result<void> written = request.partition.empty()
                                     ? write(rows, request)
                                     : write_folder(rows, request, *source, capture);
    print_skipped(kName, *source);
    print_problems(kName, request.selection);
    tell_unmatched(kName, request.selection, *source);
    return exit_status(kName, {&written, &rows.read()});
}

}  // namespace cmd
