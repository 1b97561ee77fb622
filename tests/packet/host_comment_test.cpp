// SPDX-License-Identifier: GPL-2.0-only
#include "packet/host_comment.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <variant>
#include <vector>

#include "tests/pcapng/files.h"
#include "tests/support/temporary_folder.h"

namespace {

// What a reader finds in a file with these comments.
std::string host_in(const std::vector<std::string>& comments) {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    pcapng::Writer writer = test::open_writer(path, {.comments = comments});
    test::need(writer.close());
    pcapng::Reader reader = test::need(pcapng::Reader::open_file(path));
    const pcapng::Block* block = test::need(reader.next_in_place());
    REQUIRE(block != nullptr);
    return packet::host_of_section(std::get<pcapng::SectionRead>(*block).options);
}

}  // namespace

TEST_CASE("a host's name is the same behind the file, whatever is in it, and plain within") {
    std::string every;
    for (int byte = 1; byte < 256; ++byte) {
        every += static_cast<char>(byte);
    }
    const std::string bidi =
        "web\xe2\x80\xae"
        "1";
    for (const std::string& host :
         {std::string("web1"), std::string("a b, c"), std::string("50%"), std::string("x\0y", 3),
          every, bidi, std::string(packet::kMaxHost, 'n')}) {
        const std::string comment = packet::host_comment(host);
        INFO(comment);
        CHECK(std::none_of(comment.begin(), comment.end(),
                           [](unsigned char c) { return c <= ' ' || c == 0x7f; }));
        CHECK(host_in({"pidcap comment grammar 1", comment, "tier=x tracing=y"}) == host);
    }
}

TEST_CASE("a header that names several hosts, or none as the form is, names none") {
    CHECK(host_in({}).empty());
    CHECK(host_in({"host=a", "host=b"}).empty());
    CHECK(host_in({"host=a", "host=b, Linux 6.1"}).empty());
    CHECK(host_in({"host=a, Linux 6.1"}).empty());
    CHECK(host_in({"host="}).empty());
    CHECK(host_in({"host=a pid=3"}).empty());
    CHECK(host_in({"host=a%2"}).empty());
    CHECK(host_in({"host=" + std::string(packet::kMaxHost + 1, 'n')}).empty());
    CHECK(host_in({"hostile=a", "the host=a"}).empty());
}
