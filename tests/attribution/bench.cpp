// SPDX-License-Identifier: GPL-2.0-only
//
// The attribution bench: plays scenarios with processes that it knows, captures them with pidcap,
// and scores every packet. It fails on what isn't right unless docs/limitations.md says why.
#include <sys/utsname.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "tests/attribution/hooks.h"
#include "tests/attribution/limits.h"
#include "tests/attribution/report.h"
#include "tests/attribution/run.h"

namespace bench {
namespace {

struct Options {
    std::string hook = "tc";
    std::string only;
    std::string title;
    std::string json;
    std::string limitations = LIMITATIONS;
    std::string pidcap = PIDCAP_PROGRAM;
    std::string tracing;
    bool together = false;
    std::vector<std::string> markdown;
    bool list = false;
    bool verbose = false;
};

Scenarios chosen(const std::string& pattern, test::Hook hook) {
    Scenarios scenarios;
    for (Scenario& scenario : scenarios_at(hook)) {
        if (scenario.name.find(pattern) != std::string::npos) {
            scenarios.push_back(std::move(scenario));
        }
    }
    return scenarios;
}

int print_markdown(const std::vector<std::string>& files) {
    std::vector<std::string> runs;
    for (const std::string& file : files) {
        std::ifstream stream(file);
        runs.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    }
    std::fputs(markdown(runs).c_str(), stdout);
    return 0;
}

int play(const Options& options) {
    utsname system{};
    uname(&system);
    const std::vector<Limit> limits = read_limits(options.limitations);
    const test::Hook hook = *test::hook_of(options.hook);
    Captures captures{hook, options.together, {options.pidcap}};
    if (!options.tracing.empty()) {
        captures.pidcap.insert(captures.pidcap.end(), {"--tracing", options.tracing});
    }
    const std::vector<Row> rows = run(chosen(options.only, hook), captures);
    const std::vector<std::string> failed = complaints(rows, limits, system.release, hook);
    for (const std::string& line : failed) {  // first: a long log may be cut
        std::printf("FAILED %s\n", line.c_str());
    }
    std::fputs(table(rows).c_str(), stdout);
    if (!options.json.empty()) {
        std::ofstream file(options.json);
        file << json(rows, options.title.empty() ? system.release : options.title);
        if (!file.flush()) {
            std::fprintf(stderr, "can't write %s\n", options.json.c_str());
            return 1;
        }
    }
    if (options.verbose || !options.only.empty()) {
        for (const Row& row : rows) {
            for (const std::string& failure : row.failures) {
                std::printf("%s: %s\n", row.name.c_str(), failure.c_str());
            }
        }
    }
    return failed.empty() ? 0 : 1;
}

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Plays traffic of known processes and scores what pidcap says about each packet.");
    app.add_flag("--list", options.list, "Print the names of the scenarios");
    app.add_option("--only", options.only, "Play those with this in their name");
    app.add_option("--hook", options.hook, "Where pidcap takes packets; default: tc")
        ->check(CLI::IsMember({"tc", "xdp", "cgroup"}));
    app.add_option("--pidcap", options.pidcap, "The program");
    app.add_option("--tracing", options.tracing, "Passed on to pidcap");
    app.add_flag(
        "--together", options.together,
        "One capture of all network namespaces, not one at each place: a slow machine takes "
        "long to start several");
    app.add_option("--limitations", options.limitations, "The list of what isn't right, and why");
    app.add_flag("--verbose", options.verbose,
                 "Show packets that aren't right; default with --only");
    app.add_option("--json", options.json, "Write the result to this file, too");
    app.add_option("--title", options.title, "What the run is called there; default: the kernel");
    app.add_option("--markdown", options.markdown, "Only print a table of these results");
    CLI11_PARSE(app, argc, argv);
    if (options.list) {
        for (const Scenario& scenario : chosen(options.only, *test::hook_of(options.hook))) {
            std::printf("%s\n", scenario.name.c_str());
        }
        return 0;
    }
    try {
        return options.markdown.empty() ? play(options) : print_markdown(options.markdown);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "%s\n", problem.what());
        return 2;
    }
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    return bench::main(argc, argv);
}
