// SPDX-License-Identifier: GPL-2.0-only
//
// TLS keys in files that are written from files. Which hellos a file has, and what it says in the
// clear with its keys, is tshark's to say.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "pcapng/encode.h"
#include "tests/cmd/offline/written.h"
#include "tests/support/tls_traffic.h"

using test::Capture;
using test::contains;
using test::need;
using Requests = std::vector<std::string>;

namespace {

const Capture::Who kOne{.pid = 101, .comm = "one"};
const Capture::Who kTwo{.pid = 102, .comm = "two"};

uint16_t server_port(const test::Bytes& frame) {
    const auto port = [&](size_t at) {
        return static_cast<uint16_t>(frame[at] << 8 | frame[at + 1]);
    };
    return std::min(port(34), port(36));  // clients have higher ones
}

std::string key_log() {
    return test::content_of(test::sample("tls.keys"));
}

enum class Where { kFront, kBehind };

// The sample's packets, of which the processes one (ports 4431 and 4433) and two (4432) send those
// of theirs, and its keys.
void write_capture(const std::string& path, Where keys, const std::string& more_keys = {}) {
    Capture file(path);
    if (keys == Where::kFront) {
        need(file.writer.tls_keys(more_keys + key_log()));
    }
    std::map<uint32_t, bool> seen;
    const test::SamplePackets packets = test::packets_of("tls.pcapng");
    for (size_t i = 0; i < packets.size(); i++) {
        const test::Bytes& frame = packets.bytes[i];
        const uint16_t port = server_port(frame);
        if (port == 4434) {
            file.plain(frame);
        } else {
            const Capture::Who& who = port == 4432 ? kTwo : kOne;
            file.packet(who, !std::exchange(seen[who.pid], true), frame);
        }
    }
    if (keys == Where::kBehind) {
        need(file.writer.tls_keys(more_keys + key_log()));
    }
    file.close();
}

const Requests kAll = {"/one.txt", "/two.txt", "/four.txt", "/five.txt"};

// The first packet of a file, and the first block with TLS keys, by their places.
bool keys_are_in_front(const std::string& path) {
    pcapng::Reader reader = need(pcapng::Reader::open_file(path));
    bool has_packet = false;
    bool has_keys = false;
    while (auto block = need(reader.next())) {
        has_packet = has_packet || std::holds_alternative<pcapng::PacketRead>(*block);
        if (std::holds_alternative<pcapng::SecretsRead>(*block)) {
            if (has_packet) {
                return false;
            }
            has_keys = true;
        }
    }
    return has_keys;
}

}  // namespace

TEST_CASE("what is extracted has the keys of its connections and no others, and can be read") {
    const Where keys = GENERATE(Where::kFront, Where::kBehind);
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in");
    write_capture(in, keys);
    CHECK(test::requests_in(in) == (keys == Where::kFront ? kAll : Requests{}));
    const std::vector<std::pair<std::vector<std::string>, Requests>> selections = {
        {{}, kAll},
        {{"port", "4432"}, {"/two.txt"}},
        {{"tcp"}, kAll},
        {{"udp"}, {}},
        {{"--comm", "one"}, {"/one.txt", "/five.txt"}},
        {{"--comm", "!one"}, {"/two.txt"}},
        {{"-c", "30"}, {"/one.txt", "/two.txt"}},
        {{"port", "9"}, {}},
    };
    for (const auto& [selection, requests] : selections) {
        CAPTURE(selection);
        const std::string out = folder.file("out");
        std::vector<std::string> arguments = {"extract", in, "-w", out};
        arguments.insert(arguments.end(), selection.begin(), selection.end());
        test::pidcap_done(arguments);
        CHECK(test::requests_in(out) == requests);
        CHECK(test::randoms_of_keys(out) == test::randoms_of_hellos(out));
    }
}

TEST_CASE("a connection of which the hello isn't extracted leaves no key behind") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in");
    const std::string out = folder.file("out");
    write_capture(in, Where::kFront);
    // All but the first packets of the first connection.
    test::pidcap_done({"extract", in, "-w", out, "--after", "+0.006s"});
    const auto randoms = test::randoms_of_hellos(in);
    CHECK(randoms.size() == 5);
    CHECK(test::randoms_of_hellos(out).size() == 4);
    CHECK(test::randoms_of_keys(out) == test::randoms_of_hellos(out));
}

TEST_CASE("each file that is split off has the keys of its connections") {
    const Where keys = GENERATE(Where::kFront, Where::kBehind);
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in");
    write_capture(in, keys);
    test::pidcap_done({"extract", in, "--split", "process", "-w", folder.file("out")});
    const std::map<std::string, Requests> expected = {
        {"101-one.pcapng", {"/one.txt", "/five.txt"}},
        {"102-two.pcapng", {"/two.txt"}},
        {"unattributed.pcapng", {"/four.txt"}},
    };
    size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.file("out"))) {
        CAPTURE(entry.path().string());
        CHECK(test::requests_in(entry.path()) == expected.at(entry.path().filename()));
        CHECK(test::randoms_of_keys(entry.path()) == test::randoms_of_hellos(entry.path()));
        files++;
    }
    CHECK(files == expected.size());
}

TEST_CASE("packets that are cut behind their hellos' randoms keep their keys") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in");
    const std::string cut = folder.file("cut");
    const std::string out = folder.file("out");
    write_capture(in, Where::kFront);
    // Ethernet, IP, TCP with its options, and 43 bytes; of DTLS 59 behind 42.
    (void)test::output_of({"editcap", "-s", "109", in, cut});
    test::pidcap_done({"extract", cut, "ip", "-w", out});
    CHECK(test::randoms_of_keys(out) == test::randoms_of_hellos(test::sample("tls.pcapng")));
}

TEST_CASE("from a pipe keys stay where they are, those behind their packets are told of") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in");
    const std::string out = folder.file("out");
    const Where keys = GENERATE(Where::kFront, Where::kBehind);
    write_capture(in, keys);
    const std::string filter = GENERATE(as<std::string>(), "", "port 4431");
    const auto done =
        test::run({"sh", "-c", "cat \"$1\" | \"$0\" extract - " + filter + " -w \"$2\"",
                   PIDCAP_PROGRAM, in, out});
    CAPTURE(done.err, filter);
    CHECK(done.status == 0);
    const std::set<std::string> all = test::randoms_of_hellos(out);
    CHECK(all.size() == (filter.empty() ? 5 : 2));
    CHECK(test::randoms_of_keys(out) == all);
    CHECK(contains(done.err, "stand behind packets") == (keys == Where::kBehind));
    CHECK(test::requests_in(out).empty() == (keys == Where::kBehind));
}

TEST_CASE("extract --without-keys writes no secrets of any kind, and without it others stay") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in");
    const std::string out = folder.file("out");
    constexpr uint32_t kWireGuard = 0x57474b4c;
    {
        Capture file(in);
        need(file.writer.tls_keys(key_log()));
        pcapng::ByteBuffer body;
        body.u32(kWireGuard);
        const std::string secret = "LOCAL_STATIC_PRIVATE_KEY = c2VjcmV0\n";
        body.u32(static_cast<uint32_t>(secret.size()));
        body.text(secret);
        body.pad(secret.size());
        need(file.writer.block(pcapng::kDecryptionSecretsBlock, body.view()));
        const test::SamplePackets packets = test::packets_of("tls.pcapng");
        for (const test::Bytes& frame : packets.bytes) {
            file.plain(frame);
        }
        file.close();
    }
    const std::string filter = GENERATE(as<std::string>(), "", "ip");
    std::vector<std::string> arguments = {"extract", in, "-w", out};
    if (!filter.empty()) {
        arguments.push_back(filter);
    }
    test::pidcap_done(arguments);
    CHECK(test::requests_in(out) == kAll);
    CHECK(contains(test::content_of(out), "c2VjcmV0"));
    arguments.emplace_back("--without-keys");
    test::pidcap_done(arguments);
    const std::string bytes = test::content_of(out);
    CHECK_FALSE(contains(bytes, "SECRET"));
    CHECK_FALSE(contains(bytes, "CLIENT_RANDOM"));
    CHECK_FALSE(contains(bytes, "c2VjcmV0"));
    CHECK(test::tshark_lines(out, {"frame.number"}).size() == 83);
}

TEST_CASE("lines that name no connection stay in a copy, and aren't in a part") {
    const std::string more = "# by hand\nRSA 0123456789abcdef 00112233\n";
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in");
    const std::string out = folder.file("out");
    write_capture(in, Where::kFront, more);
    test::pidcap_done({"extract", in, "-w", out});
    CHECK(test::keys_in(out) == more + key_log());
    test::pidcap_done({"extract", in, "ip", "-w", out});
    CHECK(test::keys_in(out) != key_log());
    CHECK(contains(key_log(), test::keys_in(out).substr(0, 60)));
    CHECK_FALSE(contains(test::keys_in(out), "RSA"));
    CHECK_FALSE(contains(test::keys_in(out), "#"));
}

TEST_CASE(
    "merge puts the keys of all files in front: those of one host decrypt another's packets") {
    const test::TemporaryFolder folder;
    const std::string keys = folder.file("keys");
    const std::string packets = folder.file("packets");
    const std::string out = folder.file("out");
    test::pidcap_done({"extract", test::sample("tls.pcapng"), "--without-keys", "-w", packets});
    // Later than all packets.
    {
        Capture file(keys, "eth0", test::kStart * 2);
        file.plain(test::datagram(1, 1, 2));
        need(file.writer.tls_keys(key_log()));
        file.close();
    }
    test::pidcap_done({"merge", packets, keys, "-w", out});
    CHECK(keys_are_in_front(out));
    CHECK(test::requests_in(out) == kAll);
    CHECK(test::keys_in(out) == key_log());
}

TEST_CASE("annotate puts the keys of its file in front") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in");
    const std::string table = folder.file("table");
    const std::string out = folder.file("out");
    write_capture(in, Where::kBehind);
    std::ofstream(table) << test::pidcap({"flows", "--json", in}).out;
    test::pidcap_done({"annotate", in, "--from", table, "-w", out});
    CHECK(keys_are_in_front(out));
    CHECK(test::requests_in(out) == kAll);
}

TEST_CASE("pidcap keys prints the key log that editcap was given, and tshark takes it") {
    const test::TemporaryFolder folder;
    const std::string out = folder.file("out");
    const std::string plain = folder.file("plain");
    const auto printed = test::pidcap({"keys", test::sample("tls.pcapng")});
    CHECK(printed.status == 0);
    CHECK(printed.err.empty());
    CHECK(printed.out == key_log());
    test::pidcap_done({"keys", test::sample("tls.pcapng"), "-w", out});
    CHECK(test::content_of(out) == key_log());
    test::pidcap_done({"extract", test::sample("tls.pcapng"), "--without-keys", "-w", plain});
    CHECK(test::requests_in(plain).empty());
    CHECK(test::lines(
              test::output_of({"tshark", "-r", plain, "-o", "tls.keylog_file:" + out, "-Y",
                               "http.request", "-T", "fields", "-e", "http.request.uri"})) == kAll);
    // Of a compressed file, and of one without keys.
    const std::string packed = folder.file("packed");
    (void)test::output_of({"zstd", "-q", test::sample("tls.pcapng"), "-o", packed});
    CHECK(test::pidcap({"keys", packed}).out == key_log());
    const auto none = test::pidcap({"keys", plain});
    CHECK(none.status == 0);
    CHECK(none.out.empty());
    CHECK(contains(none.err, "has no TLS keys; a capture has them with --tls-keys"));
}

TEST_CASE("keys are written into a file that only its owner can read, or not at all") {
    const test::TemporaryFolder folder;
    const std::string out = folder.file("out");
    const auto mode = [&] {
        struct stat status {};
        REQUIRE(stat(out.c_str(), &status) == 0);
        return status.st_mode & 0777;
    };
    const mode_t before = umask(0);
    test::pidcap_done({"keys", test::sample("tls.pcapng"), "-w", out});
    umask(before);
    CHECK(mode() == 0600);
    test::pidcap_done({"keys", test::sample("tls.pcapng"), "-w", out});
    for (const mode_t readable : {mode_t{0644}, mode_t{0640}, mode_t{0604}}) {
        std::ofstream(out) << "what was there";
        REQUIRE(chmod(out.c_str(), readable) == 0);
        const auto refused = test::pidcap({"keys", test::sample("tls.pcapng"), "-w", out});
        CHECK(refused.status == 1);
        CHECK(contains(refused.err, "others may read it"));
        CHECK(test::content_of(out) == "what was there");
        CHECK(mode() == readable);
    }
    const auto same =
        test::pidcap({"keys", test::sample("tls.pcapng"), "-w", test::sample("tls.pcapng")});
    CHECK(same.status == 1);
    CHECK(contains(same.err, "the input file"));
}

TEST_CASE("what extract writes says how many keys it has, and whether others may read it") {
    const test::TemporaryFolder folder;
    const std::string out = folder.file("out");
    const auto said = [&](const std::string& filter) {
        const auto done = test::pidcap({"extract", test::sample("tls.pcapng"), filter, "-w", out});
        CHECK(done.status == 0);
        return done.err;
    };
    CHECK(contains(said("port 4432"), "1 TLS key is in it"));
    CHECK(contains(said("port 4431"), "10 TLS keys are in it"));
    CHECK_FALSE(contains(said("port 4431"), "others may read"));
    CHECK_FALSE(contains(said("port 9"), "TLS key"));
    REQUIRE(chmod(out.c_str(), 0640) == 0);
    CHECK(contains(said("port 4431"), "others may read " + out + " (mode 640)"));
    CHECK_FALSE(contains(said("port 9"), "others may read"));
}

TEST_CASE("a key log that isn't text doesn't reach the terminal, nor end the file") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in");
    const std::string out = folder.file("out");
    {
        Capture file(in);
        need(file.writer.tls_keys("\x1b]0;evil\x07\nFINE\n" + std::string(900'000, 'x') + "\n"));
        file.plain(test::datagram(1, 1, 2));
        // Larger than what is written in one block, without an end of a line.
        pcapng::ByteBuffer body;
        body.u32(pcapng::kTlsKeyLog);
        const std::string text(3'000'000, 'y');
        body.u32(static_cast<uint32_t>(text.size()));
        body.text(text);
        need(file.writer.block(pcapng::kDecryptionSecretsBlock, body.view()));
        file.close();
    }
    const auto printed = test::pidcap({"keys", in});
    CHECK(printed.status == 0);
    CHECK(printed.out ==
          "FINE\n" + std::string(900'000, 'x') + "\n" + std::string(3'000'000, 'y') + "\n");
    CHECK(contains(printed.err, "1 line is left out"));
    const auto copied = test::pidcap({"extract", in, "-w", out});
    CHECK(copied.status == 1);
    CHECK(contains(copied.err, "1 line of TLS keys is left out"));
    CHECK(test::tshark_lines(out, {"frame.number"}).size() == 1);
    CHECK(contains(test::keys_in(out), "FINE\nxxx"));
}
