// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/table_command.h"

#include <unistd.h>

#include <cstdio>
#include <numeric>
#include <optional>
#include <utility>

#include "cmd/help.h"
#include "cmd/live/live_analysis.h"
#include "cmd/live/live_options.h"
#include "cmd/message.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/files_command.h"
#include "cmd/offline/result_file.h"
#include "forensics/source/source.h"
#include "packet/line/color.h"
#include "packet/line/text_output.h"

namespace cmd {
namespace {

// Which rows come first, and in which form they are printed.
struct Look {
    std::optional<forensics::Order> order;
    TableStyle style;
};

struct Request {
    SelectedFiles files;
    Look look;
};

// The options of both kinds of source.
struct LookOptions {
    const Option& sort;
    TableStyleOptions style;

    explicit LookOptions(CommandLine& line) : sort(line.value("--sort")), style(line) {}
};

void read_look(const TableCommand& command, const LookOptions& options, OptionReader& reader,
               Look& look) {
    options.style.read(reader, look.style);
    reader.once(options.sort, [&](const std::string& text) {
        return store(forensics::parse_order("--sort", text, command.columns), look.order.emplace());
    });
}

std::variant<Request, Stop> parse_request(const TableCommand& command,
                                          std::span<const std::string> arguments) {
    CommandLine line(command.name);
    const FilesOptions files(line);
    const LookOptions look(line);
    if (auto stop = files.parse(arguments)) {
        return *stop;
    }
    Request request;
    OptionReader reader;
    read_look(command, look, reader, request.look);
    files.read(reader, request.files, kLiveInstead);
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
    switch (look.style.form) {
        case TableForm::kTable:
            print_rows(command, analysis, order, out);
            break;
        case TableForm::kCsv:
            forensics::print_csv(rows, order, look.style.cells, out);
            break;
        case TableForm::kJson:
            forensics::print_json(rows, order, out);
            break;
    }
    return out.finish();
}

int run_live_table(const TableCommand& command, std::span<const std::string> arguments) {
    LiveLine line(command.name);
    const Option& help = line.own().flag("-h,--help");
    const LookOptions options(line.own());
    if (auto stop = line.parse(arguments)) {
        return say(*stop);
    }
    if (help.given()) {
        return say(help_of(command.name));
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
    const pcapng::Result<void> written = print(command, look, analysis);
    return written ? status : exit_status(command.name, {&written});
}

}  // namespace

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
    const pcapng::Result<void> written = print(command, request.look, analysis);
    print_skipped(command.name, *source);
    print_problems(command.name, selection);
    return exit_status(command.name, {&written, &read, &analysis.state()});
}

}  // namespace cmd
