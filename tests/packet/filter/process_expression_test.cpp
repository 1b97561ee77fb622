// SPDX-License-Identifier: GPL-2.0-only
#include "packet/filter/process_expression.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <map>
#include <set>
#include <string>

using packet::kExpressionMax;
using packet::kNestingMax;
using packet::parse_process_expression;
using packet::Process;
using packet::ProcessExpression;
using packet::ProcessReference;
using packet::ProcessSubject;
using packet::SyntaxError;
using packet::Truth;
using packet::Via;

namespace {

class FamilyTrees : public packet::ProcessTrees {
  public:
    std::map<ProcessReference, std::set<uint32_t>> pids;

    bool contains(const ProcessReference& root, const Process& process) const override {
        const auto found = pids.find(root);
        return found != pids.end() && found->second.contains(process.pid);
    }
};

ProcessExpression parse(const std::string& text) {
    const auto parsed = parse_process_expression(text);
    if (const auto* error = std::get_if<SyntaxError>(&parsed)) {
        FAIL(text << ": " << error->message << " at " << error->place);
    }
    return std::get<ProcessExpression>(parsed);
}

SyntaxError mistake(const std::string& text) {
    const auto parsed = parse_process_expression(text);
    INFO(text);
    const auto* error = std::get_if<SyntaxError>(&parsed);
    REQUIRE(error != nullptr);
    return *error;
}

Process nginx() {
    Process process;
    process.number = 3;
    process.pid = 4242;
    process.ppid = 17;
    process.uid = 1;  // the latest; a subject's own is what counts
    process.gid = 1;
    process.user = "daemon";
    process.netns = 4026531840;
    process.exe_device = "259:2";
    process.exe_inode = 18446744073709551615U;
    process.mntns = 4026532999;
    process.comm = "nginx";
    process.exe = "/usr/sbin/nginx";
    process.cmdline = std::string("nginx\0-g\0daemon off;\0", 21);
    process.cgroup = "/system.slice/nginx.service";
    process.container = "";
    process.unit = "nginx.service";
    return process;
}

Truth evaluate(const std::string& text, const Process& process = nginx()) {
    return parse(text).evaluate({&process, 33, 44, "www-data"}, FamilyTrees());
}

bool holds(const std::string& text, const Process& process = nginx()) {
    const Truth truth = evaluate(text, process);
    REQUIRE(truth != Truth::kUnknown);
    return truth == Truth::kTrue;
}

Truth without_process(const std::string& text, Via via) {
    return parse(text).evaluate({.via = via}, FamilyTrees());
}

}  // namespace

TEST_CASE("each field of an expression is that of the process, or of the packet's end") {
    CHECK(holds("pid = 4242"));
    CHECK(holds("ppid = 17"));
    CHECK(holds("comm = nginx"));
    CHECK(holds("exe = /usr/sbin/nginx"));
    CHECK(holds("cmdline = \"nginx -g daemon off;\""));
    CHECK(holds("uid = 33"));
    CHECK(holds("gid = 44"));
    CHECK(holds("user = www-data"));
    CHECK(holds("cgroup = /system.slice/nginx.service"));
    CHECK(holds("unit = nginx.service"));
    CHECK(holds("netns = 4026531840"));
    CHECK(holds("exe_inode = 18446744073709551615"));
    CHECK_FALSE(holds("exe_inode = 4294967295"));
    CHECK(holds("exe_device = 259:*"));
    CHECK(holds("mntns > 0 and mntns = 4026532999"));
    CHECK(holds("container = \"\""));
    for (const char* other :
         {"pid = 4243", "ppid = 4242", "comm = nginx2", "exe = nginx", "cmdline = nginx", "uid = 1",
          "gid = 1", "user = daemon", "cgroup = /system.slice", "unit = nginx", "netns = 1",
          "container = x", "kernel", "unattributed"}) {
        CAPTURE(other);
        CHECK_FALSE(holds(other));
        CHECK(holds(std::string("not ") + other));
    }
    Process contained = nginx();
    contained.container = "c0ffee";
    CHECK(holds("host_pid = 0"));
    contained.host_pid = 77;
    CHECK(holds("host_pid = 77 and pid = 4242 and host_pid < 78", contained));
    contained.pid = 77;
    contained.pidns = 4026531836;  // the number of another namespace
    CHECK(holds("host_pid = 77", contained));
    CHECK_FALSE(holds("pid = 77", contained));
    CHECK(evaluate("pid < 78", contained) == Truth::kUnknown);
    CHECK(holds("container = c0ff*", contained));
    CHECK_FALSE(holds("container = \"\"", contained));
    contained.container_name = "web";
    contained.container_image = "docker.io/library/nginx:1.25";
    contained.pod_name = "shop-7d4b9c-x2x7p";
    contained.pod_namespace = "store";
    CHECK(holds("container.name = web and container.image = */nginx:*", contained));
    CHECK(holds("pod.namespace = store and pod.name = shop-*", contained));
    for (const char* other : {"container.name = we", "container.image = nginx*", "pod.name = store",
                              "pod.namespace = shop*"}) {
        CAPTURE(other);
        CHECK_FALSE(holds(other, contained));
    }
    CHECK(holds("container.name = \"\" and container.image = \"\" and pod.name = \"\""));
}

TEST_CASE("each operator of an expression does what it says") {
    CHECK(holds("uid != 0"));
    CHECK_FALSE(holds("uid != 33"));
    CHECK(holds("comm != apache"));
    CHECK_FALSE(holds("comm != ngin*"));
    CHECK(holds("uid < 34"));
    CHECK_FALSE(holds("uid < 33"));
    CHECK(holds("gid > 43"));
    CHECK_FALSE(holds("gid > 44"));
    CHECK(holds("pid < 4243 and pid > 4241"));
    CHECK(holds("pid != 1"));
    CHECK_FALSE(holds("pid != 4242"));
    CHECK(holds("ppid in {1, 17}"));
    CHECK_FALSE(holds("ppid in {1,2}"));
    CHECK(holds("comm in {apache*, \"ngin?\"}"));
    CHECK_FALSE(holds("comm in {apache}"));
    CHECK(holds("not comm in {apache}"));
    CHECK(holds("pid in {1, 4242}"));
}

TEST_CASE("not binds tightest, then and, then or, and parentheses change that") {
    for (const bool a : {false, true}) {
        for (const bool b : {false, true}) {
            for (const bool c : {false, true}) {
                Process process;
                process.comm = a ? "a" : "";
                process.exe = b ? "b" : "";
                process.unit = c ? "c" : "";
                const std::string A = "comm=a";
                const std::string B = "exe=b";
                const std::string C = "unit=c";
                CAPTURE(a, b, c);
                CHECK(holds(A + " or " + B + " and " + C, process) == (a || (b && c)));
                CHECK(holds(A + " and " + B + " or " + C, process) == ((a && b) || c));
                CHECK(holds("(" + A + " or " + B + ") and " + C, process) == ((a || b) && c));
                CHECK(holds("not " + A + " and " + B, process) == (!a && b));
                CHECK(holds("not (" + A + " and " + B + ")", process) == !(a && b));
                CHECK(holds("not " + A + " or not not " + B, process) == (!a || b));
                CHECK(holds(A + " and not " + B + " and " + C, process) == (a && !b && c));
            }
        }
    }
}

TEST_CASE("a value stands in quotes where it has blanks or marks, and is a pattern") {
    Process process = nginx();
    process.comm = "a \"b\" (c)";
    CHECK(holds("comm = \"a \\\"b\\\" (c)\"", process));
    CHECK(holds("comm=\"a*(c)\"and uid=33", process));
    process.comm = "a*\\";
    CHECK(holds("comm = \"a\\*\\\\\\\\\"", process));  // the pattern a\*\\,
    CHECK(holds("comm = a\\*\\\\", process));          // without quotes as it is
    process.comm = "ab\\";
    CHECK_FALSE(holds("comm = a\\*\\\\", process));
    process.comm = "and";
    CHECK(holds("comm = \"and\"", process));
    process.comm = "kernel";
    CHECK(holds("comm = kernel", process));
    CHECK(holds(" \t\n( exe\t=\n/usr/* )"));
    CHECK(holds("exe = \"[/]usr[!a]*\""));
}

TEST_CASE("what isn't known of a process is the empty text") {
    const Process process;
    CHECK(holds("exe = \"\" and cmdline = \"\" and unit = *", process));
    CHECK_FALSE(holds("exe = \"?*\"", process));
    CHECK(holds("exe != /bin/sh", process));
}

TEST_CASE("of a packet without a process only kernel and unattributed are known") {
    constexpr Via kKernel = Via::kKernel;
    constexpr Via kUnknown = Via::kUnknown;
    CHECK(without_process("kernel", kKernel) == Truth::kTrue);
    CHECK(without_process("kernel", kUnknown) == Truth::kFalse);
    CHECK(without_process("kernel", Via::kForwarded) == Truth::kFalse);
    for (const Via via : {kKernel, kUnknown, Via::kForwarded}) {
        CHECK(without_process("unattributed", via) == Truth::kTrue);
        CHECK(without_process("not unattributed", via) == Truth::kFalse);
        for (const char* field :
             {"pid",        "ppid",          "comm",           "exe",
              "cmdline",    "uid",           "user",           "gid",
              "cgroup",     "container",     "container.name", "container.image",
              "pod.name",   "pod.namespace", "unit",           "netns",
              "exe_device", "exe_inode",     "mntns",          "host_pid",
              "tree"}) {
            const std::string test = std::string(field) + " = 0";
            CAPTURE(test);
            CHECK(without_process(test, via) == Truth::kUnknown);
            CHECK(without_process("not " + test, via) == Truth::kUnknown);
            CHECK(without_process(test + " or not " + test, via) == Truth::kUnknown);
        }
    }
    CHECK(without_process("kernel or comm = a", kKernel) == Truth::kTrue);
    CHECK(without_process("kernel or comm = a", kUnknown) == Truth::kUnknown);
    CHECK(without_process("kernel and comm = a", kKernel) == Truth::kUnknown);
    CHECK(without_process("kernel and comm = a", kUnknown) == Truth::kFalse);
    CHECK(without_process("not (kernel and comm = a)", kUnknown) == Truth::kTrue);
    CHECK(parse("kernel or comm = a").can_hold_without_process());
    CHECK(parse("unattributed and not kernel").can_hold_without_process());
    CHECK_FALSE(parse("comm != a").can_hold_without_process());
    CHECK_FALSE(parse("unattributed and comm != a").can_hold_without_process());
}

TEST_CASE("a pid becomes the process that has it, by equality and as a tree, not by comparison") {
    const ProcessReference now{4242, 3};
    const auto find = [&](uint32_t pid) { return pid == 4242 ? now.number : std::nullopt; };
    FamilyTrees trees;
    trees.pids[now] = {4242, 7};
    const auto holds_of = [&](const std::string& text, const ProcessReference& one) {
        const auto resolved = parse(text).resolved(find);
        REQUIRE(resolved.ok());
        Process process;
        process.number = *one.number;
        process.pid = one.pid;
        return resolved->evaluate({&process}, trees) == Truth::kTrue;
    };
    const ProcessReference later{4242, 4};
    for (const char* text :
         {"pid = 4242", "pid in {4242}", "not pid != 4242", "comm = \"\" and pid = 4242"}) {
        CAPTURE(text);
        CHECK(holds_of(text, now));
        CHECK_FALSE(holds_of(text, later));
    }
    CHECK(holds_of("pid < 5000", later));
    CHECK(holds_of("pid > 4241", later));
    CHECK(holds_of("tree = 4242", now));
    CHECK(holds_of("tree in {4242}", {7, 1}));
    CHECK_FALSE(holds_of("tree = 4242", {8, 2}));
    CHECK(holds_of("tree != 4242", {8, 2}));
    CHECK(parse("tree = 4242 or not (tree = 4242)").resolved(find)->roots() ==
          std::vector<ProcessReference>{now});
    const auto missing = parse("comm = a or not pid = 17").resolved(find);
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().message == "process 17: no such process");
    CHECK(missing.error().code == ESRCH);
    CHECK(parse("pid < 17 and ppid = 17").resolved(find).ok());
}

TEST_CASE("unresolved, a pid means every process that has it") {
    CHECK(holds("pid = 4242"));
    CHECK_FALSE(holds("tree = 4242"));
    CHECK(parse("tree = 4242 or not (tree = 4242)").roots() ==
          std::vector<ProcessReference>{{4242, {}}});
}

TEST_CASE("each mistake in an expression is told with its place") {
    const auto check = [](const std::string& text, size_t place, const std::string& message) {
        CAPTURE(text);
        const SyntaxError error = mistake(text);
        CHECK(error.place == place);
        CHECK_THAT(error.message, Catch::Contains(message));
    };
    check("", 0, "empty");
    check("  ", 0, "empty");
    check("comm = and uid = 0", 7, "expected a value after \"=\"");
    check("comm =", 6, "expected a value after \"=\"");
    check("comm != )", 8, "expected a value after \"!=\"");
    check("uid <", 5, "expected a value after \"<\"");
    check("comm in {a,}", 11, "expected a value after \",\"");
    check("comm in {}", 9, "expected a value after \"{\"");
    check("comm in a", 8, "expected \"{\" after \"in\"");
    check("comm in {a b}", 11, "expected \",\" or \"}\"");
    check("comm in {a", 10, "expected \",\" or \"}\"");
    check("comm", 4, "expected an operator after \"comm\"");
    check("comm nginx", 5, "expected an operator");
    check("name = x", 0, "no such field; there are pid, ppid,");
    check("\"comm\" = x", 0, "expected a field");
    check("comm = x and", 12, "expected a field");
    check("and comm = x", 0, "expected a field");
    check("not", 3, "expected a field");
    check("()", 1, "expected a field");
    check("comm = x uid = 0", 9, "expected \"and\", \"or\" or the end");
    check("comm = x)", 8, "expected \"and\", \"or\" or the end");
    check("(comm = x", 9, "expected \"and\", \"or\" or \")\"");
    check("(comm = x}", 9, "expected \"and\", \"or\" or \")\"");
    check("kernel = 1", 7, "expected \"and\"");
    check("comm = \"x", 7, "isn't closed");
    check("comm = \"x\\\"", 7, "isn't closed");
    check("comm < x", 5, "\"<\" compares numbers, and comm is not one");
    check("user > 1", 5, "compares numbers");
    check("tree < 1", 5, "tree takes =, != and in");
    check("uid = root", 6, "uid takes a number from 0 to 4294967295; for a name there is user");
    check("gid = 4294967296", 6, "gid takes a number");
    check("pid = -1", 6, "pid takes a number");
    check("netns in {1, 2x}", 13, "netns takes a number");
    check("exe_inode = 18446744073709551616", 12, "exe_inode takes a number from 0 to 1844674407");
    check("mntns = 4294967296", 8, "mntns takes a number from 0 to 4294967295");
    check("comm = systemd-networkd", 7, "the kernel keeps 15 bytes");
    check("comm = \"systemd-networkd*\"", 7, "can't match");
    check("comm == x", 5, "no such operator; there are =");
    check("uid <= 1", 4, "no such operator");
    check("uid >= 1", 4, "no such operator");
    check("comm = a && uid = 0", 9, "as words");
    check("comm = a || uid = 0", 9, "as words");
    check("!comm = a", 0, "as words");
}

TEST_CASE("hostile bytes in an expression are a value or a mistake, and never more") {
    for (int byte = 1; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        CAPTURE(byte);
        (void)parse_process_expression(std::string(1, c));
        (void)parse_process_expression(std::string("comm = ") + c + "(" + c);
        (void)parse_process_expression(std::string("comm = \"") + c + c);
        if (c != '"' && c != '\\') {
            Process process;
            process.comm = std::string(1, c);
            const std::string quoted =
                c == '*' || c == '?' || c == '[' ? std::string("\\") + c : std::string(1, c);
            CHECK(holds("comm = \"" + quoted + "\"", process));
        }
    }
    CHECK(mistake("\x1b[31m = 1").place == 0);
    CHECK(mistake(std::string("comm = a\0b = 1", 14)).place == 11);
}

TEST_CASE("an expression is bounded in length and nesting") {
    const auto nested = [](int depth, const std::string& open, const std::string& close) {
        std::string text = "kernel";
        for (int i = 0; i < depth; ++i) {
            text = open + text + close;
        }
        return text;
    };
    (void)parse(nested(kNestingMax, "(", ")"));
    (void)parse(nested(kNestingMax, "not ", ""));
    CHECK(mistake(nested(kNestingMax + 1, "(", ")")).place == 100);
    CHECK_THAT(mistake(nested(kNestingMax + 1, "not ", "")).message,
               Catch::Contains("nested deeper than 100"));
    CHECK_THAT(mistake(std::string(60'000, '(')).message, Catch::Contains("nested"));
    // Side by side there is no depth.
    std::string flat = "(kernel)";
    while (flat.size() + 12 < kExpressionMax) {
        flat += " or (kernel)";
    }
    (void)parse(flat);
    CHECK_THAT(mistake(std::string(kExpressionMax + 1, '(')).message, Catch::Contains("longer"));
}
