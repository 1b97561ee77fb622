// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/table_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <numeric>
#include <optional>
#include <utility>

#include "cmd/offline/file_pass.h"
#include "cmd/offline/selection.h"
#include "cmd/option_reader.h"
#include "packet/line/color.h"

namespace cmd {
namespace {

enum class Form { kTable, kCsv, kJson };

struct Request {
    std::string path;
    Selection selection;
    std::optional<Order> order;
    Form form = Form::kTable;
};

constexpr std::string_view kHelp = R"(
  --sort COLUMN[,desc]
                by any column that --csv has
  --csv         every column, as CSV (RFC 4180)
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
    reader.only_file(files, request.path);
    reader.refuse_if(csv.given() && json.given(), "--csv and --json exclude each other");
    reader.once(sort, [&](const std::string& text) {
        return store(parse_order(text, command.columns), request.order.emplace());
    });
    reader.take(Selection::make(selection), request.selection);
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
    }
    request.form = csv.given() ? Form::kCsv : json.given() ? Form::kJson : Form::kTable;
    return request;
}

void print_table(const TableCommand& command, const forensics::Analysis& analysis,
                 const std::vector<size_t>& order, TextOutput& out) {
    std::vector<std::vector<Cell>> rows;
    rows.reserve(order.size());
    for (const size_t index : order) {
        rows.push_back(command.cells(analysis, index));
    }
    out.text() += table_text(command.headings, rows, width_of(STDOUT_FILENO),
                             packet::use_color(packet::ColorMode::kAuto, STDOUT_FILENO));
    out.text() += unattributed_text(analysis);
}

}  // namespace

int run_table_command(const TableCommand& command, std::span<const std::string> arguments) {
    auto parsed = parse_request(command, arguments);
    if (const Stop* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    Request& request = std::get<Request>(parsed);
    auto pass = FilePass::open(request.path, std::move(request.selection), true);
    if (!pass) {
        fmt::print(stderr, "pidcap {}: {}\n", command.name, pass.error().message);
        return kExitFailed;
    }
    forensics::Analysis analysis;
    const pcapng::Result<void> read =
        pass->each([&](const forensics::Packet& packet) { analysis.add(packet); });
    analysis.finish();
    const RowSet rows = command.rows(analysis);
    std::vector<size_t> order(rows.count);
    std::iota(order.begin(), order.end(), size_t{0});
    if (request.order) {
        order = sorted(rows, *request.order);
    }
    TextOutput out(STDOUT_FILENO, "standard output");
    switch (request.form) {
        case Form::kTable:
            print_table(command, analysis, order, out);
            break;
        case Form::kCsv:
            print_csv(rows, order, out);
            break;
        case Form::kJson:
            print_json(rows, order, out);
            break;
    }
    const pcapng::Result<void> written = out.finish();
    for (const pcapng::Result<void>* result : {&written, &read}) {
        if (!*result) {
            fmt::print(stderr, "pidcap {}: {}\n", command.name, result->error().message);
        }
    }
    return written && read ? kExitDone : kExitFailed;
}

}  // namespace cmd
