// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/table_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <numeric>
#include <optional>
#include <utility>

#include "cmd/live/live_analysis.h"
#include "cmd/live/live_options.h"
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

// In which form the rows are printed.
struct Look {
    std::optional<forensics::Order> order;
    Form form = Form::kTable;
    forensics::CsvCells cells = forensics::CsvCells::kAsTheyAre;
};

struct Request {
    std::vector<std::string> paths;
    forensics::Selection selection;
    Look look;
};

// The options of both kinds of source.
struct LookOptions {
    const Option& help;
    const Option& sort;
    const Option& csv;
    const Option& csv_safe;
    const Option& json;

    explicit LookOptions(CommandLine& line)
        : help(line.flag("-h,--help")),
          sort(line.value("--sort")),
          csv(line.flag("--csv")),
          csv_safe(line.flag("--csv-safe")),
          json(line.flag("--json")) {}
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

void read_look(const TableCommand& command, const LookOptions& options, OptionReader& reader,
               Look& look) {
    const bool is_csv = options.csv.given() || options.csv_safe.given();
    reader.refuse_if(is_csv && options.json.given(), "--csv and --json exclude each other");
    reader.once(options.sort, [&](const std::string& text) {
        return store(forensics::parse_order("--sort", text, command.columns), look.order.emplace());
    });
    look.form = is_csv ? Form::kCsv : options.json.given() ? Form::kJson : Form::kTable;
    if (options.csv_safe.given()) {
        look.cells = forensics::CsvCells::kNoFormula;
    }
}

std::variant<Request, Stop> parse_request(const TableCommand& command,
                                          std::span<const std::string> arguments) {
    CommandLine line(command.name);
    const SelectionOptions selection(line);
    const LookOptions options(line);
    const Option& files = line.positionals("FILE");
    if (auto stop = line.parse(arguments)) {
        return *stop;
    }
    if (options.help.given()) {
        return Stop{kExitDone, help_text(command)};
    }
    Request request;
    OptionReader reader;
    request.paths = files.values;
    read_look(command, options, reader, request.look);
    reader.take(selection_of(selection, request.paths), request.selection);
    reader.refuse_if(request.paths.empty(),
                     "no input file given; -i or --live captures in place of one");
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
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

// Prints all rows. An error is of standard output.
pcapng::Result<void> print(const TableCommand& command, const Look& look,
                           const forensics::Analysis& analysis) {
    const forensics::RowSet rows = command.rows(analysis);
    std::vector<size_t> order(rows.count);
    std::iota(order.begin(), order.end(), size_t{0});
    if (look.order) {
        order = forensics::sorted(rows, *look.order);
    }
    packet::TextOutput out(STDOUT_FILENO, "standard output");
    switch (look.form) {
        case Form::kTable:
            print_rows(command, analysis, order, out);
            break;
        case Form::kCsv:
            forensics::print_csv(rows, order, look.cells, out);
            break;
        case Form::kJson:
            forensics::print_json(rows, order, out);
            break;
    }
    return out.finish();
}

int run_live_table(const TableCommand& command, std::span<const std::string> arguments) {
    LiveLine line(command.name);
    const LookOptions options(line.own());
    if (auto stop = line.parse(arguments)) {
        return say(*stop);
    }
    if (options.help.given()) {
        return say({kExitDone, help_text(command)});
    }
    Look look;
    OptionReader reader;
    read_look(command, options, reader, look);
    if (reader.error()) {
        return say(line.own().usage_error(reader.error()->message));
    }
    auto capture = line.capture();
    if (const Stop* stop = std::get_if<Stop>(&capture)) {
        return say(*stop);
    }
    forensics::Analysis analysis(in_memory(command.flows));
    LiveAnalysis live([&](const packet::Packet& packet) { analysis.add(packet); });
    const int status = run_live(std::get<Options>(std::move(capture)), live);
    if (!live.finished()) {
        return status;
    }
    analysis.finish();
    if (auto written = print(command, look, analysis); !written) {
        print_message("pidcap {}: {}\n", command.name, written.error().message);
        return kExitFailed;
    }
    return status;
}

}  // namespace

std::string help_text(const TableCommand& command) {
    return fmt::format("{}{}{}\n{}{}{}", command.help, kHelp, live_help(), command.more_help,
                       selection_help(), kStatus);
}

int run_table_command(const TableCommand& command, std::span<const std::string> arguments) {
    if (is_live(arguments)) {
        return run_live_table(command, arguments);
    }
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
    const pcapng::Result<void> written = print(command, request.look, analysis);
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
