// SPDX-License-Identifier: GPL-2.0-only
//
// From options to the expression: what it holds for says what it means.
#include "cmd/process_options.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "cmd/options.h"

using packet::Process;
using packet::ProcessExpression;
using packet::Truth;
using packet::Via;

namespace {

// The number of the process that has this pid now.
uint32_t number_of(uint32_t pid) {
    return 1000 + pid;
}

// Of every root the descendants that a test says.
class FamilyTrees : public packet::ProcessTrees {
  public:
    std::set<std::pair<uint32_t, uint32_t>> pairs;

    bool contains(const packet::ProcessReference& root, const Process& process) const override {
        return root.is(process) || pairs.contains({root.pid, process.pid});
    }
};

std::variant<cmd::Options, cmd::Stop> parse(const std::vector<std::string>& arguments) {
    return cmd::parse_options(arguments);
}

std::string refusal(const std::vector<std::string>& arguments) {
    const auto parsed = parse(arguments);
    const auto* stop = std::get_if<cmd::Stop>(&parsed);
    REQUIRE(stop != nullptr);
    REQUIRE(stop->status == cmd::kExitUsage);
    return stop->text;
}

ProcessExpression expression_of(const std::vector<std::string>& arguments,
                                std::optional<uint32_t> command = std::nullopt) {
    const auto parsed = parse(arguments);
    if (const auto* stop = std::get_if<cmd::Stop>(&parsed)) {
        FAIL(stop->text);
    }
    const auto conditions =
        cmd::conditions_of(std::get<cmd::Options>(parsed).process_filter, command);
    const auto resolved =
        conditions.expression.resolved([](uint32_t pid) { return std::optional(number_of(pid)); });
    REQUIRE(resolved.ok());
    return *resolved;
}

bool wants(const std::vector<std::string>& arguments, const Process& process) {
    return expression_of(arguments).evaluate({&process, process.uid, process.gid, process.user},
                                             FamilyTrees()) == Truth::kTrue;
}

Process make_process(uint32_t pid = 1) {
    Process process;
    process.number = number_of(pid);
    process.pid = pid;
    process.uid = 0;
    process.gid = 0;
    return process;
}

Process named(const char* comm) {
    Process process = make_process();
    process.comm = comm;
    return process;
}

}  // namespace

TEST_CASE("without options about processes everything is wanted") {
    CHECK(expression_of({"-i", "lo"}).is_always_true());
}

TEST_CASE("several values of an option are joined by or, different options by and") {
    const std::vector<std::string> options = {"--comm", "curl", "--comm", "wget",
                                              "--uid",  "1000", "--user", "33"};
    const auto wants_these = [&](const char* comm, uint32_t uid) {
        Process process = named(comm);
        process.uid = uid;
        return wants(options, process);
    };
    CHECK(wants_these("curl", 1000));
    CHECK(wants_these("wget", 33));
    CHECK_FALSE(wants_these("curl", 0));
    CHECK_FALSE(wants_these("nginx", 33));
}

TEST_CASE("values of --pid and --tree are alternatives where they are two lists of one question") {
    const auto choice =
        cmd::read_process_options({.pid = {"1"}, .tree = {"7"}, .pid_or_tree = true});
    REQUIRE(choice.ok());
    const ProcessExpression either = cmd::conditions_of(*choice, std::nullopt).expression;
    const auto holds = [&either](uint32_t pid) {
        const Process process = make_process(pid);
        FamilyTrees trees;
        trees.pairs = {{7, 8}};
        return either.evaluate({&process, process.uid, process.gid, process.user}, trees) ==
               Truth::kTrue;
    };
    CHECK(holds(1));
    CHECK(holds(7));
    CHECK(holds(8));
    CHECK_FALSE(holds(2));
}

TEST_CASE("a value behind an exclamation mark is excluded, whatever else is wanted") {
    CHECK_FALSE(wants({"--comm", "!curl"}, named("curl")));
    CHECK(wants({"--comm", "!curl"}, named("wget")));
    const std::vector<std::string> both = {"--comm", "!c?rl", "--comm", "c*", "--comm", "!cat"};
    CHECK(wants(both, named("cut")));
    CHECK_FALSE(wants(both, named("curl")));
    CHECK_FALSE(wants(both, named("cat")));
    CHECK_FALSE(wants(both, named("wget")));
    CHECK(wants({"--comm", "\\!x"}, named("!x")));
    CHECK_FALSE(wants({"--pid", "!7"}, make_process(7)));
    CHECK(wants({"--pid", "!7"}, make_process(8)));
    CHECK_FALSE(wants({"--tree", "!7"}, make_process(7)));
    CHECK(wants({"--tree", "!7", "--pid", "8"}, make_process(8)));
    CHECK_FALSE(wants({"--uid", "!root"}, make_process()));
}

TEST_CASE("each option compares what it says") {
    Process process = make_process(7);
    process.exe = "/opt/a/bin/agent";
    process.cmdline = std::string("agent\0--all\0", 12);
    process.uid = 0;
    process.gid = 0;
    process.cgroup = "/system.slice/agent.service/sub";
    process.container = "c0ffee00";
    process.container_name = "web";
    process.container_image = "docker.io/library/nginx:1.25";
    process.pod_name = "shop-x2x7p";
    process.pod_namespace = "store";
    process.unit = "agent.service";
    const auto check = [&](const char* option, const std::vector<std::string>& right,
                           const std::vector<std::string>& wrong) {
        for (const std::string& value : right) {
            CAPTURE(option, value);
            CHECK(wants({option, value}, process));
            CHECK_FALSE(wants({option, "!" + value}, process));
        }
        for (const std::string& value : wrong) {
            CAPTURE(option, value);
            CHECK_FALSE(wants({option, value}, process));
            CHECK(wants({option, "!" + value}, process));
        }
    };
    check("--pid", {"7"}, {"8"});
    check("--tree", {"7"}, {"8"});
    check("--exe", {"/opt/*/bin/agent", "*/agent", "/opt/a/bin/agent"}, {"/opt/a", "*/agen"});
    check("--cmdline", {"agent --all", "agent*", "*--all*"}, {"agent"});
    check("--uid", {"0", "root"}, {"1", "daemon"});
    check("--user", {"0", "root"}, {"1", "daemon"});
    check("--gid", {"0", "root"}, {"1", "daemon"});
    check(
        "--cgroup",
        {"/system.slice", "/system.slice/", "/system.slice/agent.service", "/",
         "/system.slice/agent.service/sub", "*/agent.service/*", "/system.slice/*"},
        {"/system", "/system.slice/agent", "/system.slice/agent.service/sub/x", "*agent.service"});
    check("--container", {"c0ffee", "c0ffee00", "*"}, {"c0ffee001", "0ffee", "c0*"});
    check("--unit", {"agent", "agent.service", "agent*", "agen?.service"},
          {"agen", "agent.scope", "sub"});
    check("--container-name", {"web", "w*", "*"}, {"we", "eb", "*/web", "store/web"});
    check("--image", {"docker.io/library/nginx:1.25", "*/nginx:*", "*"}, {"nginx*", "nginx:1.25"});
    check("--pod", {"store/shop-x2x7p", "store/shop-*", "*/shop-x2x7p", "shop-*", "*", "*/*"},
          {"store", "store/shop", "shop-x2x7p/store", "other/shop-*"});
    CHECK(wants({"--pod", "other/*", "--pod", "store/*", "--pod", "!*/web"}, process));
    process.container_name = process.container_image = process.pod_name = "";
    check("--container-name", {}, {"*"});
    check("--image", {}, {"*"});
    check("--pod", {}, {"*", "*/*", "store/*"});
    process.container = "";
    process.unit = "my-\\x2d.service";
    check("--container", {}, {"*"});
    check("--unit", {"my-\\x2d", "my-\\x2d.service"}, {"my-x2d"});
}

TEST_CASE("an expression is one more condition, and so is a second one") {
    const std::vector<std::string> options = {
        "--process", "comm = a* or comm = b*", "--process", "comm != a1", "--comm", "?1"};
    CHECK(wants(options, named("b1")));
    CHECK(wants(options, named("a1")) == false);
    CHECK_FALSE(wants(options, named("b2")));
    CHECK_FALSE(wants(options, named("c1")));
}

TEST_CASE("a mistake in an expression is shown with a caret below its place") {
    CHECK(refusal({"--process", "comm = and uid = 0"}) ==
          "pidcap: --process: expected a value after \"=\"\n"
          "  comm = and uid = 0\n"
          "         ^\n"
          "Try 'pidcap --help'.\n");
    CHECK(refusal({"--process", "(comm = x"}) ==
          "pidcap: --process: expected \"and\", \"or\" or \")\"\n"
          "  (comm = x\n"
          "           ^\n"
          "Try 'pidcap --help'.\n");
    CHECK_THAT(refusal({"--process", ""}), Catch::StartsWith("pidcap: --process: the expression is "
                                                             "empty\nTry"));
    const std::string too_long = refusal({"--process", std::string(65537, 'x')});
    CHECK_THAT(too_long, Catch::Contains("longer than 65536 bytes"));
    CHECK(too_long.size() < 200);
}

TEST_CASE("hostile bytes in an expression are shown escaped, and the caret below the right place") {
    CHECK_THAT(refusal({"--process", "comm = \"\x1b[31m\xc3\xbc\n\" and x"}),
               Catch::Contains("\n  comm = \"\\x1b[31m\\xc3\\xbc\\x0a\" and x\n"
                               "                                    ^\n"));
}

TEST_CASE("each value that isn't excluded is a selection, named as it was given") {
    const auto parsed =
        parse({"--comm", "ping", "--comm", "!curl", "--unit", "a\x1b", "--pid", "1"});
    std::vector<std::string> names;
    for (const auto& selection : std::get<cmd::Options>(parsed).process_filter.selections) {
        names.push_back(selection.option);
    }
    REQUIRE(names.size() == 2);
    CHECK(names[0] == "--comm ping");
    CHECK(names[1].starts_with("--unit a"));
    CHECK(names[1].find('\x1b') == std::string::npos);
}

TEST_CASE("values that can't be meant are refused") {
    CHECK_THAT(refusal({"--comm", ""}), Catch::Contains("--comm: the value is empty"));
    CHECK_THAT(refusal({"--unit", "!"}), Catch::Contains("--unit: the value is empty"));
    CHECK_THAT(refusal({"--comm", "systemd-networkd"}), Catch::Contains("'systemd-network'"));
    CHECK_THAT(refusal({"--comm", "!systemd-networkd"}), Catch::Contains("'systemd-network'"));
    CHECK_THAT(refusal({"--comm", "systemd-network*d"}), Catch::Contains("this needs 16"));
    CHECK_THAT(refusal({"--exe", "nginx"}), Catch::Contains("try --exe '*/nginx'"));
    CHECK_THAT(refusal({"--user", "no-such-user"}), Catch::Contains("no such user"));
    CHECK_THAT(refusal({"--gid", "no-such-group"}), Catch::Contains("no such group"));
    CHECK_THAT(refusal({"--gid", "4294967295"}), Catch::Contains("--gid 4294967295"));
    CHECK_THAT(refusal({"--pid", "!0"}), Catch::Contains("--pid 0: not a number from 1 to"));
    CHECK_THAT(refusal({"--tree", "x"}), Catch::Contains("--tree x: not a number from 1 to"));
    CHECK_THAT(refusal({"--pod", "store/"}), Catch::Contains("write NAMESPACE/NAME"));
    CHECK_THAT(refusal({"--pod", "!/web"}), Catch::Contains("write NAMESPACE/NAME"));
    CHECK_THAT(refusal({"--cgroup", "system.slice"}), Catch::Contains("as /proc/PID/cgroup does"));
    CHECK_THAT(refusal({"--cgroup", "/sys/fs/cgroup/a"}), Catch::Contains("its mount point"));
}

TEST_CASE("packets without a process are wanted by --unattributed and --kernel") {
    const auto wants_via = [](const std::vector<std::string>& options, Via via) {
        return expression_of(options).evaluate({.via = via}, FamilyTrees()) == Truth::kTrue;
    };
    CHECK(wants_via({"--kernel"}, Via::kKernel));
    CHECK_FALSE(wants_via({"--kernel"}, Via::kForwarded));
    CHECK(wants_via({"--unattributed"}, Via::kKernel));
    CHECK(wants_via({"--unattributed"}, Via::kForwarded));
    CHECK_FALSE(wants_via({"--unattributed", "--kernel"}, Via::kForwarded));
    CHECK_FALSE(wants_via({"--unattributed", "--process", "not kernel"}, Via::kKernel));
    CHECK_FALSE(wants({"--kernel"}, make_process()));
    CHECK_FALSE(wants({"--unattributed"}, make_process()));
}

TEST_CASE("options that can never match together are refused") {
    using Words = std::vector<std::string>;
    for (const char* option : {"--kernel", "--unattributed"}) {
        for (const Words& other :
             {Words{"--pid", "1"}, Words{"--comm", "a"}, Words{"--comm", "!a"}, Words{"--exe", "*"},
              Words{"--cmdline", "a"}, Words{"--uid", "0"}, Words{"--gid", "!0"},
              Words{"--cgroup", "/"}, Words{"--container", "*"}, Words{"--container-name", "!a"},
              Words{"--image", "a"}, Words{"--pod", "a/b"}, Words{"--unit", "a"},
              Words{"--tree", "1"}, Words{"--process", "comm = a"}, Words{"--", "true"}}) {
            Words words = {option};
            words.insert(words.end(), other.begin(), other.end());
            CAPTURE(words);
            CHECK_THAT(refusal(words), Catch::Contains(std::string(option) + ": such packets") &&
                                           Catch::Contains("other options ask for one"));
        }
        CHECK_THAT(refusal({option, "-f"}), Catch::Contains("--follow could follow"));
        (void)expression_of({option, "--process", "kernel or comm = a"});
    }
}

TEST_CASE(
    "a command's tree is one more value of --tree and of --pid, and other options narrow it") {
    FamilyTrees trees;
    trees.pairs = {{50, 51}, {60, 61}, {70, 71}};
    const auto holds = [&](const std::vector<std::string>& options, uint32_t pid,
                           const char* comm = "x") {
        Process process = make_process(pid);
        process.comm = comm;
        return expression_of(options, 50).evaluate({&process}, trees) == Truth::kTrue;
    };
    CHECK(holds({}, 50));
    CHECK(holds({}, 51));
    CHECK_FALSE(holds({}, 60));
    const std::vector<std::string> more = {"--pid", "60", "--tree", "70"};
    for (const uint32_t pid : {50U, 51U, 60U, 70U, 71U}) {
        CHECK(holds(more, pid));
    }
    CHECK_FALSE(holds(more, 61));
    CHECK_FALSE(holds(more, 80));
    CHECK(holds({"--comm", "curl"}, 51, "curl"));
    CHECK_FALSE(holds({"--comm", "curl"}, 51, "sh"));
    CHECK_FALSE(holds({"--comm", "curl"}, 80, "curl"));
    CHECK_FALSE(holds({"--pid", "!51"}, 51));
    CHECK(holds({"--pid", "!51"}, 50));
}
