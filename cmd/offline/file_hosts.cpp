// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/file_hosts.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "cmd/values.h"
#include "forensics/source/source.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using pcapng::Error;

std::string default_host(const std::string& path) {
    if (path == "-") {
        return "stdin";
    }
    std::string name = path.substr(path.rfind('/') + 1);
    for (const std::string_view ending : {".gz", ".zst", ".pcapng", ".pcap", ".cap", ".ntar"}) {
        if (name.size() > ending.size() &&
            name.compare(name.size() - ending.size(), ending.size(), ending) == 0) {
            name.resize(name.size() - ending.size());
        }
    }
    return name;
}

// Reads no further than the first section header.
class FirstSection : public forensics::Source::Observer {
  public:
    pcapng::Result<void> block(const forensics::OtherBlock&) override {
        return Error{"read far enough"};
    }
};

// Returns the host that the file's header names; empty: none, or it can't be read twice.
std::string recorded_host(const std::string& path) {
    struct stat status {};
    if (path == "-" || stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return {};
    }
    auto source = forensics::Source::open(path);
    if (!source) {
        return {};  // who reads it will say so
    }
    FirstSection first;
    source->set_observer(&first);
    (void)source->next();
    return source->host();
}

}  // namespace

std::optional<pcapng::Error> name_hosts(const std::vector<std::string>& files,
                                        std::vector<std::string>& hosts) {
    if (!hosts.empty()) {
        if (hosts.size() != files.size()) {
            return Error{
                fmt::format("--host is given {} times for {} files", hosts.size(), files.size())};
        }
        for (const std::string& host : hosts) {
            if (auto parsed = parse_host(host); !parsed) {
                return std::move(parsed).error();
            }
        }
        return std::nullopt;
    }
    std::set<std::string> guessed;
    for (const std::string& input : files) {
        std::string host = recorded_host(input);
        const bool is_guess = host.empty();
        if (is_guess) {
            host = default_host(input);
        }
        const bool is_known = std::find(hosts.begin(), hosts.end(), host) != hosts.end();
        if (is_known && (is_guess || guessed.contains(host))) {
            return Error{fmt::format("two files of host {}: give the host of each file with --host",
                                     packet::printable(host))};
        }
        if (is_guess) {
            guessed.insert(host);
        }
        hosts.push_back(std::move(host));
    }
    return std::nullopt;
}

std::string one_host(const std::vector<std::string>& files) {
    std::set<std::string> hosts;
    for (const std::string& file : files) {
        hosts.insert(recorded_host(file));
    }
    return hosts.size() == 1 ? *hosts.begin() : std::string();
}

}  // namespace cmd
