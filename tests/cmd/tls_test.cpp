// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap tls`, its text, its JSON and its exit statuses.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/command.h"

namespace {

using test::contains;

const std::string kLibrary = std::string(TEST_DATA) + "/tls/x86-64.so";
const std::string kUnsupported = std::string(TEST_DATA) + "/tls/two-randoms.so";

const std::string kNoPlaintext =
    ": BoringSSL: its functions that pass plaintext have no names in this file\n";

}  // namespace

TEST_CASE("pidcap tls prints the place and the recipe, or why there is none") {
    const test::CommandResult said = test::run({PIDCAP, "tls", kLibrary, kUnsupported, "/bin/sh"});
    CHECK(said.status == 0);
    CHECK(said.err.empty());
    CHECK(said.out == kLibrary + ": BoringSSL, function at 0x2b0\n" +
                          "  label          rsi\n"
                          "  client random  [rdi + 0xa0] + 0x28\n"
                          "  secret         rdx\n"
                          "  secret length  rcx\n" +
                          kLibrary + kNoPlaintext + kUnsupported +
                          ": BoringSSL: the function that logs secrets wasn't found\n" +
                          kUnsupported + kNoPlaintext + "/bin/sh: no TLS library\n");
}

TEST_CASE("pidcap tls --json has an object for each file, those that can't be read included") {
    const test::CommandResult said = test::run({PIDCAP, "tls", "--json", kLibrary, "/etc/passwd"});
    CHECK(said.status == 1);
    CHECK(contains(said.err, "/etc/passwd: not an ELF file"));
    const auto list = nlohmann::json::parse(said.out);
    REQUIRE(list.size() == 2);
    CHECK(list[0]["file"] == kLibrary);
    CHECK(list[0]["tls"] == true);
    CHECK(list[0]["functions"][0]["offset"] == 0x2b0);
    CHECK(list[0]["functions"][0]["recipe"]["client_random"] == "[rdi + 0xa0] + 0x28");
    CHECK(list[0]["unsupported"].empty());
    CHECK(list[0]["plaintext"].empty());
    CHECK(list[0]["plaintext_unsupported"].size() == 1);
    CHECK(list[1]["error"] == "not an ELF file");
}

TEST_CASE("pidcap tls PID looks at what a process runs code of") {
    const std::string own = std::to_string(getpid());
    const test::CommandResult said = test::run({PIDCAP, "tls", own});
    CHECK(said.status == 0);
    CHECK(contains(said.out, own + ": no TLS library in the "));
    const auto list = nlohmann::json::parse(test::output_of({PIDCAP, "tls", "--json", own}));
    CHECK(list.size() > 1);
    CHECK(list[0]["pid"] == getpid());
}

TEST_CASE("pidcap tls refuses a line without a file, and a process that isn't there") {
    CHECK(test::run({PIDCAP, "tls"}).status == 2);
    CHECK(test::run({PIDCAP, "tls", "--no-such-option", kLibrary}).status == 2);
    CHECK(test::run({PIDCAP, "tls", "0"}).status == 2);
    const test::CommandResult gone = test::run({PIDCAP, "tls", "4294967295"});
    CHECK(gone.status == 1);
    CHECK(contains(gone.err, "4294967295: no such process"));
    CHECK(test::run({PIDCAP, "tls", "/no/such/file"}).status == 1);
}
