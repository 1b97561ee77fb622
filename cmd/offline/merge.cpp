// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/merge.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cmd/offline/progress.h"
#include "cmd/offline/result_file.h"
#include "cmd/option_reader.h"
#include "forensics/rewrite/rewriter.h"
#include "forensics/rewrite/section.h"
#include "forensics/source/input_file.h"
#include "forensics/source/told.h"
#include "packet/comment.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using forensics::End;
using forensics::InputFile;
using forensics::Packet;
using forensics::Rewriter;
using pcapng::Result;

constexpr std::string_view kCommand = "merge";

constexpr std::string_view kHelp = R"(Usage: pidcap merge FILE… -w OUT

Writes the packets of several files, pcapng or pcap, into one pcapng file, in the order of their
times. The same pid in different files is a different process: each packet's comment gets the key
host, and interfaces are called HOST/NAME. Clocks are taken as they are. "-" is stdin or stdout.

  -w OUT        the file
  --host NAME   the host of a FILE; repeatable, one for each in their order. By default a file's
                name without folder and ending. A file that was merged keeps its hosts.
  -h, --help    this text

A file that isn't in order itself keeps its order: each packet comes after those before it. tcpdump
reads OUT only if all interfaces have the same link type and snaplen.

Exit status: 0 done; 1 failed, or a FILE is broken: what was readable is written; 2 wrong usage.
)";

struct Request {
    std::vector<std::string> inputs;
    std::vector<std::string> hosts;  // of each
    std::string output;
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
    const Option& host = line.value("--host");
    const Option& files = line.positionals("FILE");
    if (auto stop = line.parse(arguments)) {
        return *stop;
    }
    if (help.given()) {
        return Stop{kExitDone, std::string(kHelp)};
    }
    Request request;
    request.inputs = files.values;
    OptionReader reader;
    reader.refuse_if(request.inputs.empty(), "no input file given");
    reader.path(output, request.output);
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

// A file and its packet that is next.
struct Merged {
    std::unique_ptr<InputFile> file;
    std::string host;
    Result<const Packet*> packet = nullptr;
    uint64_t time_ns = 0;  // of the packet, or of the one before it that has a time

    bool has_packet() const { return packet && *packet != nullptr; }
    void next() {
        packet = file->next();
        if (has_packet()) {
            time_ns = (*packet)->time_ns.value_or(time_ns);
        }
    }
};

// A process that no comment of pidcap's names would be the same as that of another host with its
// pid: it gets one.
class HostComment {
  public:
    std::string_view of(const Packet& packet, const pcapng::PacketRead* block) {
        text_.clear();
        if (!packet.attributed() || forensics::has_pidcap_comment(block)) {
            return {};
        }
        append(packet.self, {});
        forensics::append_at(text_, packet.self_at, packet.direction);
        append(packet.peer, packet::kPeerPrefix);
        return text_;
    }

  private:
    void append(const End& end, std::string_view prefix) {
        if (end.process == nullptr) {
            if (prefix.empty()) {  // a comment begins with pid or via
                packet::append_key(text_, "via", end.via.empty() ? "unknown" : end.via);
            }
            return;
        }
        const forensics::Process& process = *end.process;
        packet::append_process(text_,
                               {.pid = process.pid,
                                .tid = end.tid,
                                .comm = process.comm,
                                .exe = process.exe,
                                .uid = end.uid ? end.uid : process.uid,
                                .start_ns = process.start_ns},
                               end.via, prefix);
    }

    std::string text_;
};

void say(const Error& error) {
    fmt::print(stderr, "pidcap merge: {}\n", error.message);
}

// Of equal times the earlier file's.
Merged* first_of(std::vector<Merged>& files) {
    Merged* first = nullptr;
    for (Merged& file : files) {
        if (file.has_packet() && (first == nullptr || file.time_ns < first->time_ns)) {
            first = &file;
        }
    }
    return first;
}

Result<uint64_t> write(std::vector<Merged>& files, Rewriter& rewriter) {
    FileProgress progress(STDERR_FILENO);
    HostComment comment;
    for (Merged& file : files) {
        rewriter.add_input(*file.file, {.all_packets = true, .host = file.host});
    }
    while (Merged* file = first_of(files)) {
        progress.packet(file->file->source());
        const Packet& packet = **file->packet;
        const auto input = static_cast<size_t>(file - files.data());
        auto written = rewriter.packet(input, packet, comment.of(packet, file->file->block()));
        if (!written) {
            return written.error();
        }
        file->next();
    }
    if (auto finished = rewriter.finish(); !finished) {
        return finished.error();
    }
    return rewriter.packets();
}

Result<std::vector<Merged>> open_all(const Request& request) {
    std::vector<Merged> files;
    for (size_t i = 0; i < request.inputs.size(); i++) {
        auto file = InputFile::open(request.inputs[i]);
        if (!file) {
            return std::move(file).error();
        }
        Merged& merged = files.emplace_back();
        merged.file = *std::move(file);
        merged.host = request.hosts[i];
        merged.next();
        if (!merged.packet && merged.file->source().interfaces().empty()) {
            return std::move(merged.packet).error();
        }
    }
    return files;
}

Result<uint64_t> merge(std::vector<Merged>& files, const Request& request) {
    std::vector<forensics::Host> hosts;
    for (const Merged& file : files) {
        hosts.push_back({file.host, *file.file});
    }
    auto output = open_result(request.output, request.inputs);
    if (!output) {
        return std::move(output).error();
    }
    auto rewriter = Rewriter::create(*std::move(output), forensics::section_of(hosts));
    if (!rewriter) {
        return std::move(rewriter).error();
    }
    return write(files, *rewriter);
}

}  // namespace

int run_merge(std::span<const std::string> arguments) {
    auto parsed = parse_request(arguments);
    if (const auto* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    const auto& request = std::get<Request>(parsed);
    ignore_write_signals();
    auto files = open_all(request);
    if (!files) {
        say(files.error());
        return kExitFailed;
    }
    const auto written = merge(*files, request);
    bool broken = false;
    for (const Merged& file : *files) {
        if (!file.packet) {
            say(file.packet.error());
            broken = true;
        }
    }
    if (!written) {
        if (written.error().code == EPIPE && request.output == "-" && !broken) {
            return kExitDone;
        }
        say(written.error());
        return kExitFailed;
    }
    fmt::print(stderr, "pidcap merge: {} packets into {}\n", *written,
               request.output == "-" ? "stdout" : packet::printable(request.output));
    return broken ? kExitFailed : kExitDone;
}

}  // namespace cmd
