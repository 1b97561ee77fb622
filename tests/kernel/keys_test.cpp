// SPDX-License-Identifier: GPL-2.0-only
//
// TLS between real programs, captured with their processes: what a part of the capture and the key
// log of all of them, which editcap puts in, let tshark see.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "tests/support/capture.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;

// A folder with a certificate and a file to be asked for by each client.
struct Site {
    TemporaryFolder folder;
    Netns netns;

    Site() {
        (void)output_of({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                         "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", folder.file("key"),
                         "-out", folder.file("cert"), "-days", "2", "-subj", "/CN=localhost"});
        for (const char* name : {"of-curl.txt", "of-wget.txt"}) {
            std::ofstream(folder.file(name)) << name << '\n';
        }
    }

    Launch in_folder(std::vector<std::string> arguments) const {
        const std::string path = folder.path();
        return {.arguments = std::move(arguments), .netns = &netns, .prepare = [path] {
                    if (chdir(path.c_str()) != 0) {
                        _exit(126);
                    }
                    setenv("SSLKEYLOGFILE", "keys", 1);
                }};
    }
    void run(std::vector<std::string> arguments) const {
        Process process(in_folder(std::move(arguments)));
        const int status = process.wait();
        INFO(process.err());
        REQUIRE(status == 0);
    }
};

std::vector<std::string> requests_in(const std::string& path) {
    std::vector<std::string> requests;
    for (const auto& row : fields_of(path, {"http.request.uri"}, "http.request")) {
        requests.push_back(row.at(0));
    }
    return requests;
}

std::string secrets_of(const std::string& path) {
    return output_of(pidcap_command({"keys", path}));
}

}  // namespace

TEST_CASE(
    "of curl's and wget's TLS a process's part shows its own request, and has no other keys") {
    const std::string version = GENERATE("-tls1_3", "-tls1_2");
    const Site site;
    const std::string captured = site.folder.file("captured");
    Process server(site.in_folder({"openssl", "s_server", "-accept", "4433", "-cert", "cert",
                                   "-key", "key", "-WWW", version}));
    {
        Capture capture(site.netns, {"-i", "lo", "-w", captured});
        const std::string url = "https://127.0.0.1:4433/";
        // The server may not listen yet.
        site.run({"curl", "-ks", "--retry", "50", "--retry-connrefused", "--retry-delay", "1", "-o",
                  "got", url + "of-curl.txt"});
        site.run({"wget", "-q", "--no-check-certificate", "-O", "got", url + "of-wget.txt"});
        capture.stop();
    }
    const std::string whole = site.folder.file("whole");
    (void)output_of(
        {"editcap", "--inject-secrets", "tls," + site.folder.file("keys"), captured, whole});
    CHECK(requests_in(captured).empty());
    CHECK(requests_in(whole) == std::vector<std::string>{"/of-curl.txt", "/of-wget.txt"});

    const std::string part = site.folder.file("part");
    std::map<std::string, std::string> keys;
    for (const std::string name : {"curl", "wget"}) {
        CAPTURE(name);
        (void)output_of(pidcap_command({"extract", whole, "--comm", name, "-w", part}));
        CHECK(requests_in(part) == std::vector<std::string>{"/of-" + name + ".txt"});
        keys[name] = secrets_of(part);
        CHECK(keys[name].size() > 150);
        CHECK(contains(secrets_of(whole), keys[name].substr(0, 150)));
    }
    CHECK(keys["curl"] != keys["wget"]);

    // The server has a part in both.
    (void)output_of(
        pidcap_command({"extract", whole, "--split", "process", "-w", site.folder.file("parts")}));
    size_t parts = 0;
    for (const auto& entry : std::filesystem::directory_iterator(site.folder.file("parts"))) {
        const std::string name = entry.path().filename();
        CAPTURE(name);
        if (contains(name, "curl") || contains(name, "wget")) {
            CHECK(secrets_of(entry.path()) == keys[contains(name, "curl") ? "curl" : "wget"]);
            CHECK(requests_in(entry.path()).size() == 1);
            parts++;
        } else if (contains(name, "openssl")) {
            CHECK(requests_in(entry.path()).size() == 2);
            parts++;
        }
    }
    CHECK(parts == 3);
}
