// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/report.h"

#include <unistd.h>

#include <deque>
#include <string_view>
#include <variant>
#include <vector>

#include "cmd/help.h"
#include "cmd/live/live_analysis.h"
#include "cmd/live/live_options.h"
#include "cmd/message.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/files_command.h"
#include "cmd/offline/result_file.h"
#include "cmd/sudo_caller.h"
#include "forensics/analysis/analysis.h"
#include "forensics/analysis/timeline.h"
#include "forensics/report/report.h"
#include "forensics/report/report_page.h"
#include "forensics/select/selection.h"
#include "forensics/source/source.h"
#include "packet/event/frame.h"

namespace cmd {
namespace {

using pcapng::Result;

constexpr std::string_view kCommand = "report";

struct Request {
    SelectedFiles files;
    std::string output = "-";
    FileMode mode;
};

// The options of both kinds of source.
struct PageOptions {
    const Option& output;
    const Option& mode;

    explicit PageOptions(CommandLine& line)
        : output(line.value("-o")), mode(line.value("--mode")) {}
};

void read_page(const PageOptions& options, OptionReader& reader, Request& request) {
    reader.path(options.output, request.output);
    reader.mode(options.mode, request.mode);
    reader.refuse_if(request.output == "-" && isatty(STDOUT_FILENO) != 0,
                     "the page is for a browser, not for the terminal: name a file with -o");
}

std::variant<Request, Stop> parse_request(std::span<const std::string> arguments) {
    CommandLine line(kCommand);
    const FilesOptions files(line);
    const PageOptions options(line);
    if (auto stop = files.parse(arguments)) {
        return *stop;
    }
    Request request;
    OptionReader reader;
    files.read(reader, request.files, kLiveInstead);
    read_page(options, reader, request);
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

// Packets and events in, the page out.
class PageMaker {
  public:
    explicit PageMaker(forensics::FlowTable::Options options) : analysis_(options) {}

    void add(const forensics::Packet& packet) {
        const forensics::FlowTable::Found found = analysis_.add(packet);
        if (packet::is_event(packet)) {
            events_.add(packet);
        } else {
            timeline_.add(packet, found.counted);
        }
    }
    forensics::Analysis& analysis() { return analysis_; }

    // `read`: of the source. False if it or the page isn't whole; says so.
    bool finish(const std::string& name, const std::deque<forensics::Process>& processes,
                const Result<void>& read, pcapng::Output& output) {
        forensics::Report report = forensics::make_report(name, processes, analysis_, timeline_);
        forensics::add_events(report, events_, analysis_.processes());
        for (const Result<void>* result : {&read, &analysis_.state()}) {
            if (!*result) {
                report.problems.push_back(result->error().message);
                (void)fail(result->error());
            }
        }
        const auto written = write_page(output, forensics::page_of(report));
        return written ? read && analysis_.state() : fail(written.error()) == kExitDone;
    }

  private:
    forensics::Analysis analysis_;
    forensics::Timeline timeline_;
    forensics::ReportedEvents events_;
};

int run_live_report(std::span<const std::string> arguments) {
    LiveLine line(kCommand);
    const Option& help = line.own().flag("-h,--help");
    const PageOptions options(line.own());
    if (auto stop = line.parse(arguments)) {
        return say(*stop);
    }
    if (help.given()) {
        return say(help_of(kCommand));
    }
    Request request;
    OptionReader reader;
    read_page(options, reader, request);
    if (reader.error()) {
        return say(line.own().usage_error(reader.error()->message));
    }
    auto capture = line.capture();
    if (const auto* stop = std::get_if<Stop>(&capture)) {
        return say(*stop);
    }
    Result<pcapng::Output> output = Error{};
    const auto opened =
        act_as_caller([&] { output = open_result(request.output, {}, request.mode); });
    if (!opened || !output) {
        return fail(opened ? output.error() : opened.error());
    }
    PageMaker page(in_memory({.questions = true}));
    LiveAnalysis live([&](const packet::Packet& packet) { page.add(packet); });
    const int status = run_live(std::get<Options>(std::move(capture)), live);
    if (!live.finished()) {
        return status;
    }
    page.analysis().finish(live.address_names());
    return page.finish("a running capture", live.processes(), {}, *output) ? status : kExitFailed;
}

}  // namespace

int run_report(std::span<const std::string> arguments) {
    if (is_live(arguments)) {
        return run_live_report(arguments);
    }
    auto parsed = parse_request(arguments);
    if (const auto* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    auto& request = std::get<Request>(parsed);
    ignore_write_signals();
    auto& [inputs, selection] = request.files;
    auto source = forensics::Source::open(inputs);
    if (!source) {
        return fail(source.error());
    }
    auto output = open_result(request.output, inputs, request.mode);
    if (!output) {
        return fail(output.error());
    }
    PageMaker page({.questions = true});
    source->read_ahead();
    const Result<void> read =
        FilePass(*source, selection, true).each([&](const forensics::Packet& packet) {
            page.add(packet);
        });
    page.analysis().finish(source->address_names());
    print_skipped(kCommand, *source);
    print_problems(kCommand, selection);
    tell_unmatched(kCommand, selection, *source);
    return page.finish(source->name(), source->processes(), read, *output) ? kExitDone
                                                                           : kExitFailed;
}

}  // namespace cmd
