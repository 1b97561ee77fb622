// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/report.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

using test::TemporaryFolder;

namespace {

const std::string kFile = std::string(TEST_DATA) + "/ptcpdump-0.37.pcapng";

int report(const std::vector<std::string>& arguments) {
    return cmd::run_report(arguments);
}

nlohmann::json data_of(const std::string& path) {
    const std::string page = test::content_of(path);
    const std::string begin = R"(<script type="application/json" id="data">)";
    const size_t from = page.find(begin) + begin.size();
    return nlohmann::json::parse(page.substr(from, page.find("</script>", from) - from));
}

// Packets and bytes on the wire, as capinfos counts them.
std::pair<uint64_t, uint64_t> counted(const std::string& path) {
    const std::string out = test::output_of({"capinfos", "-Trmcd", path});
    const size_t packets = out.find(',') + 1;
    return {std::stoull(out.substr(packets)), std::stoull(out.substr(out.find(',', packets) + 1))};
}

}  // namespace

TEST_CASE("the page counts the packets and bytes that capinfos does") {
    const TemporaryFolder folder;
    const std::string page = folder.file("page.html");
    REQUIRE(report({kFile, "-o", page}) == 0);
    const auto data = data_of(page);
    const auto [packets, bytes] = counted(kFile);
    CHECK(packets > 0);
    CHECK(data.at("total") == nlohmann::json({packets, bytes}));
    CHECK(data.at("problems").empty());
    CHECK(data.at("processCount") > 0);
    CHECK(data.at("flowCount") > 0);
}

TEST_CASE("the page of two files is that of both") {
    const TemporaryFolder folder;
    const std::string page = folder.file("page.html");
    REQUIRE(report({kFile, kFile, "-o", page}) == 0);
    const auto data = data_of(page);
    const auto [packets, bytes] = counted(kFile);
    CHECK(data.at("total") == nlohmann::json({2 * packets, 2 * bytes}));
}

TEST_CASE("the page of a broken file has what was readable and says where it stopped") {
    const TemporaryFolder folder;
    const std::string cut = folder.file("cut.pcapng");
    const std::string page = folder.file("page.html");
    const std::string whole = test::content_of(kFile);
    std::ofstream(cut, std::ios::binary) << whole.substr(0, whole.size() - 7);
    CHECK(report({cut, "-o", page}) == 1);
    const auto data = data_of(page);
    CHECK(data.at("total").at(0) > 0);
    REQUIRE(data.at("problems").size() == 1);
    CHECK(test::contains(data.at("problems").at(0), "offset "));
}

TEST_CASE(
    "the file that is read is never written, and an older page outlives a file that isn't there") {
    const TemporaryFolder folder;
    const std::string copy = folder.file("copy.pcapng");
    std::filesystem::copy_file(kFile, copy);
    CHECK(report({copy, "-o", copy}) == 1);
    CHECK(test::content_of(copy) == test::content_of(kFile));
    CHECK(report({folder.file("missing"), "-o", copy}) == 1);
    CHECK(test::content_of(copy) == test::content_of(kFile));
}

TEST_CASE("a report of no file, of two, or to two pages is refused") {
    CHECK(report({}) == 2);
    CHECK(report({"-o", "x"}) == 2);
    CHECK(report({kFile, "-o", "x", "-o", "y"}) == 2);
    CHECK(report({kFile, "-o", ""}) == 2);
}
