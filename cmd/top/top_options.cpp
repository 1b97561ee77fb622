// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/top_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "cmd/command_line.h"
#include "cmd/help.h"
#include "cmd/option_reader.h"
#include "cmd/process_filter_options.h"
#include "cmd/values.h"

namespace cmd {
namespace {

struct Declared {
    CommandLine line{"top"};
    const Option& delay = line.value("-d,--delay");
    const Option& count = line.value("-n,--count");
    const Option& once = line.flag("--once");
    const Option& json = line.flag("--json");
    const Option& view = line.value("--view");
    const Option& sort = line.value("--sort");
    const Option& hook = line.value("--hook");
    const Option& interface = line.value("-i,--interface");
    const Option& netns = line.value("--netns");
    const Option& tracing = line.value("--tracing");
    const Option& btf = line.value("--btf");
    const Option& filter = line.value("--filter");
    const Option& filter_file = line.value("-F,--filter-file");
    ProcessFilterOptions processes{line};
    const Option& help = line.flag("-h,--help");
    const Option& words = line.positionals("FILTER");
};

void add_values(std::vector<std::string>& words, const std::string& name, const Option& option) {
    for (const std::string& value : option.values) {
        words.push_back(name);
        words.push_back(value);
    }
}

std::vector<std::string> where_words(const Declared& declared) {
    std::vector<std::string> words;
    add_values(words, "--hook", declared.hook);
    add_values(words, "--interface", declared.interface);
    add_values(words, "--netns", declared.netns);
    add_values(words, "--tracing", declared.tracing);
    add_values(words, "--btf", declared.btf);
    add_values(words, "--filter", declared.filter);
    add_values(words, "--filter-file", declared.filter_file);
    if (!declared.hook.given() && !declared.interface.given() && !declared.netns.given()) {
        words.insert(words.end(), {"--hook", "cgroup"});
    }
    words.insert(words.end(), declared.words.values.begin(), declared.words.values.end());
    return words;
}

void add_process_words(std::vector<std::string>& words, const ProcessFilterOptions& processes) {
    for (const Option* option : processes.all) {
        if (option->kind == Option::Kind::kValue) {
            add_values(words, option->name, *option);
        } else if (option->given()) {
            words.push_back(option->name);
        }
    }
}

}  // namespace

std::variant<TopOptions, Stop> parse_top_options(std::span<const std::string> arguments) {
    Declared declared;
    if (auto wrong = declared.line.parse(arguments)) {
        return *wrong;
    }
    if (declared.help.given()) {
        return help_of(declared.line.name());
    }
    TopOptions options;
    options.where = where_words(declared);
    std::vector<std::string> words;
    add_process_words(words, declared.processes);
    options.processes_text = fmt::format("{}", fmt::join(words, " "));
    words.insert(words.end(), options.where.begin(), options.where.end());
    auto capture = parse_options(words);
    if (const auto* stop = std::get_if<Stop>(&capture)) {
        return *stop;
    }
    options.capture = std::get<Options>(std::move(capture));
    OptionReader reader;
    reader.once(declared.delay, [&](const std::string& text) {
        return store(parse_duration("-d", text), options.delay);
    });
    constexpr uint64_t kMostTimes = 1'000'000'000;
    reader.once(declared.count, [&](const std::string& text) -> std::optional<Error> {
        return store(parse_number("-n", text, 1, kMostTimes), options.count.emplace());
    });
    reader.word(declared.view, kTopViews, options.view);
    reader.word(declared.sort, kTopSorts, options.sort);
    options.once = declared.once.given();
    options.json = declared.json.given();
    reader.refuse_if(options.once && options.count, "--once and -n: give one of them");
    if (reader.error()) {
        return declared.line.usage_error(reader.error()->message);
    }
    return options;
}

}  // namespace cmd
