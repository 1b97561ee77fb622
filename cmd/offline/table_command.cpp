// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/table_command.h"

#include <optional>
#include <utility>

#include "capture/host_name.h"
#include "cmd/help.h"
#include "cmd/live/live_analysis.h"
#include "cmd/live/live_options.h"
#include "cmd/message.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/files_command.h"
#include "cmd/offline/result_file.h"
#include "cmd/offline/table_look.h"
#include "forensics/source/source.h"

namespace cmd {
namespace {

struct Request {
    SelectedFiles files;
    Look look;
};

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
    look.read(command.columns, reader, request.look);
    files.read(reader, request.files, kLiveInstead);
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
    }
    return request;
}

// Prints all rows; `host`: see process_cell(). An error is of standard output.
pcapng::Result<void> print(const TableCommand& command, const Look& look,
                           const forensics::Analysis& analysis, std::string_view host) {
    return print_rows({.rows = command.rows(analysis),
                       .headings = command.headings,
                       .cells = [&](size_t row) { return command.cells(analysis, row, host); },
                       .below = [&] { return unattributed_text(analysis); }},
                      look);
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
    options.read(command.columns, reader, look);
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
    analysis.finish(live.address_names());
    const pcapng::Result<void> written = print(command, look, analysis, capture::host_name());
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
    source->read_ahead();
    FilePass pass(*source, selection, true);
    forensics::Analysis analysis(command.flows);
    const pcapng::Result<void> read =
        pass.each([&](const forensics::Packet& packet) { analysis.add(packet); });
    analysis.finish(source->address_names());
    tell_unmatched(command.name, selection, *source);
    const pcapng::Result<void> written = print(command, request.look, analysis, source->host());
    print_skipped(command.name, *source);
    print_problems(command.name, selection);
    return exit_status(command.name, {&written, &read, &analysis.state()});
}

}  // namespace cmd
