// SPDX-License-Identifier: GPL-2.0-only
//
// The files of a rotation: which keys each has. That they can be read alone is tshark's to say.
#include "cmd/rotating_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"
#include "tests/support/tls_traffic.h"

using namespace cmd;
using test::TemporaryFolder;

namespace {

// Writes the sample's packets with their keys, all of which come first, into files of `size` bytes.
// Returns the files' paths.
std::vector<std::string> rotated(const TemporaryFolder& folder, uint64_t size) {
    unsetenv("SUDO_UID");  // the files are this process's
    auto signals = StopSignals::open();
    REQUIRE(signals);
    RotationOptions rotation;
    rotation.size = size;
    auto file = RotatingFile::open(folder.file("a"), rotation, {}, {}, *signals);
    REQUIRE(file);
    (*file)->counters_from([] { return RotatingFile::Counters(1); });
    const test::SamplePackets packets = test::packets_of("tls.pcapng");
    REQUIRE((*file)->begin("test"));
    REQUIRE((*file)->interface(packets.interface));
    REQUIRE((*file)->keys(test::sample_keys()));
    for (size_t i = 0; i < packets.size(); i++) {
        REQUIRE((*file)->packet(packets.at(i)));
    }
    REQUIRE((*file)->finish(RotatingFile::Counters(1)));
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        paths.push_back(entry.path().string());
    }
    std::ranges::sort(paths);
    return paths;
}

}  // namespace

TEST_CASE("each file of a rotation has the keys of the hellos in it, and no others") {
    const TemporaryFolder folder;
    const std::vector<std::string> paths = rotated(folder, 3000);
    CHECK(paths.size() > 5);
    size_t with_keys = 0;
    for (const std::string& path : paths) {
        CAPTURE(path);
        CHECK(test::randoms_of_keys(path) == test::randoms_of_hellos(path));
        with_keys += test::randoms_of_keys(path).empty() ? 0 : 1;
        struct stat status {};
        REQUIRE(stat(path.c_str(), &status) == 0);
        CHECK((status.st_mode & 0777) == 0600);
    }
    CHECK(with_keys > 1);
    CHECK(with_keys < paths.size());
}

TEST_CASE("files of a rotation that mergecap puts together can be read, wherever they were cut") {
    const TemporaryFolder folder;
    std::vector<std::string> command = {"mergecap", "-w", folder.file("whole")};
    const TemporaryFolder parts;
    for (const std::string& path : rotated(parts, 1500)) {
        command.push_back(path);
    }
    CHECK(command.size() > 10);
    (void)test::output_of(command);
    CHECK(test::requests_in(folder.file("whole")) ==
          std::vector<std::string>{"/one.txt", "/two.txt", "/four.txt", "/five.txt"});
}

TEST_CASE("of a connection that is in one file of a rotation tshark sees what it said") {
    const TemporaryFolder folder;
    const std::vector<std::string> paths = rotated(folder, 14'000);
    CHECK(paths.size() == 2);
    std::vector<std::string> requests;
    for (const std::string& path : paths) {
        for (const std::string& request : test::requests_in(path)) {
            requests.push_back(request);
        }
    }
    CHECK(requests.size() >= 3);
    CHECK(requests.front() == "/one.txt");
    CHECK(requests.back() == "/five.txt");
}
