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
#include "cmd/offline/files_command.h"
#include "cmd/offline/result_file.h"
#include "forensics/source/source.h"
#include "packet/line/color.h"
#include "packet/line/text_output.h"

namespace cmd {
namespace {

struct Request {
    SelectedFiles files;
    std::optional<forensics::Order> order;
    TableStyle style;
};

constexpr std::string_view kSortHelp = R"(
  --sort COLUMN[,desc]
                by any column that --csv has
)";

std::variant<Request, Stop> parse_request(const TableCommand& command,
                                          std::span<const std::string> arguments) {
    CommandLine line(command.name);
    const FilesOptions files(line);
    const TableStyleOptions style(line);
    const Option& sort = line.value("--sort");
    const std::string help = fmt::format("{}{}{}", command.help, kSortHelp, kTableStyleHelp);
    if (auto stop = files.parse(arguments, help, kTableStatusHelp)) {
        return *stop;
    }
    Request request;
    OptionReader reader;
    style.read(reader, request.style);
    reader.once(sort, [&](const std::string& text) {
        return store(forensics::parse_order("--sort", text, command.columns),
                     request.order.emplace());
    });
    files.read(reader, request.files);
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

}  // namespace

int run_table_command(const TableCommand& command, std::span<const std::string> arguments) {
    auto parsed = parse_request(command, arguments);
    if (const Stop* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    Request& request = std::get<Request>(parsed);
    ignore_write_signals();
    auto& [paths, selection] = request.files;
    auto source = forensics::Source::open(paths);
    if (!source) {
        print_message("pidcap {}: {}\n", command.name, source.error().message);
        return kExitFailed;
    }
    FilePass pass(*source, selection, true);
    forensics::Analysis analysis(command.flows);
    const pcapng::Result<void> read =
        pass.each([&](const forensics::Packet& packet) { analysis.add(packet); });
    analysis.finish(source->address_names());
    tell_unmatched(command.name, selection, *source);
    const forensics::RowSet rows = command.rows(analysis);
    std::vector<size_t> order(rows.count);
    std::iota(order.begin(), order.end(), size_t{0});
    if (request.order) {
        order = forensics::sorted(rows, *request.order);
    }
    packet::TextOutput out(STDOUT_FILENO, "standard output");
    switch (request.style.form) {
        case TableForm::kTable:
            print_rows(command, analysis, order, out);
            break;
        case TableForm::kCsv:
            forensics::print_csv(rows, order, request.style.cells, out);
            break;
        case TableForm::kJson:
            forensics::print_json(rows, order, out);
            break;
    }
    const pcapng::Result<void> written = out.finish();
    print_skipped(command.name, *source);
    print_problems(command.name, selection);
    return exit_status(command.name, {&written, &read, &analysis.state()});
}

}  // namespace cmd
