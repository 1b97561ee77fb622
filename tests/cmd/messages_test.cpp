// SPDX-License-Identifier: GPL-2.0-only
//
// What pidcap says to somebody who mistypes: the thing, why, and what to do instead.
// scripts/messages lists all messages.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/command.h"
#include "tests/support/skip.h"

namespace {

using test::contains;

std::string refusal(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), PIDCAP);
    const test::CommandResult result = test::run(arguments);
    CHECK(result.status != 0);
    return result.err;
}

}  // namespace

TEST_CASE("a mistyped command is told from a wrong filter") {
    CHECK(contains(refusal({"-d", "process", "x.pcapng"}),
                   "nor is process a command: `pidcap --help` lists them"));
    CHECK_FALSE(contains(refusal({"-d", "tcp", "prt", "443"}), "command"));
    CHECK(contains(refusal({"-d", PIDCAP}), std::string("to read a file: pidcap read ") + PIDCAP));
}

TEST_CASE("an unknown user may be a number") {
    const std::string rest = " no-such-one: no such user on this machine; a number works, too";
    CHECK(contains(refusal({"--user", "no-such-one"}), "--user" + rest));
    CHECK(contains(refusal({"--run-as", "no-such-one"}), rest));
}

TEST_CASE("pidcap trigger names the option that is given twice") {
    CHECK(contains(refusal({"trigger", "--note", "a", "--note", "b"}), "--note is given twice"));
    CHECK(contains(refusal({"trigger", "--name", "a", "--name", "b"}), "--name is given twice"));
}

TEST_CASE("pidcap tls names the file that it can't open") {
    CHECK(contains(refusal({"tls", "/no/such/file"}),
                   "/no/such/file: can't be opened: No such file or directory"));
}

TEST_CASE("a user namespace is named where a user can't be had in it") {
    if (test::run({"unshare", "--user", "--map-root-user", "true"}).status != 0) {
        return test::skip("no user namespace can be made");
    }
    const std::string said =
        test::run({"unshare", "--user", "--map-root-user", "--net", PIDCAP, "-i", "lo"}).err;
    CHECK(contains(said, "its capabilities hold only inside this user namespace"));
    CHECK(contains(said, "pidcap doctor"));
}
