// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/manual.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cmd/help.h"
#include "packet/filter/process_expression.h"

using cmd::CommandLine;
using Words = std::vector<std::string>;

namespace {

// What parse() says to a line of `pidcap merge` with one option.
std::optional<cmd::Stop> declared(void (*declare)(CommandLine& line)) {
    CommandLine line("merge");
    declare(line);
    return line.parse(Words{});
}

size_t lines_of(std::string_view text) {
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("a command takes the options that are described, and no other ones") {
    CHECK_FALSE(declared([](CommandLine& line) { line.value("--host"); }));
    CHECK_FALSE(declared([](CommandLine& line) { line.flag("-h,--help"); }));
    CHECK_FALSE(declared([](CommandLine& line) { line.flag("-h", "--help"); }));
    CHECK_FALSE(declared([](CommandLine& line) { line.unlisted_flag("-U"); }));
    for (const auto wrong : {+[](CommandLine& line) { line.flag("--no-such"); },
                             +[](CommandLine& line) { line.value("--no-such"); },
                             +[](CommandLine& line) { line.optional_value("--host"); },
                             +[](CommandLine& line) { line.flag("--host"); },
                             +[](CommandLine& line) { line.flag("--help"); },
                             +[](CommandLine& line) { line.value("--host,--name"); },
                             +[](CommandLine& line) { line.value("--host", "-H"); }}) {
        const auto stop = declared(wrong);
        REQUIRE(stop);
        CHECK(stop->status == cmd::kExitFailed);
        CHECK_THAT(stop->text, Catch::StartsWith("pidcap merge: --") &&
                                   Catch::Contains("isn't described so in docs/manual/"));
    }
}

TEST_CASE("an option that a subcommand declares has to be described, too") {
    CommandLine line("merge");
    line.subcommand("doctor").flag("--host");
    const auto stop = line.parse(Words{});
    REQUIRE(stop);
    CHECK_THAT(stop->text, Catch::StartsWith("pidcap doctor: --host"));
}

TEST_CASE("the helps and topics fit a terminal of 100 columns, and topics 50 lines") {
    std::vector<std::string_view> texts{cmd::overview()};
    for (const cmd::DescribedCommand& command : cmd::described_commands()) {
        texts.push_back(command.help);
    }
    REQUIRE(texts.size() >= 18);
    for (const cmd::Topic& topic : cmd::topics()) {
        INFO(topic.name);
        CHECK(lines_of(topic.text) <= 50);
        texts.push_back(topic.text);
    }
    for (std::string_view rest : texts) {
        while (!rest.empty()) {
            const size_t end = rest.find('\n');
            INFO(rest.substr(0, end));
            CHECK(end <= 102);  // bytes: "…" has three
            rest.remove_prefix(end + 1);
        }
    }
}

TEST_CASE("every field of the topic fields is one of an expression") {
    const cmd::Topic* topic = cmd::find_topic("fields");
    REQUIRE(topic != nullptr);
    size_t fields = 0;
    std::string_view rest = topic->text;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(line.size() + 1);
        if (!line.starts_with("  ") || line.starts_with("   ")) {
            continue;
        }
        // "  uid, gid      its effective user and group"
        std::string_view names = line.substr(2);
        names = names.substr(0, names.find("  "));
        while (!names.empty()) {
            const std::string_view name = names.substr(0, names.find(", "));
            names.remove_prefix(std::min(name.size() + 2, names.size()));
            INFO(name);
            const auto parsed = packet::parse_process_expression(std::string(name) + " = 1");
            CHECK(std::holds_alternative<packet::ProcessExpression>(parsed));
            fields++;
        }
    }
    CHECK(fields == 21);
}

TEST_CASE("pidcap help has the help of each command, and each topic") {
    for (const cmd::DescribedCommand& command : cmd::described_commands()) {
        const cmd::Stop stop = cmd::help_about(Words{std::string(command.name)});
        INFO(command.name);
        const cmd::Topic* topic = cmd::find_topic(command.name);
        if (topic != nullptr) {  // events, tls
            CHECK_THAT(stop.text,
                       Catch::StartsWith(std::string(topic->text)) &&
                           Catch::Contains("pidcap " + std::string(command.name) + " --help"));
        } else if (!command.name.empty()) {
            CHECK(stop.text == command.help);
        }
        CHECK(stop.status == (command.name.empty() ? cmd::kExitUsage : cmd::kExitDone));
    }
    CHECK(cmd::help_about(Words{"rotation"}).text == cmd::find_topic("rotation")->text);
    const std::string overview = cmd::help_about(Words{}).text;
    for (const char* name : {"  read ", "  setup-wireshark ", "  exit-status ", "  wireshark "}) {
        CHECK_THAT(overview, Catch::Contains(name));
    }
}

TEST_CASE("pidcap help names the topics, and the nearest, if there is none of that name") {
    const auto said = [](const std::string& name) {
        const cmd::Stop stop = cmd::help_about(Words{name});
        CHECK(stop.status == cmd::kExitUsage);
        CHECK_THAT(stop.text, Catch::Contains("exit-status, expressions, fields, filters"));
        return stop.text.substr(0, stop.text.find('\n'));
    };
    const std::string none = ": no such command or topic";
    CHECK(said("filter") == "pidcap help: filter" + none + "; did you mean filters?");
    CHECK(said("prviliges") == "pidcap help: prviliges" + none + "; did you mean privileges?");
    CHECK(said("proc") == "pidcap help: proc" + none + "; did you mean processes?");
    CHECK(said("xyzzy") == "pidcap help: xyzzy" + none);
    CHECK(said("\x1b") == "pidcap help: \\x1b" + none);
    CHECK(cmd::help_about(Words{"read", "flows"}).status == cmd::kExitUsage);
}
