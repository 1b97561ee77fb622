// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/report.h"

#include <unistd.h>

#include <string_view>
#include <variant>

#include "cmd/message.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/files_command.h"
#include "cmd/offline/result_file.h"
#include "forensics/analysis/analysis.h"
#include "forensics/analysis/timeline.h"
#include "forensics/report/report.h"
#include "forensics/report/report_page.h"
#include "forensics/source/source.h"
#include "packet/event/frame.h"

namespace cmd {
namespace {

using pcapng::Result;

constexpr std::string_view kCommand = "report";

constexpr std::string_view kHelp = R"(Usage: pidcap report [options] FILE... [FILTER] -o PAGE

Writes what FILE tells as one HTML page: its processes, their traffic over time, conversations,
talkers, names, DNS questions and failed handshakes, and its events. The page needs no other file
and makes no requests. FILE is a capture of pidcap or of another tool, compressed or not; "-" is
standard input. Several files are read one after the other, as one.

  -o PAGE       the page's file, which is replaced; "-": standard output, also without -o where that
                is no terminal
  --mode MODE   the mode of a file that is made, as 640; by default 600
  -h, --help    this text

)";

constexpr std::string_view kStatus = R"(
Exit status: 0 done; 1 failed, or FILE is broken: what was readable is in the page, which says so;
2 wrong usage.
)";

struct Request {
    SelectedFiles files;
    std::string output = "-";
    FileMode mode;
};

std::variant<Request, Stop> parse_request(std::span<const std::string> arguments) {
    CommandLine line(kCommand);
    const FilesOptions files(line);
    const Option& output = line.value("-o");
    const Option& mode = line.value("--mode");
    if (auto stop = files.parse(arguments, kHelp, kStatus)) {
        return *stop;
    }
    Request request;
    OptionReader reader;
    files.read(reader, request.files);
    reader.path(output, request.output);
    reader.mode(mode, request.mode);
    reader.refuse_if(request.output == "-" && isatty(STDOUT_FILENO) != 0,
                     "the page is for a browser, not for the terminal: name a file with -o");
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
    }
    return request;
}

Result<void> write_page(pcapng::Output& output, std::string_view page) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(page.data());
    if (auto written = output.append({bytes, page.size()}); !written) {
        return written;
    }
    return output.close();
}

int fail(const Error& error) {
    print_message("pidcap report: {}\n", error.message);
    return kExitFailed;
}

}  // namespace

int run_report(std::span<const std::string> arguments) {
    auto parsed = parse_request(arguments);
    if (const auto* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    auto& request = std::get<Request>(parsed);
    auto& [inputs, selection] = request.files;
    ignore_write_signals();
    auto source = forensics::Source::open(inputs);
    if (!source) {
        return fail(source.error());
    }
    auto output = open_result(request.output, inputs, request.mode);
    if (!output) {
        return fail(output.error());
    }
    forensics::Analysis analysis({.questions = true});
    forensics::Timeline timeline;
    forensics::ReportedEvents events;
    const Result<void> read =
        FilePass(*source, selection, true).each([&](const forensics::Packet& packet) {
            const forensics::FlowTable::Found found = analysis.add(packet);
            if (packet::is_event(packet)) {
                events.add(packet);
            } else {
                timeline.add(packet, found.counted);
            }
        });
    analysis.finish(source->address_names());
    print_skipped(kCommand, *source);
    print_problems(kCommand, selection);
    tell_unmatched(kCommand, selection, *source);
    forensics::Report report =
        forensics::make_report(source->name(), source->processes(), analysis, timeline);
    forensics::add_events(report, events, analysis.processes());
    for (const Result<void>* result : {&read, &analysis.state()}) {
        if (!*result) {
            report.problems.push_back(result->error().message);
            (void)fail(result->error());
        }
    }
    if (auto written = write_page(*output, forensics::page_of(report)); !written) {
        return fail(written.error());
    }
    return read && analysis.state() ? kExitDone : kExitFailed;
}

}  // namespace cmd
