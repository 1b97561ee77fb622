// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/command_line.h"

#include <array>
#include <catch2/catch.hpp>

#include "cmd/option_reader.h"

using cmd::CommandLine;
using cmd::Option;
using cmd::OptionReader;
using Words = std::vector<std::string>;

namespace {

// A command with an option of each kind.
struct Line {
    CommandLine line{"example"};
    const Option& quiet = line.flag("-q,--quiet");
    const Option& verbose = line.flag("-v");
    const Option& buffer = line.value("-B,--buffer");
    const Option& output = line.value("-w");
    const Option& files = line.positionals("FILE");

    explicit Line(const Words& arguments) {
        const auto stop = line.parse(arguments);
        INFO((stop ? stop->text : ""));
        REQUIRE_FALSE(stop);
    }
};

std::string refusal(const Words& arguments) {
    CommandLine line("example");
    line.flag("-q,--quiet");
    line.value("-w");
    line.positionals("FILE");
    const auto stop = line.parse(arguments);
    REQUIRE(stop);
    CHECK(stop->status == cmd::kExitUsage);
    return stop->text;
}

}  // namespace

TEST_CASE("options and words may be mixed, and short ones bundled") {
    const Line line({"a", "-vqvB7", "b", "-wx", "--buffer=8", "--buffer", "9", "-"});
    CHECK(line.quiet.given());
    CHECK(line.verbose.count() == 2);
    CHECK(line.buffer.values == Words{"7", "8", "9"});
    CHECK(line.output.values == Words{"x"});
    CHECK(line.files.values == Words{"a", "b", "-"});
}

TEST_CASE("a value option takes one value, whatever it looks like") {
    const Line line({"-w", "[a,b]", "c", "-w", "-q", "-w", ""});
    CHECK(line.output.values == Words{"[a,b]", "-q", ""});
    CHECK_FALSE(line.quiet.given());
    CHECK(line.files.values == Words{"c"});
}

TEST_CASE("words are taken as they are, and after -- all are words") {
    CHECK(Line({"[a,b]", "", "{}", "%%"}).files.values == Words{"[a,b]", "", "{}", "%%"});
    const Line line({"-q", "--", "-v", "--quiet"});
    CHECK(line.quiet.count() == 1);
    CHECK(line.files.values == Words{"-v", "--quiet"});
}

TEST_CASE("a usage error names the option, and the command whose help to read") {
    CHECK(refusal({"-w"}) == "pidcap: -w needs a value\nTry 'pidcap example --help'.\n");
    CHECK_THAT(refusal({"-x"}), Catch::Contains("-x: no such option"));
    CHECK_THAT(refusal({"--no\x1b"}), Catch::Contains("--no\\x1b: no such option"));
}

TEST_CASE("what a line without positionals doesn't know is left to the caller") {
    CommandLine line("example");
    const Option& quiet = line.flag("-q");
    CommandLine& sub = line.subcommand("sub");
    const Option& json = sub.flag("--json");
    CHECK_FALSE(line.parse(Words{"tcp", "-x", "-q"}));
    CHECK(line.others() == Words{"tcp", "-x"});
    CHECK(quiet.given());
    CHECK(line.any_option_given());
    CHECK_FALSE(sub.given());
    CHECK_FALSE(json.given());
}

TEST_CASE("a subcommand has the arguments after its name") {
    CommandLine line("example");
    line.flag("-q");
    CommandLine& sub = line.subcommand("sub");
    const Option& json = sub.flag("--json");
    CHECK_FALSE(line.parse(Words{"sub", "--json", "stray"}));
    CHECK(sub.count() == 1);
    CHECK(json.given());
    CHECK(sub.others() == Words{"stray"});
    CHECK_FALSE(line.any_option_given());
}

TEST_CASE("a reader keeps the first error, by the long name of the option") {
    const Line line({"-B", "x", "-w", "a", "-w", "b"});
    OptionReader reader;
    uint32_t buffer = 1;
    std::string output;
    reader.number(line.buffer, 1, 9, buffer);
    reader.path(line.output, output);
    REQUIRE(reader.error());
    CHECK(reader.error()->message == "--buffer x: not a number from 1 to 9");
    CHECK(buffer == 1);
    CHECK(output.empty());
}

TEST_CASE("a command that reads one file refuses none and two") {
    const auto error = [](const Words& arguments) {
        OptionReader reader;
        std::string file;
        reader.only_file(Line(arguments).files.values, file);
        return reader.error() ? reader.error()->message : file;
    };
    CHECK(error({"a"}) == "a");
    CHECK(error({}) == "no input file given");
    CHECK(error({"a", "b"}) == "more than one input file given");
}

TEST_CASE("a word that is not one of those allowed is answered with them") {
    static constexpr std::array<std::pair<std::string_view, int>, 2> kWords{{{"a", 1}, {"b", 2}}};
    int meaning = 0;
    OptionReader reader;
    reader.word(Line({"-w", "b"}).output, kWords, meaning);
    CHECK(meaning == 2);
    reader.word(Line({"-w", "c\n"}).output, kWords, meaning);
    REQUIRE(reader.error());
    CHECK(reader.error()->message == "-w c\\x0a: not one of a, b");
}
