// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/top_options.h"

#include <catch2/catch.hpp>
#include <string>
#include <variant>
#include <vector>

#include "cmd/process_filter_options.h"

using Arguments = std::vector<std::string>;

TEST_CASE("every option that chooses processes chooses them in top") {
    cmd::CommandLine line("top");
    const cmd::ProcessFilterOptions processes(line);
    REQUIRE_FALSE(line.parse(Arguments{}));
    REQUIRE(processes.all.size() >= 17);
    for (const cmd::Option* option : processes.all) {
        INFO(option->name);
        Arguments arguments{"--once", option->name};
        if (option->kind == cmd::Option::Kind::kValue) {
            arguments.emplace_back(option == &processes.process ? "pid = 1"
                                   : option == &processes.exe || option == &processes.cgroup ? "/1"
                                                                                             : "1");
        }
        if (option == &processes.follow) {  // needs somebody to follow
            arguments.insert(arguments.end(), {"--pid", "1"});
        }
        auto parsed = cmd::parse_top_options(arguments);
        REQUIRE(std::holds_alternative<cmd::TopOptions>(parsed));
        const auto& options = std::get<cmd::TopOptions>(parsed);
        CHECK_THAT(options.processes_text, Catch::Contains(option->name));
        CHECK(options.capture.settings.contains(option->name.substr(2)));
    }
}
