// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/doctor.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using capture::Feature;
using State = Feature::State;
using Need = Feature::Need;

namespace {

Feature feature(const char* id, Need need, State state, const char* group = "hook") {
    Feature feature;
    feature.id = feature.name = id;
    feature.group = group;
    feature.need = need;
    feature.state = state;
    feature.cost = "cost of " + feature.id;
    feature.remedy = "remedy for " + feature.id;
    return feature;
}

std::vector<Feature> machine(State tcx, State clsact, State btf) {
    return {feature("btf", Need::kRequired, btf), feature("tcx", Need::kOneOf, tcx),
            feature("clsact", Need::kOneOf, clsact), feature("rename", Need::kOptional, State::kNo),
            feature("fentry", Need::kOptional, State::kNo, "tracing")};
}

}  // namespace

TEST_CASE("a capture needs all that is required and one way to attach") {
    CHECK(can_capture(machine(State::kYes, State::kYes, State::kYes)));
    CHECK(can_capture(machine(State::kNo, State::kYes, State::kYes)));
    CHECK(can_capture(machine(State::kYes, State::kUnknown, State::kYes)));
    CHECK_FALSE(can_capture(machine(State::kNo, State::kNo, State::kYes)));
    CHECK_FALSE(can_capture(machine(State::kYes, State::kYes, State::kNo)));
    CHECK_FALSE(can_capture(machine(State::kYes, State::kYes, State::kUnknown)));
}

TEST_CASE("the table says of what is missing what it costs and what to do") {
    const std::string table = cmd::doctor_table(machine(State::kNo, State::kNo, State::kNo), false);
    CHECK_THAT(table, Catch::Contains("no       btf") && Catch::Contains("cost of btf") &&
                          Catch::Contains("remedy for btf"));
    CHECK_THAT(table, Catch::Contains("missing: btf, tcx or clsact"));
    CHECK(table.find('\x1b') == std::string::npos);
    CHECK_THAT(cmd::doctor_table(machine(State::kYes, State::kNo, State::kYes), true),
               Catch::Contains("pidcap can capture") && Catch::Contains("\x1b[32myes"));
}

TEST_CASE("the JSON has its documented keys") {
    std::vector<Feature> features = machine(State::kYes, State::kNo, State::kYes);
    features[0].detail = "\xff";  // a mount point may hold any byte
    const cmd::RunningProcess running = cmd::parse_rights(
        "Name:\tpidcap-proc\nUid:\t7\t8\t9\t10\nGid:\t3\t4\t5\t6\nGroups:\t20 21 \n"
        "CapEff:\t0000000000080004\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\n"
        "Seccomp:\t2\n");
    const auto report = nlohmann::json::parse(cmd::doctor_json(features, {running}));
    CHECK(report.at("ready") == true);
    CHECK(report.at("tier") == "locked");
    CHECK(report.at("kernel").is_string());
    CHECK(report.at("machine").is_string());
    REQUIRE(report.at("features").size() == 5);
    const auto& tcx = report["features"][1];
    CHECK(tcx.at("id") == "tcx");
    CHECK(tcx.at("state") == "yes");
    CHECK(tcx.at("need") == "one-of");
    CHECK(report["features"][2].at("state") == "no");
    CHECK(report["features"][2].at("remedy") == "remedy for clsact");
    const auto& process = report.at("processes").at(0);
    CHECK(process.at("pid") == 0);
    CHECK(process.at("name") == "pidcap-proc");
    CHECK(process.at("uid") == 8);
    CHECK(process.at("gid") == 4);
    CHECK(process.at("groups") == std::vector<int>{20, 21});
    CHECK(process.at("capabilities") ==
          std::vector<std::string>{"cap_dac_read_search", "cap_sys_ptrace"});
    CHECK(process.at("bounding").empty());
    CHECK(process.at("no_new_privs") == true);
    CHECK(process.at("seccomp") == true);
    CHECK_THAT(cmd::rights_table({running}, false),
               Catch::Contains("0 pidcap-proc: user 8, cap_dac_read_search,cap_sys_ptrace, 2 "
                               "groups, no new privileges, a filter of system calls"));
    CHECK(cmd::rights_table({}, false).empty());
}
