// SPDX-License-Identifier: GPL-2.0-only
//
// Without privilege, or with a part of it, pidcap names the capability that is missing. (No cgroup
// v2 and no type information can't be had on a machine that has both.)
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;

CommandResult as_nobody(const std::string& capabilities) {
    std::vector<std::string> command = {"setpriv", "--reuid=65534", "--regid=65534",
                                        "--clear-groups"};
    if (!capabilities.empty()) {
        command.insert(command.end(),
                       {"--inh-caps=" + capabilities, "--ambient-caps=" + capabilities});
    }
    return run(pidcap_command({"-i", "lo", "-w", "/dev/null", "--duration", "0.1"}, command));
}

}  // namespace

TEST_CASE("an ordinary user is told which capabilities are missing") {
    const CommandResult result = as_nobody("");
    INFO(result.err);
    CHECK(result.status == 1);
    CHECK(contains(result.err, "CAP_BPF"));
    CHECK(contains(result.err, "CAP_PERFMON"));
    CHECK(contains(result.err, "CAP_NET_ADMIN"));
    CHECK_FALSE(contains(result.err, "libbpf"));
    CHECK_FALSE(contains(result.err, "listening"));
}

TEST_CASE("with some capabilities, the message names the others and no more") {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"+perfmon,+net_admin", "CAP_BPF"},
        {"+bpf,+net_admin", "CAP_PERFMON"},
        {"+bpf,+perfmon", "CAP_NET_ADMIN"},
    };
    for (const auto& [granted, missing] : cases) {
        INFO(granted);
        const CommandResult result = as_nobody(granted);
        INFO(result.err);
        CHECK(result.status == 1);
        for (const std::string name : {"CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"}) {
            CHECK(contains(result.err, name) == (name == missing));
        }
    }
}
