// SPDX-License-Identifier: GPL-2.0-only
//
// What is found in real programs, judged by the key log that the other end of their connections
// writes: a TLS server of OpenSSL, by its own option -keylogfile.
#include "capture/tls/finder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pcapng/fd.h"
#include "tests/capture/tls/breakpoint_log.h"
#include "tests/support/command.h"
#include "tests/support/process.h"
#include "tests/support/temporary_folder.h"

namespace {

using test::BreakpointLog;

const std::set<std::string> kTls13 = {"CLIENT_HANDSHAKE_TRAFFIC_SECRET",
                                      "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
                                      "SERVER_TRAFFIC_SECRET_0"};
const std::set<std::string> kTls12 = {"CLIENT_RANDOM"};

std::set<std::string> lines_of(const std::string& file) {
    std::ifstream stream(file);
    std::set<std::string> result;
    for (std::string line; std::getline(stream, line);) {
        if (!line.starts_with("#")) {
            result.insert(line);
        }
    }
    return result;
}

class Server {
  public:
    explicit Server(const std::string& version) {
        test::output_of({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                         "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-keyout",
                         folder_.file("key"), "-out", folder_.file("certificate")});
        process_.emplace(test::Launch{
            .arguments = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-www", version, "-key",
                          folder_.file("key"), "-cert", folder_.file("certificate"), "-keylogfile",
                          folder_.file("keys")},
            .prepare = [] { dup2(STDERR_FILENO, STDOUT_FILENO); }});
        const std::string before = "ACCEPT 127.0.0.1:";
        process_->wait_for(before);
        process_->wait_for("\n");
        const std::string& said = process_->err();
        port_ = std::to_string(std::stoi(said.substr(said.find(before) + before.size())));
    }

    const std::string& port() const { return port_; }
    std::string url() const { return "https://127.0.0.1:" + port_ + "/"; }
    std::set<std::string> lines() const { return lines_of(folder_.file("keys")); }

  private:
    test::TemporaryFolder folder_;
    std::optional<test::Process> process_;
    std::string port_;
};

std::set<std::string> labels_of(const std::set<std::string>& lines) {
    std::set<std::string> labels;
    for (const std::string& line : lines) {
        labels.insert(line.substr(0, line.find(' ')));
    }
    return labels;
}

// A program may have loaded others, too.
bool has_library(const BreakpointLog& log, const std::string& name) {
    return std::ranges::any_of(
        log.found, [&](const auto& each) { return each.second.starts_with(name + " "); });
}

// Every line is one that the server wrote, and none is missing that decrypting needs.
void check(const BreakpointLog& log, const Server& server, const std::set<std::string>& needed) {
    const std::set<std::string> written = server.lines();
    REQUIRE(!written.empty());
    for (const std::string& line : log.lines) {
        CAPTURE(line);
        CHECK(written.contains(line));
    }
    const std::set<std::string> labels = labels_of(log.lines);
    CAPTURE(log.status, labels, labels_of(written));
    CHECK(std::ranges::includes(labels, needed));
}

// Has the library of tests/data/tls/key_log.rs make its secrets, and writes them as a key log.
constexpr const char* kRustHandshakes = R"(
import ctypes, sys
LABELS = {0: "CLIENT_RANDOM", 2: "CLIENT_EARLY_TRAFFIC_SECRET", 3: "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
          4: "SERVER_HANDSHAKE_TRAFFIC_SECRET", 5: "CLIENT_TRAFFIC_SECRET_0", 6: "SERVER_TRAFFIC_SECRET_0"}
log = open(sys.argv[2], "w")
def tell(kind, random, secret, length):
    print(LABELS[kind], ctypes.string_at(random, 32).hex(), ctypes.string_at(secret, length).hex(), file=log)
function = ctypes.CFUNCTYPE(None, ctypes.c_uint8, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
ctypes.CDLL(sys.argv[1]).handshakes(function(tell))
)";

struct Case {
    std::string version;
    std::set<std::string> labels;
};
const std::vector<Case> kCases = {{"-tls1_3", kTls13}, {"-tls1_2", kTls12}};

}  // namespace

TEST_CASE("secrets of a program with OpenSSL are those that the server logs") {
    for (const Case& each : kCases) {
        CAPTURE(each.version);
        const Server server(each.version);
        const BreakpointLog log =
            test::run_with_breakpoints({"curl", "--silent", "--insecure", server.url()});
        CHECK(log.status == 0);
        CHECK(has_library(log, "OpenSSL"));
        check(log, server, each.labels);
    }
}

TEST_CASE("secrets of a program with GnuTLS are those that the server logs") {
    for (const Case& each : kCases) {
        CAPTURE(each.version);
        const Server server(each.version);
        const BreakpointLog log =
            test::run_with_breakpoints({"wget", "--quiet", "--no-check-certificate",
                                        "--output-document=/dev/null", server.url()});
        CHECK(log.status == 0);
        CHECK(has_library(log, "GnuTLS"));
        check(log, server, each.labels);
    }
}

TEST_CASE("secrets of node, which may have an OpenSSL of its own, are those that the server logs") {
    for (const Case& each : kCases) {
        CAPTURE(each.version);
        const Server server(each.version);
        const std::string connect = fmt::format(
            "require('tls').connect({{port: {}, host: '127.0.0.1', rejectUnauthorized: false}}, "
            "function() {{ this.end('GET / HTTP/1.0\\r\\n\\r\\n'); }}).resume()",
            server.port());
        const BreakpointLog log = test::run_with_breakpoints({"node", "-e", connect});
        CHECK(has_library(log, "OpenSSL"));
        check(log, server, each.labels);
    }
}

TEST_CASE("secrets of a Go program are those that the server logs") {
    for (const Case& each : kCases) {
        CAPTURE(each.version);
        const Server server(each.version);
        // The page is no JSON, which gron complains of after the connection.
        const BreakpointLog log =
            test::run_with_breakpoints({"gron", "--insecure", server.url()}, {"GOMAXPROCS=1"});
        CHECK(has_library(log, "Go"));
        check(log, server, each.labels);
    }
}

TEST_CASE("secrets that rustls would log only if it were asked to are those that it made") {
    for (const char* name :
         {"rust-1.63.so", "rust-1.63-small.so", "rust-1.95.so", "rust-1.95-small.so"}) {
        CAPTURE(name);
        const test::TemporaryFolder folder;
        const BreakpointLog log = test::run_with_breakpoints(
            {"python3", "-c", kRustHandshakes, std::string(TEST_DATA) + "/tls/" + name,
             folder.file("keys")});
        CHECK(log.status == 0);
        CHECK(has_library(log, "rustls"));
        CHECK(log.lines.size() == 12);
        CHECK(log.lines == lines_of(folder.file("keys")));
    }
}
