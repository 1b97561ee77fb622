// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/merge.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/offline/file_hosts.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/progress.h"
#include "cmd/offline/result_file.h"
#include "cmd/option_reader.h"
#include "forensics/rewrite/merging.h"
#include "forensics/source/source.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using forensics::Merging;
using pcapng::Result;

constexpr std::string_view kCommand = "merge";

struct Request {
    std::vector<std::string> inputs;
    std::vector<std::string> hosts;  // of each
    std::string output;
    FileMode mode;
};

std::variant<Request, Stop> parse_request(std::span<const std::string> arguments) {
    CommandLine line(kCommand);
    const Option& help = line.flag("-h,--help");
    const Option& output = line.value("-w");
    const Option& mode = line.value("--mode");
    const Option& host = line.value("--host");
    const Option& files = line.positionals("FILE");
    if (auto stop = line.parse(arguments)) {
        return *stop;
    }
    if (help.given()) {
        return help_of(kCommand);
    }
    Request request;
    request.inputs = files.values;
    OptionReader reader;
    reader.refuse_if(request.inputs.empty(), "no input file given");
    reader.path(output, request.output);
    reader.mode(mode, request.mode);
    reader.refuse_if(!output.given(), "-w FILE is required");
    reader.refuse_if(std::count(request.inputs.begin(), request.inputs.end(), "-") > 1,
                     "- is given twice, but standard input can be read only once");
    request.hosts = host.values;
    if (!reader.error()) {
        const auto wrong = name_hosts(request.inputs, request.hosts);
        reader.refuse_if(wrong.has_value(), wrong ? wrong->message : "");
    }
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
    }
    return request;
}

void say(const Error& error) {
    print_message("pidcap merge: {}\n", error.message);
}

Result<Merging> open_all(const Request& request) {
    std::vector<forensics::HostFile> files;
    for (size_t i = 0; i < request.inputs.size(); i++) {
        files.push_back({request.inputs[i], request.hosts[i]});
    }
    FileProgress progress(STDERR_FILENO);
    return Merging::open(
        files, [&](const std::string& path, uint64_t bytes) { progress.line(path, bytes); });
}

Result<packet::PacketCount> write(Merging& merging, const Request& request) {
    auto output = open_result(request.output, request.inputs, request.mode);
    if (!output) {
        return std::move(output).error();
    }
    FileProgress progress(STDERR_FILENO);
    return merging.write(*std::move(output),
                         [&](const forensics::Source& from) { progress.packet(from); });
}

}  // namespace

int run_merge(std::span<const std::string> arguments) {
    auto parsed = parse_request(arguments);
    if (const auto* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    const auto& request = std::get<Request>(parsed);
    ignore_write_signals();
    auto merging = open_all(request);
    if (!merging) {
        say(merging.error());
        return kExitFailed;
    }
    const auto written = write(*merging, request);
    merging->each_source([](const forensics::Source& source) { print_skipped(kCommand, source); });
    const std::vector<Error> problems = merging->problems();
    for (const Error& problem : problems) {
        say(problem);
    }
    const bool broken = !problems.empty();
    if (!written) {
        if (written.error().code == EPIPE && request.output == "-" && !broken) {
            return kExitDone;
        }
        say(written.error());
        return kExitFailed;
    }
    print_message("pidcap merge: {} into {}\n", written->text(),
                  request.output == "-" ? "stdout" : packet::printable(request.output));
    tell_keys(kCommand, merging->keys(), request.output);
    for (const std::string& name : merging->left_texts_out()) {
        print_message("pidcap merge: {}: {}\n", packet::printable(name), kLeftTextsOut);
    }
    const bool incomplete = say_left_out(kCommand, merging->left_out());
    return broken || incomplete ? kExitFailed : kExitDone;
}

}  // namespace cmd
