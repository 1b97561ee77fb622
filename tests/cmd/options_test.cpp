// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/options.h"

#include <catch2/catch.hpp>

#include "cmd/help.h"

using cmd::Options;
using cmd::Stop;

namespace {

std::variant<Options, Stop> parse(const std::vector<std::string>& arguments) {
    return cmd::parse_options(arguments);
}

Options run(const std::vector<std::string>& arguments) {
    const auto parsed = parse(arguments);
    if (const Stop* stop = std::get_if<Stop>(&parsed)) {
        FAIL(stop->text);
    }
    return std::get<Options>(parsed);
}

// The message of a usage error.
std::string refusal(const std::vector<std::string>& arguments) {
    const auto parsed = parse(arguments);
    const Stop* stop = std::get_if<Stop>(&parsed);
    REQUIRE(stop != nullptr);
    REQUIRE(stop->status == cmd::kExitUsage);
    return stop->text;
}

}  // namespace

TEST_CASE("without arguments every packet of any interface is printed") {
    const Options options = run({});
    CHECK(options.action == Options::Action::kCapture);
    CHECK(options.interfaces == std::vector<std::string>{"any"});
    CHECK_FALSE(options.output);
    CHECK(options.snaplen == 262144);
    CHECK((options.in && options.out));
    CHECK_FALSE(options.count);
    CHECK_FALSE(options.duration);
    CHECK(options.comments == capture::Comments::kIntro);
}

TEST_CASE("short options combine as tcpdump's do") {
    const Options options = run({"-nqi", "lo", "-c5", "-s96", "-vv", "-v", "-Qin", "-w-"});
    CHECK(options.line.numeric);
    CHECK(options.line.quiet);
    CHECK(options.interfaces == std::vector<std::string>{"lo"});
    CHECK(options.count == 5U);
    CHECK(options.snaplen == 96);
    CHECK(options.line.verbose == 3);
    CHECK(options.in);
    CHECK_FALSE(options.out);
    CHECK(options.output == "-");
    CHECK(options.promiscuous);
    CHECK_FALSE(run({"-pi", "lo"}).promiscuous);
    CHECK_FALSE(run({"--no-promiscuous-mode"}).promiscuous);
}

TEST_CASE("what tcpdump's users type is taken") {
    const Options options = run({"-nnvvXXSs", "0", "-#eKlUNO", "--micro", "-B", "8", "port", "53"});
    CHECK(options.line.verbose == 2);
    CHECK(options.line.absolute_sequence);
    CHECK((options.line.numeric && options.line.number && options.line.link_header));
    CHECK((options.line.microseconds && !options.line.checksums && !options.optimize));
    CHECK((options.line.dump == packet::DumpForm::kHexAndText && options.line.dumps_link_header));
    CHECK(options.snaplen == 262144);
    CHECK(options.filter == "port 53");
    CHECK(run({"-ieth0"}).interfaces == std::vector<std::string>{"eth0"});
    CHECK(run({"-xA"}).line.dump == packet::DumpForm::kHex);
    CHECK(run({"-w", "a", "--print", "--json"}).print);
    CHECK_THAT(refusal({"-w", "a", "--json"}), Catch::Contains("add --print"));
    CHECK_THAT(refusal({"--micro", "--nano"}), Catch::Contains("exclude each other"));
}

TEST_CASE("a line with -r is one of the command read, whatever else it has") {
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{"-r", "a"},
                                               {"-nr", "a", "--tree"},
                                               {"-ra", "--count"},
                                               {"tcp", "-c", "1", "-vvr", "-"}}) {
        const Options options = run(arguments);
        CHECK(options.action == Options::Action::kRead);
        CHECK(options.arguments == arguments);
    }
    CHECK(run({"-w", "-r"}).output == "-r");
    CHECK(run({"-w", "x", "--comm", "-r"}).action == Options::Action::kCapture);
    CHECK_THAT(refusal({"-r", "a", "--", "true"}), Catch::Contains("leave -- COMMAND out"));
}

TEST_CASE("options that name things can be repeated, and take one value each time") {
    const Options options =
        run({"-i", "lo", "-i", "any", "--pid", "12", "--pid=77", "--tree", "5", "--netns", "a b"});
    CHECK(options.interfaces == std::vector<std::string>{"lo", "any"});
    CHECK(options.process_filter.pids == std::vector<uint32_t>{12, 77});
    CHECK(options.process_filter.trees == std::vector<uint32_t>{5});
    CHECK(options.netns == std::vector<std::string>{"a b"});
}

TEST_CASE("everything after -- is the command, verbatim") {
    const Options options = run({"-w", "x", "--", "curl", "-i", "--", "doctor", ""});
    CHECK(options.command == std::vector<std::string>{"curl", "-i", "--", "doctor", ""});
    CHECK(options.interfaces == std::vector<std::string>{"any"});
    CHECK_THAT(refusal({"-i", "lo", "--"}), Catch::Contains("no command"));
}

TEST_CASE("a duration is seconds unless it has a unit") {
    using std::chrono::hours;
    using std::chrono::milliseconds;
    using std::chrono::minutes;
    using std::chrono::seconds;
    CHECK(run({"--duration", "10"}).duration == seconds(10));
    CHECK(run({"--duration", "2.5"}).duration == milliseconds(2500));
    CHECK(run({"--duration", "10s"}).duration == seconds(10));
    CHECK(run({"--duration", "5m"}).duration == minutes(5));
    CHECK(run({"--duration=1h"}).duration == hours(1));
    for (const char* bad : {"0", "-1", "", "s", "inf", "nan", "1e9", "10x", "1.2.3", "99999999999",
                            "0x10", " 1", "1 ", "."}) {
        CAPTURE(bad);
        CHECK_THAT(refusal({"--duration", bad}), Catch::Contains("not a duration"));
    }
}

TEST_CASE("numbers out of range are refused by name") {
    CHECK_THAT(refusal({"-s", "262145"}), Catch::Contains("from 0 to 262144"));
    CHECK_THAT(refusal({"-c", "0"}), Catch::Contains("-c 0: not a number of at least 1"));
    CHECK_THAT(refusal({"-c", "-5"}), Catch::Contains("-c -5"));
    CHECK_THAT(refusal({"-c", "18446744073709551616"}), Catch::Contains("not a number"));
    CHECK_THAT(refusal({"-c", "5x"}), Catch::Contains("not a number"));
    CHECK_THAT(refusal({"-B", "0"}), Catch::Contains("--buffer 0"));
    CHECK_THAT(refusal({"--pid", "0"}), Catch::Contains("--pid 0"));
    CHECK_THAT(refusal({"--pid", "4194305"}), Catch::Contains("--pid 4194305"));
    CHECK_THAT(refusal({"--uid", "4294967295"}), Catch::Contains("--uid 4294967295"));
    CHECK(run({"-c", "18446744073709551615"}).count == UINT64_MAX);
    CHECK(run({"-B", "65536"}).buffer_kib == 65536U);
    CHECK(run({"--buffer", "65536"}).buffer_kib == 65536U);
}

TEST_CASE("without processes there is a file, and nothing that asks for them") {
    const Options options = run({"--no-process", "-w", "x.pcapng", "port 53"});
    CHECK_FALSE(options.finds_processes);
    CHECK(options.comments == capture::Comments::kNone);
    CHECK(options.filter == "port 53");
    CHECK(run({"-w", "x.pcapng"}).finds_processes);
    CHECK_THAT(refusal({"--no-process"}), Catch::Contains("add -w FILE"));
    for (const auto& asking : std::vector<std::vector<std::string>>{{"--pid", "1"},
                                                                    {"--comm", "x"},
                                                                    {"--process", "uid = 0"},
                                                                    {"--unattributed"},
                                                                    {"--kernel"},
                                                                    {"--tree", "1"},
                                                                    {"--", "true"}}) {
        std::vector<std::string> arguments = {"--no-process", "-w", "x.pcapng"};
        arguments.insert(arguments.end(), asking.begin(), asking.end());
        INFO(asking.front());
        CHECK_THAT(refusal(arguments), Catch::Contains("--no-process: no packet would be"));
    }
    CHECK_THAT(refusal({"--no-process", "-w", "x", "--comments", "full"}),
               Catch::Contains("nothing is known of processes"));
}

TEST_CASE("words and names that can't be meant are refused") {
    CHECK_THAT(refusal({"-Q", "up"}), Catch::Contains("not one of in, out, inout"));
    CHECK_THAT(refusal({"--color", "blue"}), Catch::Contains("not one of"));
    CHECK_THAT(refusal({"-w", "x", "--comments", "all"}), Catch::Contains("not one of"));
    CHECK_THAT(refusal({"-i", std::string(128, 'x')}), Catch::Contains("no interface"));
    CHECK_THAT(refusal({"-w", ""}), Catch::Contains("-w"));
    CHECK_THAT(refusal({"-w"}), Catch::Contains("-w needs a value"));
    CHECK_THAT(refusal({"-k"}), Catch::Contains("-k: no such option"));
    CHECK_THAT(refusal({"--no-such"}), Catch::Contains("--no-such: no such option"));
    CHECK_THAT(refusal({"-w", "a", "-w", "b"}), Catch::Contains("-w is given twice"));
}

TEST_CASE("words that no option takes are the filter, wherever they stand") {
    CHECK(run({"-i", "lo", "tcp", "port", "443"}).filter == "tcp port 443");
    CHECK(run({"tcp", "-i", "lo", "and", "port 443"}).filter == "tcp and port 443");
    CHECK(run({"--filter", "not icmp"}).filter == "not icmp");
    CHECK(run({"--filter=-ip[8] < 5"}).filter == "-ip[8] < 5");
    CHECK(run({"(tcp)", "or", "ip[8]", "-", "1", "=", "5"}).filter == "(tcp) or ip[8] - 1 = 5");
    CHECK(run({"udp", "--", "tcp"}).filter == "udp");
    CHECK(run({"-F", "file"}).filter_file == "file");
    CHECK(run({}).filter.empty());
    CHECK_THAT(refusal({"tcp", "-F", "file"}), Catch::Contains("the filter is given twice"));
    CHECK_THAT(refusal({"tcp", "--filter", "udp"}), Catch::Contains("the filter is given twice"));
    CHECK_THAT(refusal({"-F", "a", "-F", "b"}), Catch::Contains("-F is given twice"));
    CHECK_THAT(refusal({"-F", ""}), Catch::Contains("the file name is empty"));
}

TEST_CASE("option -d lists the filter, and needs one") {
    CHECK(run({"-d", "tcp"}).action == Options::Action::kListFilter);
    CHECK(run({"-d", "tcp"}).list_filter == 1);
    CHECK(run({"-dd", "-F", "file"}).list_filter == 2);
    CHECK(run({"-d", "--ebpf", "tcp"}).list_ebpf);
    CHECK_THAT(refusal({"--ebpf", "tcp"}), Catch::Contains("add -d"));
    CHECK_THAT(refusal({"-d"}), Catch::Contains("give one"));
    CHECK_THAT(refusal({"-dddd", "tcp"}), Catch::Contains("more than three times"));
}

TEST_CASE("options that would do nothing are refused") {
    CHECK_THAT(refusal({"-f"}), Catch::Contains("the processes to follow"));
    CHECK_THAT(refusal({"--process-blocks"}), Catch::Contains("-w FILE"));
    CHECK(run({"-f", "--pid", "1"}).process_filter.follow);
    CHECK(run({"-f", "--", "true"}).process_filter.follow);
    CHECK(run({"-w", "x", "--process-blocks"}).process_blocks);
}

TEST_CASE("events are chosen by name, and what goes with them needs one") {
    const Options options = run({"--event", "socket=all,tcp:*", "--event", "sched:a if x = 1"});
    REQUIRE(options.events.choices.size() == 3);
    CHECK(options.events.choices[0].variant == "all");
    CHECK(options.events.choices[1].name == "tcp:*");
    CHECK(options.events.choices[2].condition == "x = 1");
    CHECK(options.events.packets);
    CHECK_FALSE(run({"--event", "drop", "--no-packets"}).events.packets);
    CHECK(run({"--event", "drop", "--kernel-addresses"}).events.kernel_addresses);
    CHECK_THAT(refusal({"--no-packets"}), Catch::Contains("add --event"));
    CHECK_FALSE(run({"--tls-plaintext", "--no-packets", "-w", "x"}).events.packets);
    CHECK_THAT(refusal({"--kernel-addresses"}), Catch::Contains("add --event"));
    CHECK_THAT(refusal({"--event", "drop", "--no-packets", "tcp"}), Catch::Contains("filter"));
    CHECK_THAT(refusal({"--event", "drop", "--no-process", "-w", "x"}),
               Catch::Contains("--no-process"));
    CHECK_FALSE(run({}).events.sample_interval);
    CHECK(run({"--sample", "1s"}).events.sample_interval == std::chrono::seconds(1));
    CHECK(run({"--sample", "0.1"}).events.sample_interval == std::chrono::milliseconds(100));
    CHECK_FALSE(run({"--sample", "1s", "--no-packets"}).events.packets);
    CHECK_THAT(refusal({"--sample", "0.09"}), Catch::Contains("the shortest is 0.1"));
    CHECK_THAT(refusal({"--sample", "often"}), Catch::Contains("not a duration"));
    CHECK_THAT(refusal({"--sample", "1s", "--sample", "2s"}), Catch::Contains("twice"));
    CHECK_THAT(refusal({"--sample", "1s", "--no-process", "-w", "x"}),
               Catch::Contains("--no-process"));
    CHECK_THAT(refusal({"--event", "../x:y"}), Catch::Contains("not the name of an event"));
    CHECK_THAT(refusal({"--event", "a:\x1b[2J"}), !Catch::Contains("\x1b"));
}

TEST_CASE("rotation is tcpdump's: its letters, its units, attached values") {
    const Options options = run({"-C100", "-G10", "-W2", "-z", "gzip", "-w", "d/a-%s"});
    CHECK(options.rotation.size == 100'000'000U);
    CHECK(options.rotation.interval == std::chrono::seconds(10));
    CHECK(options.rotation.count == 2U);
    CHECK(options.rotation.command == "gzip");
    CHECK_FALSE(options.rotation.from_start);
    for (const auto& [text, bytes] : std::vector<std::pair<std::string, uint64_t>>{
             {"1", 1'000'000}, {"3k", 3072}, {"3K", 3072}, {"2m", 2U << 20}, {"5G", 5ULL << 30}}) {
        CHECK(run({"-w", "a", "--rotate-size", text}).rotation.size == bytes);
    }
    CHECK(run({"-w", "a%s", "--rotate-time=1h"}).rotation.interval == std::chrono::hours(1));
    CHECK(run({"-w", "a%s", "-G9", "--rotate-at-start"}).rotation.from_start);
    CHECK(run({"-w", "a", "-C1", "--keep-free", "2G"}).rotation.keep_free == 2ULL << 30);
    CHECK(run({"-w", "-", "--compress", "zstd"}).compress);
}

TEST_CASE("a rotation that can't be is refused") {
    for (const char* size : {"0", "-1", "1x", "k", "", "1.5", "99999999999999999999"}) {
        CHECK_THAT(refusal({"-w", "a", "-C", size}), Catch::Contains("not a size"));
    }
    CHECK_THAT(refusal({"-w", "a", "-G", "0.5"}), Catch::Contains("whole seconds"));
    CHECK_THAT(refusal({"-w", "a", "-G", "0"}), Catch::Contains("not a duration"));
    CHECK_THAT(refusal({"-w", "a", "-C1", "-W", "0"}),
               Catch::Contains("--rotate-count 0: not a number"));
    CHECK_THAT(refusal({"-C", "1"}), Catch::Contains("add -w"));
    CHECK_THAT(refusal({"-w", "-", "-C", "1"}), Catch::Contains("-w - writes one file"));
    CHECK_THAT(refusal({"-w", "d/", "-C", "1"}), Catch::Contains("name a file in it"));
    CHECK_THAT(refusal({"-w", "%Y/a", "-G", "1"}), Catch::Contains("not in its folder"));
    CHECK_THAT(refusal({"-w", "%D", "-G", "1"}), Catch::Contains("not in its folder"));
    CHECK(run({"-w", "%Y/a", "-C", "1"}).output == "%Y/a");
    for (const std::vector<std::string>& alone :
         {std::vector<std::string>{"-W", "1"}, {"-z", "gzip"}, {"--keep-free", "1G"}}) {
        std::vector<std::string> arguments = {"-w", "a"};
        arguments.insert(arguments.end(), alone.begin(), alone.end());
        CHECK_THAT(refusal(arguments), Catch::Contains("add -C SIZE or -G SECONDS"));
    }
    CHECK_THAT(refusal({"-w", "a", "-C1", "--rotate-at-start"}), Catch::Contains("add -G"));
    CHECK_THAT(refusal({"-w", "a", "-G1", "--rotate-at-start", "--rotate-at-clock"}),
               Catch::Contains("exclude each other"));
    CHECK_THAT(refusal({"--compress", "zstd"}), Catch::Contains("add -w"));
    CHECK_THAT(refusal({"-w", "a", "--compress", "rar"}), Catch::Contains("zstd"));
}

TEST_CASE("a recorder has a ring in memory or files that rotate, and triggers need either") {
    const Options ring =
        run({"-w", "a-%s", "--ring", "256M", "--before", "5m", "--after", "0.5", "--trigger", "tcp",
             "--name", "web@1", "-z", "gzip", "--keep-free", "1G", "--compress", "zstd"});
    CHECK(ring.recorder.ring == 256ULL << 20);
    CHECK(ring.recorder.window.before == std::chrono::minutes(5));
    CHECK(ring.recorder.window.after == std::chrono::milliseconds(500));
    CHECK(ring.recorder.expression == "tcp");
    CHECK(ring.recorder.name == "web@1");
    CHECK(ring.rotation.several_files());
    CHECK_FALSE(ring.rotation.rotates());
    const Options disk = run({"-w", "a", "-C", "1", "--trigger", "tcp"});
    CHECK_FALSE(disk.recorder.ring);
    CHECK(disk.recorder.window.before == std::chrono::seconds(30));
    CHECK(disk.recorder.window.after == std::chrono::seconds(60));
    CHECK_THAT(refusal({"-w", "a", "--ring", "999k"}), Catch::Contains("less than 1M"));
    CHECK_THAT(refusal({"-w", "a", "--ring", "lots"}), Catch::Contains("not a size"));
    CHECK_THAT(refusal({"--ring", "1M"}), Catch::Contains("add -w FILE"));
    CHECK_THAT(refusal({"-w", "-", "--ring", "1M"}), Catch::Contains("-w - writes one file"));
    CHECK_THAT(refusal({"-w", "%D", "--ring", "1M"}), Catch::Contains("not in its folder"));
    for (const std::vector<std::string>& files :
         {std::vector<std::string>{"-C", "1"}, {"-G", "1"}, {"-W", "2"}}) {
        std::vector<std::string> arguments = {"-w", "a", "--ring", "1M"};
        arguments.insert(arguments.end(), files.begin(), files.end());
        CHECK_THAT(refusal(arguments), Catch::Contains("-C, -G and -W"));
    }
    for (const std::string option : {"--before", "--after", "--trigger", "--name"}) {
        CHECK_THAT(refusal({"-w", "a", option, "1"}), Catch::Contains("add --ring SIZE"));
    }
    CHECK_THAT(refusal({"-w", "a", "-C1", "--name", "../x"}), Catch::Contains("a name has"));
    CHECK_THAT(refusal({"-w", "a", "-C1", "--trigger", ""}), Catch::Contains("empty"));
}

TEST_CASE("hostile arguments reach the terminal escaped") {
    const std::string message = refusal({"-\x1b[31mx"});
    CHECK(message.find('\x1b') == std::string::npos);
    CHECK_THAT(message, Catch::Contains("\\x1b"));
}

TEST_CASE("doctor takes --json and --btf, and nothing else") {
    CHECK(run({"doctor"}).action == Options::Action::kDoctor);
    CHECK_FALSE(run({"doctor"}).json);
    CHECK(run({"doctor", "--json"}).json);
    CHECK(run({"doctor", "--json", "--btf", "vmlinux"}).btf == "vmlinux");
    CHECK(run({"doctor", "--btf=vmlinux"}).btf == "vmlinux");
    CHECK(run({"--btf", "vmlinux"}).btf == "vmlinux");
    CHECK(run({}).btf.empty());
    CHECK_THAT(refusal({"doctor", "--btf", ""}), Catch::Contains("--btf"));
    CHECK_THAT(refusal({"doctor", "--btf", "vmlinux", "-v"}), Catch::Contains("nothing else"));
    CHECK_THAT(refusal({"doctor", "-i", "lo"}), Catch::Contains("nothing else"));
    CHECK_THAT(refusal({"-i", "lo", "doctor"}), Catch::Contains("nothing else"));
    CHECK_THAT(refusal({"doctor", "--", "true"}), Catch::Contains("nothing else"));
    CHECK(run({"-w", "doctor"}).output == "doctor");
}

TEST_CASE("setup-wireshark takes one of its options and nothing else") {
    using Setup = Options::Setup;
    CHECK(run({"setup-wireshark"}).action == Options::Action::kSetupWireshark);
    CHECK(run({"setup-wireshark"}).setup == Setup::kInstall);
    CHECK_FALSE(run({"setup-wireshark"}).group);
    CHECK(run({"setup-wireshark", "--remove"}).setup == Setup::kRemove);
    CHECK(run({"setup-wireshark", "--check"}).setup == Setup::kCheck);
    CHECK(run({"setup-wireshark", "--group", "a b"}).group == "a b");
    CHECK(run({"setup-wireshark", "--group=wheel"}).group == "wheel");
    for (const std::vector<std::string>& wrong :
         std::vector<std::vector<std::string>>{{"setup-wireshark", "--remove", "--check"},
                                               {"setup-wireshark", "--check", "--check"},
                                               {"setup-wireshark", "--group", "a", "--group", "b"},
                                               {"setup-wireshark", "--group", "a", "--check"},
                                               {"setup-wireshark", "stray"},
                                               {"setup-wireshark", "-i", "lo"},
                                               {"-q", "setup-wireshark", "--group=a"},
                                               {"tcp", "setup-wireshark"},
                                               {"doctor", "setup-wireshark"},
                                               {"setup-wireshark", "--", "true"}}) {
        INFO(wrong.front() << " " << wrong.back());
        CHECK_THAT(refusal(wrong), Catch::Contains("nothing else"));
    }
    CHECK_THAT(refusal({"setup-wireshark", "--group"}), Catch::Contains("--group needs a value"));
    CHECK_THAT(refusal({"setup-wireshark", "--group", ""}), Catch::Contains("is empty"));
    CHECK(std::get<Stop>(parse({"setup-wireshark", "-h"})).text ==
          cmd::help_of("setup-wireshark").text);
}

TEST_CASE("help and version are printed whatever else is given") {
    for (const char* option : {"-h", "--help", "--version"}) {
        const auto parsed = parse({"-i", "lo", "stray", option});
        const Stop* stop = std::get_if<Stop>(&parsed);
        REQUIRE(stop != nullptr);
        CHECK(stop->status == cmd::kExitDone);
        CHECK_THAT(stop->text, Catch::StartsWith("pidcap"));
    }
    CHECK(std::get<Stop>(parse({"doctor", "--help"})).text == cmd::help_of("doctor").text);
    CHECK(run({"-D"}).action == Options::Action::kListInterfaces);
}

TEST_CASE("a file names this machine's host, another, or none") {
    CHECK_FALSE(run({"-w", "f"}).host);
    CHECK(run({"-w", "f", "--host", "web 1"}).host == "web 1");
    CHECK(run({"-w", "f", "--no-host"}).host == "");
    CHECK(refusal({"-w", "f", "--host", "a", "--no-host"}).find("exclude") != std::string::npos);
    CHECK(refusal({"-w", "f", "--host", ""}).find("empty") != std::string::npos);
    CHECK(refusal({"-w", "f", "--host", std::string(256, 'a')}).find("255") != std::string::npos);
    CHECK(refusal({"--host", "a"}).find("-w FILE") != std::string::npos);
    CHECK(refusal({"--no-host"}).find("-w FILE") != std::string::npos);
}
