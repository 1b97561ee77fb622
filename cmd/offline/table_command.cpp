// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/table_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <numeric>
#include <optional>
#include <utility>

#include "cmd/message.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/result_file.h"
#include "cmd/offline/selection.h"
#include "cmd/option_reader.h"
#include "forensics/source/source.h"
#include "packet/line/color.h"
#include "packet/line/text_output.h"

namespace cmd {
namespace {

enum class Form { kTable, kCsv, kJson };

struct Request {
    std::vector<std::string> paths;
    forensics::Selection selection;
    std::optional<forensics::Order> order;
    Form form = Form::kTable;
    forensics::CsvCells cells = forensics::CsvCells::kAsTheyAre;
};

constexpr std::string_view kHelp = R"(
  --sort COLUMN[,desc]
                by any column that --csv has
  --csv         every column, as CSV (RFC 4180)
  --csv-safe    the same for a spreadsheet: no cell is a formula (' stands before = + - @)
  --json        every column, as a JSON object a line; null: not known
  -h, --help    this text

)";

constexpr std::string_view kStatus = R"(
Exit status: 0 done; 1 failed, or the file is broken: what was readable is shown; 2 wrong usage.
)";

std::variant<Request, Stop> parse_request(const TableCommand& command,
                                          std::span<const std::string> arguments) {
    CommandLine line(command.name);
    const SelectionOptions selection(line);
    const Option& help = line.flag("-h,--help");
    const Option& sort = line.value("--sort");
    const Option& csv = line.flag("--csv");
    const Option& csv_safe = line.flag("--csv-safe");
    const Option& json = line.flag("--json");
    const Option& files = line.positionals("FILE");
    if (auto stop = line.parse(arguments)) {
        return *stop;
    }
    if (help.given()) {
        return Stop{kExitDone,
                    fmt::format("{}{}{}{}", command.help, kHelp, selection_help(), kStatus)};
    }
    Request request;
    OptionReader reader;
    request.paths = files.values;
    reader.refuse_if((csv.given() || csv_safe.given()) && json.given(),
                     "--csv and --json exclude each other");
    reader.once(sort, [&](const std::string& text) {
        return store(forensics::parse_order("--sort", text, command.columns),
                     request.order.emplace());
    });
    reader.take(selection_of(selection, request.paths), request.selection);
    reader.refuse_if(request.paths.empty(), "no input file given");
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
    }
    const bool is_csv = csv.given() || csv_safe.given();
    request.form = is_csv ? Form::kCsv : json.given() ? Form::kJson : Form::kTable;
    if (csv_safe.given()) {
        request.cells = forensics::CsvCells::kNoFormula;
    }
    return request;
}

void print_rows(const TableCommand& command, const forensics::Analysis& analysis,
                const std::vector<size_t>& order, packet::TextOutput& out) {
    print_table(command.headings,
                {order.size(), [&](size_t row) { return command.cells(analysis, order[row]); }},
                width_of(STDOUT_FILENO), packet::use_color(packet::ColorMode::kAuto, STDOUT_FILENO),
                [&](std::string_view line) {
                    out.text() += line;
                    return out.written();
                });
    out.text() += unattributed_text(analysis);
}

}  // namespace

int run_table_command(const TableCommand& command, std::span<const std::string> arguments) {
    auto parsed = parse_request(command, arguments);
    if (const Stop* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    Request& request = std::get<Request>(parsed);
    ignore_write_signals();
    auto source = forensics::Source::open(request.paths);
    if (!source) {
        print_message("pidcap {}: {}\n", command.name, source.error().message);
        return kExitFailed;
    }
    FilePass pass(*source, request.selection, true);
    forensics::Analysis analysis(command.flows);
    const pcapng::Result<void> read =
        pass.each([&](const forensics::Packet& packet) { analysis.add(packet); });
    analysis.finish(source->address_names());
    tell_unmatched(command.name, request.selection, *source);
    const forensics::RowSet rows = command.rows(analysis);
    std::vector<size_t> order(rows.count);
    std::iota(order.begin(), order.end(), size_t{0});
    if (request.order) {
        order = forensics::sorted(rows, *request.order);
    }
    packet::TextOutput out(STDOUT_FILENO, "standard output");
    switch (request.form) {
        case Form::kTable:
            print_rows(command, analysis, order, out);
            break;
        case Form::kCsv:
            forensics::print_csv(rows, order, request.cells, out);
            break;
        case Form::kJson:
            forensics::print_json(rows, order, out);
            break;
    }
    const pcapng::Result<void> written = out.finish();
    print_skipped(command.name, *source);
    print_problems(command.name, request.selection);
    for (const pcapng::Result<void>* result : {&written, &read, &analysis.state()}) {
        if (!*result) {
            print_message("pidcap {}: {}\n", command.name, result->error().message);
        }
    }
    return written && read && analysis.state() ? kExitDone : kExitFailed;
}

}  // namespace cmd
