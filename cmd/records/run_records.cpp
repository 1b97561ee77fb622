// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/records/run_records.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "capture/host_name.h"
#include "cmd/help.h"
#include "cmd/live/live_options.h"
#include "cmd/message.h"
#include "cmd/offline/file_hosts.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/result_file.h"
#include "cmd/offline/selection.h"
#include "cmd/records/flow_records.h"
#include "cmd/records/record_options.h"
#include "forensics/source/source.h"

namespace cmd {
namespace {

using pcapng::Result;

constexpr std::string_view kCommand = "flows";

// The options of both kinds of source.
struct OwnOptions {
    explicit OwnOptions(CommandLine& line)
        : help(line.flag("-h,--help")),
          json(line.flag("--json")),
          sort(line.value("--sort")),
          csv(line.flag("--csv")),
          csv_safe(line.flag("--csv-safe")),
          records(line) {}

    const Option& help;
    const Option& json;  // which they are
    const Option& sort;
    const Option& csv;
    const Option& csv_safe;
    DeclaredRecordOptions records;
};

RecordOptions read_own(const OwnOptions& declared, OptionReader& reader) {
    const bool of_table =
        declared.sort.given() || declared.csv.given() || declared.csv_safe.given();
    reader.refuse_if(of_table, "--sort, --csv and --csv-safe are for a table: records are JSON");
    return read_record_options(declared.records, reader);
}

int fail(const Error& error) {
    print_message("pidcap flows: {}\n", error.message);
    return kExitFailed;
}

void say_all(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
        print_message("pidcap flows: {}\n", line);
    }
}

int run_live_records(std::span<const std::string> arguments) {
    LiveLine line(kCommand);
    const OwnOptions declared(line.own());
    if (auto stop = line.parse(arguments)) {
        return say(*stop);
    }
    if (declared.help.given()) {
        return say(help_of(kCommand));
    }
    OptionReader reader;
    const RecordOptions options = read_own(declared, reader);
    if (reader.error()) {
        return say(line.own().usage_error(reader.error()->message));
    }
    auto capture = line.capture();
    if (const auto* stop = std::get_if<Stop>(&capture)) {
        return say(*stop);
    }
    auto records = FlowRecords::make(options, RecordSource::kCapture, capture::host_name());
    if (!records) {
        return fail(records.error());
    }
    LiveRecords live(*records);
    return run_live(std::get<Options>(std::move(capture)), live);
}

// Hands the selected packets on. An error is the file's, or that of an output.
Result<void> pass_on(forensics::Source& source, forensics::Selection& selection,
                     FlowRecords& records) {
    FilePass pass(source, selection, true);
    size_t named = 0;  // of the file's names of addresses
    while (true) {
        const FilePass::Next packet = pass.next();
        if (!packet) {
            return packet.error();
        }
        if (*packet == nullptr) {
            return {};
        }
        const std::span<const packet::NamedAddress> all = source.address_names();
        records.name_addresses(all.subspan(named));
        named = all.size();
        if (auto added = records.add(**packet); !added) {
            return added;
        }
    }
}

int run_file_records(std::span<const std::string> arguments) {
    CommandLine line(kCommand);
    const SelectionOptions selecting(line);
    const OwnOptions declared(line);
    const Option& files = line.positionals("FILE");
    if (auto stop = line.parse(arguments)) {
        return say(*stop);
    }
    if (declared.help.given()) {
        return say(help_of(kCommand));
    }
    OptionReader reader;
    const RecordOptions options = read_own(declared, reader);
    std::vector<std::string> paths = files.values;
    forensics::Selection selection;
    reader.take(selection_of(selecting, paths), selection);
    reader.refuse_if(paths.empty(), "no input file given; -i or --live captures in place of one");
    if (reader.error()) {
        return say(line.usage_error(reader.error()->message));
    }
    ignore_write_signals();
    auto source = forensics::Source::open(paths);
    if (!source) {
        return fail(source.error());
    }
    auto records = FlowRecords::make(options, RecordSource::kFile, one_host(paths));
    if (!records) {
        return fail(records.error());
    }
    if (auto opened = records->open(-1); !opened) {
        return fail(opened.error());
    }
    const Result<void> passed = pass_on(*source, selection, *records);
    const Result<void> finished = records->finish();
    tell_unmatched(kCommand, selection, *source);
    print_skipped(kCommand, *source);
    print_problems(kCommand, selection);
    say_all(records->take_notices());
    say_all(records->end_lines());
    for (const Result<void>* result : {&passed, &finished}) {
        if (!*result && result->error().code != EPIPE) {
            return fail(result->error());
        }
    }
    return kExitDone;
}

}  // namespace

bool asks_for_records(std::span<const std::string> arguments) {
    constexpr std::array<std::string_view, 8> kOptions = {
        "--records", "--idle", "--active", "--most-flows",
        "--names",   "--to",   "--ipfix",  "--ipfix-enterprise"};
    const auto end = std::ranges::find(arguments, "--");
    return std::any_of(arguments.begin(), end, [&](std::string_view word) {
        return std::ranges::find(kOptions, word.substr(0, word.find('='))) != kOptions.end();
    });
}

int run_records(std::span<const std::string> arguments) {
    return is_live(arguments) ? run_live_records(arguments) : run_file_records(arguments);
}

}  // namespace cmd
