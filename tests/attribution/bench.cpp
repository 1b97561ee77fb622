// SPDX-License-Identifier: GPL-2.0-only
//
// The attribution bench: plays scenarios with processes that it knows, captures them with pidcap,
// and scores every packet. It fails on what isn't right unless docs/limitations.md says why.
#include <getopt.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

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
    for (const Row& row : rows) {
        const bool complained = std::any_of(failed.begin(), failed.end(), [&](const auto& line) {
            return line.starts_with(row.name + ":");
        });
        if (!complained && !options.verbose && options.only.empty()) {
            continue;
        }
        for (const std::string& failure : row.failures) {
            std::printf("%s: %s\n", row.name.c_str(), failure.c_str());
        }
    }
    return failed.empty() ? 0 : 1;
}

constexpr const char* kUsage =
    R"(Usage: attribution_bench [options]
       attribution_bench --markdown FILE...

Plays traffic of known processes and scores what pidcap says about each packet.

  --list              Print the names of the scenarios
  --only TEXT         Play those with this in their name
  --hook tc|xdp|cgroup
                      Where pidcap takes packets; default: tc
  --pidcap FILE       The program
  --tracing WORD      Passed on to pidcap
  --together          One capture of all network namespaces, not one at each place: a slow machine
                      takes long to start several
  --limitations FILE  The list of what isn't right, and why
  --verbose           Show packets that aren't right; default with --only,
                      and of scenarios that fail
  --json FILE         Write the result to this file, too
  --title TEXT        What the run is called there; default: the kernel
  --markdown FILE...  Only print a table of these results
  --help              Print this text
)";

constexpr int kExitUsage = 2;

// Fills the options. Returns the status to exit with, or nothing to go on.
std::optional<int> parse(int argc, char** argv, Options& options) {
    enum Letter {
        kList = 1,
        kOnly,
        kHook,
        kPidcap,
        kTracing,
        kTogether,
        kLimitations,
        kVerbose,
        kJson,
        kTitle,
        kMarkdown,
        kHelp
    };
    static constexpr std::array<option, 13> kOptions{{
        {"list", no_argument, nullptr, kList},
        {"only", required_argument, nullptr, kOnly},
        {"hook", required_argument, nullptr, kHook},
        {"pidcap", required_argument, nullptr, kPidcap},
        {"tracing", required_argument, nullptr, kTracing},
        {"together", no_argument, nullptr, kTogether},
        {"limitations", required_argument, nullptr, kLimitations},
        {"verbose", no_argument, nullptr, kVerbose},
        {"json", required_argument, nullptr, kJson},
        {"title", required_argument, nullptr, kTitle},
        {"markdown", no_argument, nullptr, kMarkdown},
        {"help", no_argument, nullptr, kHelp},
        {},
    }};
    bool markdown = false;
    for (int letter = 0; (letter = getopt_long(argc, argv, "", kOptions.data(), nullptr)) != -1;) {
        switch (letter) {
            case kList:
                options.list = true;
                break;
            case kOnly:
                options.only = optarg;
                break;
            case kHook:
                options.hook = optarg;
                break;
            case kPidcap:
                options.pidcap = optarg;
                break;
            case kTracing:
                options.tracing = optarg;
                break;
            case kTogether:
                options.together = true;
                break;
            case kLimitations:
                options.limitations = optarg;
                break;
            case kVerbose:
                options.verbose = true;
                break;
            case kJson:
                options.json = optarg;
                break;
            case kTitle:
                options.title = optarg;
                break;
            case kMarkdown:
                markdown = true;
                break;
            case kHelp:
                std::fputs(kUsage, stdout);
                return 0;
            default:  // getopt_long has said what is wrong
                std::fputs(kUsage, stderr);
                return kExitUsage;
        }
    }
    options.markdown.assign(argv + optind, argv + argc);
    if (markdown == options.markdown.empty() || !test::hook_of(options.hook)) {
        std::fputs(kUsage, stderr);
        return kExitUsage;
    }
    return std::nullopt;
}

int main(int argc, char** argv) {
    Options options;
    if (const auto status = parse(argc, argv, options)) {
        return *status;
    }
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
