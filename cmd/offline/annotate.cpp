// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/annotate.h"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/progress.h"
#include "cmd/offline/result_file.h"
#include "cmd/option_reader.h"
#include "forensics/analysis/flow_owners.h"
#include "forensics/rewrite/annotation.h"
#include "forensics/rewrite/rewriter.h"
#include "forensics/select/selection.h"
#include "forensics/source/input_file.h"

namespace cmd {
namespace {

using forensics::FlowOwners;
using forensics::InputFile;
using forensics::Packet;
using forensics::Rewriter;
using pcapng::Result;

constexpr std::string_view kCommand = "annotate";

struct Request {
    std::string input;
    std::string table;
    std::string output;
    FileMode mode;
};

std::variant<Request, Stop> parse_request(std::span<const std::string> arguments) {
    CommandLine line(kCommand);
    const Option& help = line.flag("-h,--help");
    const Option& table = line.value("--from");
    const Option& output = line.value("-w");
    const Option& mode = line.value("--mode");
    const Option& files = line.positionals("FILE");
    if (auto stop = line.parse(arguments)) {
        return *stop;
    }
    if (help.given()) {
        return help_of(kCommand);
    }
    Request request;
    OptionReader reader;
    reader.only_file(files.values, request.input);
    reader.path(table, request.table);
    reader.refuse_if(!table.given(),
                     "--from TABLE is required: the output of `pidcap flows --json`");
    reader.path(output, request.output);
    reader.mode(mode, request.mode);
    reader.refuse_if(!output.given(), "-w FILE is required");
    reader.refuse_if(request.input == "-" && request.table == "-",
                     "- is given twice, but standard input can be read only once");
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
    }
    return request;
}

struct Counts {
    uint64_t packets = 0;
    uint64_t annotated = 0;
};

// A broken file's error is `broken`; what comes back is of writing.
Result<void> copy(InputFile& input, Result<const Packet*> first, const FlowOwners& owners,
                  Rewriter& rewriter, Counts& counts, Result<void>& broken) {
    forensics::Selection everything;
    FilePass pass(input, std::move(first), everything);
    forensics::Annotation annotation(owners);
    Result<const Packet*> packet = pass.next();
    for (; packet && *packet != nullptr; packet = pass.next()) {
        const std::string_view comment = annotation.comment(**packet, input.block());
        if (auto written = rewriter.packet(0, **packet, comment); !written) {
            return written;
        }
        counts.annotated += comment.empty() ? 0 : 1;
    }
    counts.packets = pass.read().packets;
    if (!packet) {
        broken = packet.error();
    }
    return rewriter.finish();
}

int fail(const Error& error) {
    print_message("pidcap annotate: {}\n", error.message);
    return kExitFailed;
}

Result<Rewriter> open_output(const Request& request, InputFile& input) {
    const std::vector<std::string> inputs = {request.input, request.table};
    auto output = open_result(request.output, inputs, request.mode);
    if (!output) {
        return std::move(output).error();
    }
    return Rewriter::create(*std::move(output), input, {.all_packets = true});
}

}  // namespace

int run_annotate(std::span<const std::string> arguments) {
    auto parsed = parse_request(arguments);
    if (const auto* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    const auto& request = std::get<Request>(parsed);
    ignore_write_signals();
    FileProgress progress(STDERR_FILENO);
    const auto owners = FlowOwners::read(
        request.table, [&](uint64_t bytes) { progress.line(request.table, bytes); });
    progress.erase();
    if (!owners) {
        return fail(owners.error());
    }
    auto input = InputFile::open(request.input);
    if (!input) {
        return fail(input.error());
    }
    (*input)->read_keys_ahead([&](uint64_t bytes) { progress.line(request.input, bytes); });
    progress.erase();
    Result<const Packet*> first = (*input)->next();
    if (!first && (*input)->source().interfaces().empty()) {
        return fail(first.error());
    }
    auto rewriter = open_output(request, **input);
    if (!rewriter) {
        return fail(rewriter.error());
    }
    Counts counts;
    Result<void> broken;
    const auto written = copy(**input, std::move(first), *owners, *rewriter, counts, broken);
    print_skipped(kCommand, (*input)->source());
    if (!broken) {
        (void)fail(broken.error());
    }
    if (!written) {
        const bool left = written.error().code == EPIPE && request.output == "-";
        return left && broken ? kExitDone : fail(written.error());
    }
    print_message("pidcap annotate: {} of {} packets have a process now, of {} conversations\n",
                  counts.annotated, counts.packets, owners->rows());
    tell_keys(kCommand, rewriter->keys(), request.output);
    const bool incomplete = say_left_out(kCommand, rewriter->left_out());
    return broken && !incomplete ? kExitDone : kExitFailed;
}

}  // namespace cmd
