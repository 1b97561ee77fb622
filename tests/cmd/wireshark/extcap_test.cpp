// SPDX-License-Identifier: GPL-2.0-only
//
// The words that pidcap-extcap and Wireshark exchange.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "bpf/contract.h"
#include "cmd/wireshark/call.h"
#include "cmd/wireshark/dialog.h"
#include "cmd/wireshark/sentence.h"
#include "cmd/wireshark/toolbar.h"

namespace {

using namespace extcap;
using Action = Call::Action;
using Arguments = std::vector<std::string>;

Call call_of(const Arguments& arguments) {
    return parse_call(arguments);
}

// A capture at pidcap-any with these values of the dialog.
Call capture_with(const Arguments& values) {
    Arguments all = {"--capture", "--extcap-interface", "pidcap-any", "--fifo", "f"};
    all.insert(all.end(), values.begin(), values.end());
    return parse_call(all);
}

std::string error_of(const Arguments& values) {
    const auto options = options_of(capture_with(values));
    return options ? "" : options.error().message;
}

}  // namespace

TEST_CASE("what Wireshark wants is told by its arguments") {
    CHECK(call_of({"--extcap-interfaces", "--extcap-version=4.0"}).action == Action::kInterfaces);
    CHECK(call_of({"--extcap-dlts", "--extcap-interface", "pidcap-lo"}).action ==
          Action::kLinkTypes);
    CHECK(call_of({"--extcap-config", "--extcap-interface", "pidcap-lo"}).action ==
          Action::kDialog);
    CHECK(call_of({"--version"}).action == Action::kVersion);
    CHECK(call_of({"--help"}).action == Action::kHelp);
    CHECK(call_of({}).action == Action::kNone);
    CHECK(call_of({"--extcap-cleanup-postkill"}).action == Action::kCleanUp);

    const Call reload = call_of(
        {"--extcap-config", "--extcap-interface", "pidcap-lo", "--extcap-reload-option", "--tree"});
    CHECK(reload.action == Action::kReload);
    CHECK(reload.option == "tree");

    const Call check =
        call_of({"--extcap-capture-filter", "tcp", "--extcap-interface", "pidcap-lo"});
    CHECK(check.action == Action::kCheckFilter);
    CHECK(check.filter == "tcp");

    const Call capture =
        call_of({"--capture", "--extcap-interface", "pidcap-lo", "--extcap-capture-filter", "udp",
                 "--fifo", "/tmp/f", "--extcap-control-in", "/tmp/i", "--extcap-control-out",
                 "/tmp/o", "--comm", "curl"});
    CHECK(capture.action == Action::kCapture);
    CHECK(capture.interface == "pidcap-lo");
    CHECK(capture.filter == "udp");
    CHECK(capture.fifo == "/tmp/f");
    CHECK(capture.control_in == "/tmp/i");
    CHECK(capture.control_out == "/tmp/o");
    CHECK(capture.values.at("comm") == "curl");
}

TEST_CASE("a value is a value, whatever it looks like") {
    const Call call = capture_with({"--comm", "--follow", "--extcap-capture-filter", "--capture"});
    CHECK(call.values.at("comm") == "--follow");
    CHECK_FALSE(call.values.contains("follow"));
    CHECK(call.filter == "--capture");
    CHECK(capture_with({"--comm=a=b"}).values.at("comm") == "a=b");
}

TEST_CASE("arguments of later Wiresharks are passed over") {
    const Call call = capture_with({"--new-thing", "value", "--other", "--comm", "curl", "stray"});
    CHECK(call.values.at("comm") == "curl");
    CHECK(options_of(call).ok());
}

TEST_CASE("a flag may come with a word for yes or no") {
    CHECK(options_of(capture_with({"--process-blocks"}))->process_blocks);
    CHECK(options_of(capture_with({"--process-blocks", "true"}))->process_blocks);
    CHECK_FALSE(options_of(capture_with({"--process-blocks", "false"}))->process_blocks);
    CHECK(options_of(capture_with({"--tls-plaintext"}))->keys.plaintext);
    CHECK_FALSE(options_of(capture_with({"--tls-plaintext", "false"}))->keys.plaintext);
    CHECK_FALSE(options_of(capture_with({"--tls-keys"}))->keys.plaintext);
    CHECK_FALSE(options_of(capture_with({}))->process_blocks);
    CHECK_FALSE(options_of(capture_with({"--no-promiscuous-mode", "true"}))->promiscuous);
    CHECK(options_of(capture_with({}))->promiscuous);
}

TEST_CASE("the dialog says what a capture has of containers' addresses and of its host") {
    CHECK_FALSE(options_of(capture_with({}))->container_addresses);
    CHECK(options_of(capture_with({"--container-addresses", "true"}))->container_addresses);
    CHECK_FALSE(options_of(capture_with({}))->host);
    CHECK_FALSE(options_of(capture_with({"--host", ""}))->host);
    CHECK(options_of(capture_with({"--host", "web 1"}))->host == "web 1");
    CHECK(options_of(capture_with({"--host", "web 1", "--no-host"}))->host == "");
    CHECK_FALSE(options_of(capture_with({"--host", std::string(256, 'a')})).ok());
}

TEST_CASE("events are chosen in the dialog, tracepoints by root only") {
    const auto own = options_of(capture_with({"--event", "socket, drop=all"}));
    REQUIRE(own.ok());
    CHECK(own->events.choices ==
          std::vector<capture::EventChoice>{{"socket", "", ""}, {"drop", "all", ""}});
    CHECK(own->events.packets);
    CHECK(options_of(capture_with({"--event", ""}))->events.choices.empty());
    CHECK_FALSE(own->events.sample_interval);
    CHECK(options_of(capture_with({"--sample", "1s"}))->events.sample_interval ==
          std::chrono::seconds(1));
    CHECK_FALSE(options_of(capture_with({"--sample", "0.01"})).ok());
    CHECK_FALSE(options_of(capture_with({"--event", "drop", "--no-packets"}))->events.packets);
    CHECK_FALSE(options_of(capture_with({"--event", "../x"})).ok());
    const auto both = options_of(capture_with(
        {"--event", "drop", "--tracepoint", "tcp:tcp_probe,tcp:tcp_rcv* if dport = 443"}));
    CHECK(both.ok() == (getuid() == 0));
    if (both) {
        const auto& choices = both->events.choices;
        REQUIRE(choices.size() == 3);
        CHECK(choices[0].condition.empty());
        CHECK(choices[2].condition == "dport = 443");
    }
}

TEST_CASE("what was chosen in the dialog becomes the options of a capture") {
    const auto options =
        options_of(capture_with({"--hook", "xdp", "--direction", "in", "--snaplen", "96",
                                 "--extcap-capture-filter", "tcp port 443"}));
    REQUIRE(options.ok());
    CHECK(options->interfaces == Arguments{"any"});
    CHECK(options->hook == capture::Hook::kXdp);
    CHECK(options->in);
    CHECK_FALSE(options->out);
    CHECK(options->snaplen == 96);
    CHECK(options->filter == "tcp port 443");

    const auto defaults = options_of(call_of({"--capture", "--extcap-interface", "pidcap-eth0"}));
    REQUIRE(defaults.ok());
    CHECK(defaults->interfaces == Arguments{"eth0"});
    CHECK(defaults->hook == capture::Hook::kTc);
    CHECK(defaults->in);
    CHECK(defaults->out);
    CHECK(defaults->snaplen == PIDCAP_SNAPLEN_MAX);
    CHECK(defaults->filter.empty());
    CHECK(defaults->process_filter.others.is_always_true());
}

TEST_CASE("lists of the dialog are alternatives, pids and a tree together, too") {
    CHECK(options_of(capture_with({"--pid", "1,2"}))->process_filter.pids ==
          std::vector<uint32_t>{1, 2});
    CHECK(options_of(capture_with({"--tree", "7"}))->process_filter.trees ==
          std::vector<uint32_t>{7});
    CHECK(options_of(capture_with({"--tree", "any"}))->process_filter.trees.empty());
    const auto both = options_of(capture_with({"--pid", "1,2", "--tree", "7"}));
    REQUIRE(both.ok());
    CHECK(both->process_filter.pids == std::vector<uint32_t>{1, 2});
    CHECK(both->process_filter.trees == std::vector<uint32_t>{7});
    CHECK(both->process_filter.pid_or_tree);
    CHECK_FALSE(options_of(capture_with({"--comm", " curl , nginx* "}))
                    ->process_filter.others.is_always_true());
    CHECK(options_of(capture_with({"--comm", " , "}))->process_filter.others.is_always_true());
}

TEST_CASE("what can't be captured so is refused in words that name it") {
    using Catch::Contains;
    CHECK_THAT(error_of({"--snaplen", "0"}), Contains("--snaplen 0"));
    CHECK_THAT(error_of({"--hook", "kprobe"}), Contains("--hook kprobe"));
    CHECK_THAT(error_of({"--direction", "up"}), Contains("--direction up"));
    CHECK_THAT(error_of({"--comm", "a-name-that-is-too-long"}), Contains("15 bytes"));
    CHECK_THAT(error_of({"--process", "comm = "}), Contains("--process"));
    CHECK_THAT(error_of({"--user", "nobody-has-this-name"}), Contains("nobody-has-this-name"));
    CHECK_THAT(error_of({"--pid", "1,x", "--tree", "3"}), Contains("--pid x"));
    CHECK_THAT(error_of({"--extcap-interface", "eth0"}), Contains("not one of pidcap's"));
    CHECK_THAT(error_of({"--extcap-interface", "pidcap-"}), Contains("not one of pidcap's"));
    CHECK_THAT(error_of({"--extcap-interface", "pidcap-lo", "--hook", "cgroup"}),
               Contains("pidcap: any"));
}

TEST_CASE("a sentence can't be broken by what it says") {
    CHECK(sentence("value", {{"arg", "0"}, {"display", "a}{default=true}\n\x1b[31mb\\"}}) ==
          "value {arg=0}{display=a][default=true]\\x0a\\x1b[31mb\\\\}\n");
    CHECK(can_be_said("eth0.7"));
    CHECK_FALSE(can_be_said("a}"));
    CHECK_FALSE(can_be_said("a\n"));
}

TEST_CASE("a message goes over the wire as extcap's manual has it") {
    CHECK(encode({2, Command::kSet, "ab"}) == std::string("T\0\0\x04\x02\x01"
                                                          "ab",
                                                          8));
    CHECK(encode({0, Command::kInitialized, ""}) == std::string("T\0\0\x02\0\0", 6));
    const std::string longest = encode({0, Command::kAdd, std::string(100'000, 'x')});
    CHECK(longest.size() == 4 + 0xffff);
    CHECK(longest.substr(1, 3) == std::string("\0\xff\xff", 3));
}

TEST_CASE("messages are taken as they come, in whatever pieces") {
    const std::vector<Message> sent = {{0, Command::kSet, "comm = \"a\""},
                                       {0, Command::kSet, ""},
                                       {9, Command::kInitialized, std::string(40'000, '\0')}};
    std::string bytes;
    for (const Message& message : sent) {
        bytes += encode(message);
    }
    for (const size_t piece : {size_t{1}, size_t{7}, bytes.size()}) {
        std::vector<Message> heard;
        std::string waiting;
        for (size_t at = 0; at < bytes.size(); at += piece) {
            waiting += bytes.substr(at, piece);
            const auto taken = take_messages(waiting);
            REQUIRE(taken.ok());
            heard.insert(heard.end(), taken->begin(), taken->end());
        }
        CHECK(heard == sent);
        CHECK(waiting.empty());
    }
}

TEST_CASE("what is no message ends the conversation") {
    for (const std::string& wrong :
         {std::string("X\0\0\x02\0\0", 6), std::string("T\0\0\x01\0\0", 6),
          std::string("T\x01\0\0\0\0", 6), std::string("GET / HTTP/1.0")}) {
        std::string bytes = encode({0, Command::kSet, "x"}) + wrong;
        CHECK_FALSE(take_messages(bytes).ok());
    }
}
