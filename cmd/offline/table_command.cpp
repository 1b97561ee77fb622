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
    std::string path;
    forensics::Selection selection;
    std::optional<forensics::Order> order;
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
        return store(forensics::parse_order("--sort", text, command.columns),
                     request.order.emplace());
    });
    reader.take(selection_of(selection), request.selection);
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
    }
    request.form = csv.given() ? Form::kCsv : json.given() ? Form::kJson : Form::kTable;
    return request;
}

void print_table(const TableCommand& command, const forensics::Analysis& analysis,
                 const std::vector<size_t>& order, packet::TextOutput& out) {
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
    ignore_write_signals();
    auto source = forensics::Source::open(request.path);
    if (!source) {
        print_message("pidcap {}: {}\n", command.name, source.error().message);
        return kExitFailed;
    }
    FilePass pass(*source, request.selection, true);
    forensics::Analysis analysis;
    const pcapng::Result<void> read =
        pass.each([&](const forensics::Packet& packet) { analysis.add(packet); });
    analysis.finish(source->address_names());
    const forensics::RowSet rows = command.rows(analysis);
    std::vector<size_t> order(rows.count);
    std::iota(order.begin(), order.end(), size_t{0});
    if (request.order) {
        order = forensics::sorted(rows, *request.order);
    }
    packet::TextOutput out(STDOUT_FILENO, "standard output");
    switch (request.form) {
        case Form::kTable:
            print_table(command, analysis, order, out);
            break;
        case Form::kCsv:
            forensics::print_csv(rows, order, out);
            break;
        case Form::kJson:
            forensics::print_json(rows, order, out);
            break;
    }
    const pcapng::Result<void> written = out.finish();
    for (const pcapng::Result<void>* result : {&written, &read}) {
        if (!*result) {
            print_message("pidcap {}: {}\n", command.name, result->error().message);
        }
    }
    return written && read ? kExitDone : kExitFailed;
}

}  // namespace cmd
