// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cmd/filter.h"
#include "cmd/message.h"
#include "cmd/option_reader.h"
#include "forensics/select/link_filter.h"
#include "forensics/select/time_window.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using forensics::TimeBound;
using pcapng::Result;

// What the options say, up to the first error.
struct Said {
    ProcessChoice processes;
    std::string filter;
    std::vector<std::string> interfaces;
    std::vector<std::string> namespaces;
    std::optional<TimeBound> after;
    std::optional<TimeBound> before;
    std::optional<uint64_t> count;
};

void read_time(OptionReader& reader, const Option& option, std::optional<TimeBound>& to) {
    reader.once(option, [&](const std::string& text) {
        return store(forensics::parse_time(option.name, text), to);
    });
}

void read_names(OptionReader& reader, const Option& option, std::vector<std::string>& to) {
    reader.each(option, [&](const std::string& text) -> std::optional<Error> {
        to.push_back(text);
        return text.empty() || text == "!" ? std::optional(Error{option.name + ": no name"})
                                           : std::nullopt;
    });
}

Result<Said> read(const SelectionOptions& options) {
    Said said;
    ProcessOptionValues values = options.processes.values();
    values.of_file = true;
    auto processes = read_process_options(values);
    if (!processes) {
        return std::move(processes).error();
    }
    said.processes = *std::move(processes);
    OptionReader reader;
    reader.refuse_if(options.filter.given() && options.filter_file.given(),
                     "the filter is given twice: use one of --filter and -F");
    reader.once(options.filter, [&](const std::string& text) -> std::optional<Error> {
        said.filter = text;
        return std::nullopt;
    });
    reader.once(options.filter_file,
                [&](const std::string& name) { return store(read_expression(name), said.filter); });
    read_names(reader, options.interface, said.interfaces);
    read_names(reader, options.netns, said.namespaces);
    read_time(reader, options.after, said.after);
    read_time(reader, options.before, said.before);
    const bool comparable = said.after && said.before && said.after->from == said.before->from;
    reader.refuse_if(comparable && said.after->ns >= said.before->ns,
                     "--after and --before: there is no time between them");
    reader.number(options.count, 1, std::numeric_limits<uint64_t>::max(), said.count);
    if (reader.error()) {
        return *reader.error();
    }
    return said;
}

bool is_file(const std::string& word) {
    struct stat status {};
    return word == "-" || stat(word.c_str(), &status) == 0;
}

// Takes the words of the filter out of `files`. The first word is a file, whether there is one or
// not.
std::vector<std::string> take_filter(std::vector<std::string>& files, FilterWords which) {
    const auto stays = [which](const std::string& word) {
        return which == FilterWords::kNoFiles && is_file(word);
    };
    const auto begin =
        files.empty() ? files.end() : std::find_if_not(files.begin() + 1, files.end(), stays);
    std::vector<std::string> words(begin, files.end());
    files.erase(begin, files.end());
    return words;
}

}  // namespace

bool SelectionOptions::given() const {
    return processes.values() != ProcessOptionValues{} || filter.given() || filter_file.given() ||
           interface.given() || netns.given() || after.given() || before.given() || count.given();
}

std::string_view selection_help() {
    return R"(Which packets (all that is given must hold)
  --filter FILTER     those that an expression of pcap-filter(7) matches, as in: 'tcp port 443'.
                      Words behind FILE that are no files are such an expression, too
  -F FILE             the same from a file
  --interface NAME|GLOB
                      those of this interface: eth0, or netns/eth0 as the file names it
  --netns NAME|GLOB   those of the interfaces of this network namespace, as the file names it; "*":
                      of any but the capture's own
  --after TIME        from this time on: 2026-11-22T02:00:00.5 (local; or with Z or +02:00),
                      02:00:00 (on the day of the first packet), @1763650000.5 (seconds since
                      1970), 2026-11-22 (from its midnight on), +5s, +2m or +1h (after the first
                      packet)
  --before TIME       before this time
  -c N                the first N of them

Which processes (at either end; none given: every packet). Several values of one option are
alternatives, different options must all hold, a value after "!" is excluded; a GLOB may contain *,
? and [a-z]
  --pid N             processes with this pid
  --comm GLOB         processes with this name
  --exe GLOB          ... whose executable has this path
  --cmdline GLOB      ... with this command line, its arguments joined by one space
  --uid, --user USER|N
                      ... of this user: a number, or a name that the file itself tells
  --cgroup PATH|GLOB  ... in this cgroup or below it
  --container PREFIX  ... in the container whose id begins so; "*": in any
  --container-name GLOB
                      ... in the container of this name
  --image GLOB        ... in a container of this image: "*/nginx:*"
  --pod NAMESPACE/NAME|NAME
                      ... in this pod of Kubernetes; both may be a GLOB
  --unit NAME|GLOB    ... of this systemd unit
  --tree PID          processes with this pid and their descendants, as far as the file tells
  --process EXPR      processes for which this holds: 'comm = "nginx*" and not uid = 0'
  -f, --follow        and all that these processes have started, as far as the file tells
  --unattributed      only packets without a process
  --kernel            only packets that are the kernel's own
)";
}

Result<forensics::Selection> selection_of(const SelectionOptions& options,
                                          std::vector<std::string>& files, FilterWords which) {
    auto said = read(options);
    if (!said) {
        return std::move(said).error();
    }
    const std::vector<std::string> words = take_filter(files, which);
    if (!words.empty()) {
        if (!said->filter.empty()) {
            return Error{fmt::format("{}: no such file, and the filter is given already",
                                     packet::printable(words.front()))};
        }
        said->filter = fmt::format("{}", fmt::join(words, " "));
    }
    forensics::SelectionConditions conditions{
        .processes = conditions_of(said->processes, std::nullopt),
        .pids = said->processes.pids,
        .trees = said->processes.trees,
        .selections = packet::ProcessSelections(said->processes.selections),
        .interfaces = forensics::InterfaceChoice(said->interfaces, said->namespaces),
        .window = forensics::TimeWindow(said->after, said->before),
        .count = said->count,
    };
    if (!said->filter.empty()) {
        auto filter = forensics::LinkFilter::make(said->filter);
        if (!filter) {
            Error error = std::move(filter).error();
            if (!words.empty()) {
                error.message = fmt::format("{}: neither a file nor a filter: {}",
                                            packet::printable(words.front()), error.message);
            }
            return error;
        }
        conditions.filter = *std::move(filter);
    }
    return forensics::Selection(std::move(conditions));
}

void tell_unmatched(std::string_view command, const forensics::Selection& selection,
                    const forensics::Source& source) {
    for (const std::string& what : selection.unmatched(source)) {
        print_message("pidcap {}: no {} in {}\n", command, what, packet::printable(source.name()));
    }
}

}  // namespace cmd
