// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/join.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/offline/file_hosts.h"
#include "cmd/offline/file_pass.h"
#include "cmd/offline/files_command.h"
#include "cmd/offline/flow_cells.h"
#include "cmd/offline/result_file.h"
#include "cmd/offline/table_look.h"
#include "forensics/analysis/row_text.h"
#include "forensics/join/joined_rows.h"
#include "forensics/source/source.h"
#include "packet/event/frame.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using forensics::Joined;
using forensics::JoinedHost;
using pcapng::Result;

constexpr std::string_view kCommand = "flows";

struct HostFiles {
    std::string host;
    std::vector<std::string> paths;
    forensics::Selection selection;
};

struct Request {
    std::vector<HostFiles> hosts;
    Look look;
};

// A host's files, read.
struct Host {
    std::string name;
    forensics::Source source;
    forensics::FlowTable flows;
    forensics::EvidenceTable evidence;
    Result<void> read = {};
};

// Refuses a file that is given for two hosts, which would be found to be the same as itself.
void refuse_same_files(const std::vector<HostFiles>& hosts, OptionReader& reader) {
    std::set<std::pair<dev_t, ino_t>> known;
    for (const HostFiles& host : hosts) {
        std::set<std::pair<dev_t, ino_t>> own;
        for (const std::string& path : host.paths) {
            struct stat status {};
            if (stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
                const std::pair id(status.st_dev, status.st_ino);
                reader.refuse_if(known.contains(id),
                                 fmt::format("{} is given for two hosts", packet::printable(path)));
                own.insert(id);
            }
        }
        known.merge(own);
    }
}

// The files of each host, with conditions of their own: those know how far they are.
Result<std::vector<HostFiles>> files_of_hosts(const SelectionOptions& options,
                                              std::vector<std::string> files,
                                              std::vector<std::string> hosts) {
    const std::vector<std::string> words = files;
    if (auto taken = selection_of(options, files); !taken) {
        return std::move(taken).error();
    }
    if (auto wrong = name_hosts(files, hosts)) {
        return *std::move(wrong);
    }
    std::vector<HostFiles> all;
    for (size_t i = 0; i < files.size(); ++i) {
        const auto known = std::ranges::find(all, hosts[i], &HostFiles::host);
        if (known != all.end()) {
            known->paths.push_back(files[i]);
            continue;
        }
        std::vector<std::string> again = words;
        auto selection = selection_of(options, again);
        if (!selection) {
            return std::move(selection).error();
        }
        all.push_back({hosts[i], {files[i]}, *std::move(selection)});
    }
    return all;
}

std::variant<Request, Stop> parse_request(std::span<const std::string> arguments) {
    CommandLine line(kCommand);
    const Option& help = line.flag("-h,--help");
    const Option& join = line.flag("--join");
    const Option& host = line.value("--host");
    const SelectionOptions selection(line);
    const LookOptions look(line);
    const Option& files = line.positionals("FILE");
    if (auto stop = line.parse(arguments)) {
        return *stop;
    }
    if (help.given()) {
        return help_of(kCommand);
    }
    Request request;
    OptionReader reader;
    look.read(forensics::joined_columns(), reader, request.look);
    reader.refuse_if(!join.given(), "--host is for --join");
    reader.refuse_if(
        selection.processes.values() != ProcessOptionValues{},
        "--join: a process is at one end only, so its packets can't be chosen at both");
    reader.refuse_if(std::ranges::count(files.values, "-") > 1,
                     "- is given twice, but standard input can be read only once");
    reader.take(files_of_hosts(selection, files.values, host.values), request.hosts);
    const std::string one =
        request.hosts.empty() ? "" : ", and all are of " + packet::printable(request.hosts[0].host);
    reader.refuse_if(request.hosts.size() < 2, "--join needs the files of two hosts" +
                                                   (files.values.size() < 2 ? "" : one) +
                                                   ": --host says of which each FILE is");
    refuse_same_files(request.hosts, reader);
    if (reader.error()) {
        return line.usage_error(reader.error()->message);
    }
    return request;
}

Result<void> read(HostFiles& files, const forensics::Crossings& names_packets,
                  std::deque<Host>& hosts) {
    auto source = forensics::Source::open(files.paths);
    if (!source) {
        return std::move(source).error();
    }
    source->set_host(files.host);
    Host& host = hosts.emplace_back(Host{.name = files.host,
                                         .source = *std::move(source),
                                         .flows = {},
                                         .evidence = forensics::EvidenceTable(names_packets)});
    FilePass pass(host.source, files.selection, true);
    host.read = pass.each([&](const forensics::Packet& packet) {
        if (!packet::is_event(packet)) {
            host.evidence.add(packet, host.flows.add(packet));
        }
    });
    host.flows.finish(host.source.address_names());
    tell_unmatched(kCommand, files.selection, host.source);
    print_skipped(kCommand, host.source);
    print_problems(kCommand, files.selection);
    return {};
}

constexpr auto kJoinHeadings = std::to_array<Heading>({{"SEEN BY"}, {"JOINED BY"}, {"BEHIND NAT"}});

std::vector<Cell> cells_of(const std::vector<JoinedHost>& hosts,
                           const forensics::JoinedConversation& conversation) {
    std::vector<Cell> cells = flow_cells(forensics::joined_flow(hosts, conversation), {});
    std::string names;
    for (const forensics::View& view : conversation.views) {
        names += (names.empty() ? "" : ", ") + hosts[view.host].name;
    }
    cells.push_back({cell_text(names, 80)});
    const bool is_joined = conversation.proof != forensics::Proof::kNone;
    cells.push_back({is_joined ? std::string(forensics::proof_name(conversation))
                               : fmt::format("({})", forensics::proof_name(conversation))});
    cells.push_back({forensics::translated_ends(hosts, conversation)});
    return cells;
}

std::string signed_seconds(int64_t ns) {
    const auto magnitude = static_cast<uint64_t>(ns < 0 ? -ns : ns);
    return fmt::format("{}{}.{:09} s", ns < 0 ? "-" : "+", magnitude / 1'000'000'000,
                       magnitude % 1'000'000'000);
}

// How far one host's clock is ahead of another's, as a line.
std::string offset_text(std::string_view from, std::string_view to,
                        const forensics::ClockOffset& offset) {
    const std::string clocks =
        fmt::format("clock of {} minus clock of {}", cell_text(to), cell_text(from));
    const forensics::OffsetBounds& bounds = offset.bounds;
    const std::string handshakes =
        fmt::format("{} handshake{}", offset.handshakes, offset.handshakes == 1 ? "" : "s");
    if (offset.handshakes == 0) {
        return fmt::format("{}: not known, as no handshake tells\n", clocks);
    }
    if (!offset.agree) {
        return fmt::format(
            "{}: {} to {}, but no one offset explains all {}: a clock was set or drifts\n", clocks,
            signed_seconds(bounds.low), signed_seconds(bounds.high), handshakes);
    }
    std::string when;
    forensics::append_time({bounds.at_ns}, when);
    const int64_t half = (bounds.high - bounds.low + 1) / 2;
    return fmt::format("{}: {}, at most {} off, at {} ({})\n", clocks,
                       signed_seconds(bounds.low + (bounds.high - bounds.low) / 2),
                       signed_seconds(half).substr(1), when, handshakes);
}

std::string offsets_text(const std::vector<JoinedHost>& hosts, const Joined& joined) {
    std::string text;
    for (const auto& [pair, offset] : joined.offsets) {
        text += offset_text(hosts[pair.first].name, hosts[pair.second].name, offset);
    }
    return text;
}

Result<void> print(const std::deque<Host>& read, const Look& look) {
    std::vector<JoinedHost> hosts;
    for (const Host& host : read) {
        hosts.push_back({host.name, host.flows.flows(), host.evidence});
    }
    const Joined joined = forensics::join(hosts);
    std::vector<Heading> headings(flow_headings().begin(), flow_headings().end());
    headings.insert(headings.end(), kJoinHeadings.begin(), kJoinHeadings.end());
    return print_rows(
        {.rows = {.columns = forensics::joined_columns(),
                  .count = joined.conversations.size(),
                  .make =
                      [&](size_t index, forensics::Row& row) {
                          forensics::joined_row(hosts, joined, index, row);
                      }},
         .headings = headings,
         .cells = [&](size_t row) { return cells_of(hosts, joined.conversations[row]); },
         .below = [&] { return offsets_text(hosts, joined); }},
        look);
}

}  // namespace

bool asks_for_join(std::span<const std::string> arguments) {
    const auto end = std::ranges::find(arguments, "--");
    return std::any_of(arguments.begin(), end, [](std::string_view word) {
        return word == "--join" || word.substr(0, word.find('=')) == "--host";
    });
}

int run_join(std::span<const std::string> arguments) {
    auto parsed = parse_request(arguments);
    if (const Stop* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    Request& request = std::get<Request>(parsed);
    ignore_write_signals();
    const forensics::Crossings names_packets;  // one, so that equal packets have one name in all
    std::deque<Host> hosts;
    for (HostFiles& files : request.hosts) {
        if (auto opened = read(files, names_packets, hosts); !opened) {
            return exit_status(kCommand, {&opened});
        }
    }
    const Result<void> written = print(hosts, request.look);
    int status = exit_status(kCommand, {&written});
    for (const Host& host : hosts) {
        status = std::max(status, exit_status(kCommand, {&host.read, &host.flows.state()}));
    }
    return status;
}

}  // namespace cmd
