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

std::string default_host(const std::string& path) {
    if (path == "-") {
        return "stdin";
    }
    std::string name = path.substr(path.rfind('/') + 1);
    for (const std::string_view ending : {".gz", ".zst", ".pcapng", ".pcap", ".cap", ".ntar"}) {
        if (name.size() > ending.size() &&
            name.compare(name.size() - ending.size(), ending.size(), ending) == 0) {
            name.resize(name.size() - ending.size());
        }
    }
    return name;
}

// As long as a file's name: every packet has it.
constexpr size_t kMaxHost = 255;

// What is wrong with the hosts, if anything: files of one host are only meant to be that if it is
// said.
std::optional<Error> name_hosts(Request& request) {
    if (!request.hosts.empty()) {
        if (request.hosts.size() != request.inputs.size()) {
            return Error{fmt::format("--host is given {} times for {} files", request.hosts.size(),
                                     request.inputs.size())};
        }
        for (const std::string& host : request.hosts) {
            if (host.empty() || host.size() > kMaxHost) {
                return Error{host.empty() ? "--host: the name is empty"
                                          : fmt::format("--host: the name is longer than {} bytes",
                                                        kMaxHost)};
            }
        }
        return std::nullopt;
    }
    for (const std::string& input : request.inputs) {
        std::string host = default_host(input);
        if (std::find(request.hosts.begin(), request.hosts.end(), host) != request.hosts.end()) {
            return Error{fmt::format("two files of host {}: give the host of each file with --host",
                                     packet::printable(host))};
        }
        request.hosts.push_back(std::move(host));
    }
    return std::nullopt;
}

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
        const auto wrong = name_hosts(request);
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
