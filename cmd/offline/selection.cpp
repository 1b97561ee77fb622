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
                     "--after must be earlier than --before");
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
