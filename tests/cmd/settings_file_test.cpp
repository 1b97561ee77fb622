// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/settings_file.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "cmd/options.h"
#include "cmd/reload.h"
#include "tests/support/temporary_folder.h"

namespace {

using cmd::Options;
using cmd::parse_settings;
using cmd::ReloadPlan;
using cmd::Stop;
using Words = std::vector<std::string>;

std::string refusal_of(std::string_view text) {
    const auto file = parse_settings("/etc/pidcap/a.conf", text);
    REQUIRE_FALSE(file.ok());
    return file.error().message;
}

// A file of --config, and what comes of it with a command line.
class Config {
  public:
    explicit Config(const std::string& text) { write(text); }

    void write(const std::string& text) const { std::ofstream(path_) << text; }
    const std::string& path() const { return path_; }

    Options options(Words words = {}) const {
        const auto parsed = parse(std::move(words));
        if (const Stop* stop = std::get_if<Stop>(&parsed)) {
            FAIL(stop->text);
        }
        return std::get<Options>(parsed);
    }

    // The message, without "pidcap: ", the path, and where to find the help.
    std::string refusal(Words words = {}) const {
        const auto parsed = parse(std::move(words));
        const Stop* stop = std::get_if<Stop>(&parsed);
        REQUIRE(stop != nullptr);
        CHECK(stop->status == cmd::kExitUsage);
        std::string text = stop->text.substr(0, stop->text.find("\nTry"));
        REQUIRE(text.starts_with("pidcap: "));
        text.erase(0, 8);
        return text.starts_with(path_) ? text.substr(path_.size()) : text;
    }

  private:
    std::variant<Options, Stop> parse(Words words) const {
        words.insert(words.begin(), {"--config", path_});
        return cmd::parse_options(words);
    }

    test::TemporaryFolder folder_;
    std::string path_ = folder_.file("a.conf");
};

}  // namespace

TEST_CASE("a setting is a line: a name, and what stands behind the first equals sign") {
    const auto file = parse_settings("a",
                                     "# comment\n\n  ; too\r\n interface=any\r\n"
                                     "process = comm = \"a b\" and pid in {1, 2} # not a comment\n"
                                     "process-blocks\nfilter =\nwrite = [a]");
    REQUIRE(file.ok());
    REQUIRE(file->settings.size() == 5);
    CHECK(file->settings[0].name == "interface");
    CHECK(file->settings[0].value == "any");
    CHECK(file->settings[0].line == 4);
    CHECK(file->settings[1].value == "comm = \"a b\" and pid in {1, 2} # not a comment");
    CHECK_FALSE(file->settings[2].value);
    CHECK(file->settings[3].value == "");
    CHECK(file->settings[4].value == "[a]");
    CHECK(file->place_of(file->settings[4]) == "a:8");
}

TEST_CASE("what is no setting is refused with its line, and escaped") {
    CHECK_THAT(refusal_of("a = 1\n[section]\n"),
               Catch::StartsWith("/etc/pidcap/a.conf:2: [section]: "));
    CHECK_THAT(refusal_of("--interface = any"),
               Catch::Contains(":1: --interface: not a long option"));
    CHECK_THAT(refusal_of("-i = any"), Catch::Contains(":1: -i: not a long option"));
    CHECK_THAT(refusal_of("= any"), Catch::Contains(":1: "));
    CHECK_THAT(refusal_of("\x1b[2J = 1"), Catch::Contains("\\x1b[2J"));
    CHECK_THAT(refusal_of(std::string("a = 1\0", 6)), Catch::Contains(":1: a"));
    CHECK_THAT(refusal_of("root:x:0:0:root:/root:/bin/bash"), Catch::Contains(":1: "));
}

TEST_CASE("only a regular file of at most a mebibyte is read") {
    const test::TemporaryFolder folder;
    const auto message = [](const std::string& path) {
        const auto file = cmd::read_settings_file(path);
        return file.ok() ? std::string() : file.error().message;
    };
    CHECK_THAT(message(folder.file("none")), Catch::Contains("none: No such file"));
    CHECK_THAT(message("/dev/null"), Catch::Contains("not a regular file"));
    REQUIRE(mkfifo(folder.file("fifo").c_str(), 0600) == 0);
    CHECK_THAT(message(folder.file("fifo")), Catch::Contains("not a regular file"));
    std::ofstream(folder.file("large")) << std::string((1 << 20) + 1, '#');
    CHECK_THAT(message(folder.file("large")), Catch::Contains("larger than 1048576 bytes"));
    std::ofstream(folder.file("fits")) << std::string(1 << 20, '#');
    CHECK(message(folder.file("fits")).empty());
}

TEST_CASE("a file has the long options of a capture") {
    const Config config(
        "interface = eth0\ninterface = eth1\nwrite = a\nsnaplen = 96\ndirection = in\n"
        "count = 5\nfilter = udp port 53\nquiet\nverbose = yes\nprocess-blocks = on\n"
        "unattributed = no\ncomm = a*\nuser = 0\nrotate-size = 1M\nkeep-free = 2G\n"
        "buffer = 64\ncomments = short\n");
    const Options options = config.options();
    CHECK(options.interfaces == Words{"eth0", "eth1"});
    CHECK(options.output == "a");
    CHECK(options.snaplen == 96);
    CHECK_FALSE(options.out);
    CHECK(options.count == 5U);
    CHECK(options.filter == "udp port 53");
    CHECK((options.line.quiet && options.line.verbose == 1 && options.process_blocks));
    CHECK(options.rotation.size == 1U << 20);
    CHECK(options.rotation.keep_free == 2UL << 30);
    CHECK(options.buffer_kib == 64U);
    CHECK(options.comments == capture::Comments::kShort);
    CHECK(options.config == config.path());
}

TEST_CASE("the command line wins over the file, option by option") {
    const Config config(
        "interface = eth0\nwrite = a\nsnaplen = 96\nfilter = udp\nrotate-time = 10\n"
        "rotate-at-start\n");
    const Options options = config.options({"-i", "lo", "-i", "br0", "-s", "64", "-w", "b"});
    CHECK(options.interfaces == Words{"lo", "br0"});
    CHECK(options.output == "b");
    CHECK(options.snaplen == 64);
    CHECK(options.filter == "udp");
    CHECK(options.rotation.from_start);
    // These say the same thing in different words.
    CHECK(config.options({"tcp", "port", "1"}).filter == "tcp port 1");
    CHECK(config.options({"--filter", "icmp"}).filter == "icmp");
    const Options from_file = config.options({"-F", "f"});
    CHECK(from_file.filter.empty());
    CHECK(from_file.filter_file == "f");
    CHECK_FALSE(config.options({"--rotate-at-clock"}).rotation.from_start);
}

TEST_CASE("an error in the file names file and line") {
    CHECK(Config("interface = any\ninterfce = any\n").refusal() == ":2: interfce: no such option");
    CHECK(Config("help = yes\n").refusal() == ":1: help: only on the command line");
    CHECK(Config("config = b\n").refusal() == ":1: config: only on the command line");
    CHECK(Config("remove\n").refusal() == ":1: remove: no such option");  // that of setup-wireshark
    CHECK(Config("snaplen\n").refusal() == ":1: snaplen: needs a value, as in \"interface = any\"");
    CHECK(Config("quiet = perhaps\n").refusal() == ":1: quiet: perhaps is neither yes nor no");
    CHECK_THAT(Config("\nsnaplen = 0x\n").refusal(),
               Catch::StartsWith(":2: snaplen 0x: not a number"));
    CHECK_THAT(Config("write = a\nsnaplen = 1\nsnaplen = 2\n").refusal(),
               Catch::StartsWith(":3: snaplen is given twice"));
    CHECK_THAT(Config("comments = long\n").refusal(),
               Catch::StartsWith(":1: comments long: not one of"));
    CHECK_THAT(Config("comm = a\nuid = 0\nuid = no-such-user\n").refusal(),
               Catch::StartsWith(":3: ") && Catch::Contains("no-such-user"));
    CHECK_THAT(Config("\nprocess = comm ==\n").refusal(), Catch::StartsWith(":2: "));
    CHECK_THAT(Config("rotate-time = 5q\nwrite = a\n").refusal(), Catch::StartsWith(":1: "));
    CHECK_THAT(Config("rotate-time = 5\n").refusal(), Catch::Contains("add -w FILE"));
}

TEST_CASE("an error on the command line isn't blamed on the file") {
    const Config config("snaplen = 96\ncomm = a\n");
    CHECK_THAT(config.refusal({"-B", "0"}), Catch::StartsWith("--buffer 0"));
    CHECK_THAT(config.refusal({"--uid", "no-such-user"}), Catch::StartsWith("--user no-such-user"));
    CHECK_THAT(config.refusal({"--no-such"}), Catch::StartsWith("--no-such: no such option"));
    CHECK_THAT(config.refusal({"--config", "b"}), Catch::StartsWith("--config is given twice"));
}

TEST_CASE("the long names are for the command line, too, and messages keep the short ones") {
    const auto parsed = cmd::parse_options(Words{"--interface", "lo", "--write=a", "--snaplen", "7",
                                                 "--direction", "out", "--count", "3", "--verbose",
                                                 "--quiet", "--filter-file", "f"});
    REQUIRE(std::holds_alternative<Options>(parsed));
    const auto& options = std::get<Options>(parsed);
    CHECK((options.interfaces == Words{"lo"} && options.output == "a" && options.snaplen == 7));
    CHECK((options.count == 3U && options.line.verbose == 1 && options.line.quiet && !options.in));
    const auto wrong = cmd::parse_options(Words{"--count", "0"});
    CHECK_THAT(std::get<Stop>(wrong).text, Catch::StartsWith("pidcap: -c 0: "));
    const auto valueless = cmd::parse_options(Words{"--write"});
    CHECK_THAT(std::get<Stop>(valueless).text, Catch::StartsWith("pidcap: -w needs a value"));
}

TEST_CASE("a reload tells what can change now from what can't") {
    const Config config("interface = lo\nwrite = a\nrotate-size = 1M\ncomm = a\nsnaplen = 96\n");
    Options now = config.options({"-q"});
    const auto unchanged = cmd::plan_reload(now);
    REQUIRE(std::holds_alternative<ReloadPlan>(unchanged));
    CHECK(std::get<ReloadPlan>(unchanged).process_filter.empty());
    CHECK(std::get<ReloadPlan>(unchanged).rotation.empty());
    CHECK(std::get<ReloadPlan>(unchanged).others.empty());

    config.write(
        "interface = eth0\nwrite = a\nrotate-size = 2M\nkeep-free = 1G\nuser = 0\n"
        "rotate-time = 10\nsnaplen = 96\nquiet = no\n");
    const auto changed = cmd::plan_reload(now);
    REQUIRE(std::holds_alternative<ReloadPlan>(changed));
    const auto& plan = std::get<ReloadPlan>(changed);
    CHECK(plan.process_filter == Words{"comm", "uid"});
    CHECK(plan.rotation == Words{"keep-free", "rotate-size"});
    CHECK(plan.others == Words{"interface", "rotate-time"});
    CHECK(plan.options.rotation.size == 2U << 20);

    // What isn't in force yet is said again the next time.
    cmd::take_over(now, plan.options, plan.process_filter);
    cmd::take_over(now, plan.options, plan.rotation);
    const auto again = cmd::plan_reload(now);
    const auto& rest = std::get<ReloadPlan>(again);
    CHECK((rest.process_filter.empty() && rest.rotation.empty()));
    CHECK(rest.others == Words{"interface", "rotate-time"});
}

TEST_CASE("a reload of a file with an error has its place, and no plan") {
    const Config config("interface = lo\n");
    const Options now = config.options();
    config.write("interface = lo\nsnaplen = x\n");
    const auto planned = cmd::plan_reload(now);
    REQUIRE(std::holds_alternative<std::string>(planned));
    CHECK_THAT(std::get<std::string>(planned),
               Catch::StartsWith(config.path() + ":2: snaplen x: not a number"));
    CHECK_THAT(std::get<std::string>(planned), !Catch::Contains("--help"));
}
