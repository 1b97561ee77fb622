// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/file_hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

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

// As long as a file's name: every packet has it.
constexpr size_t kMaxHost = 255;

}  // namespace

std::optional<pcapng::Error> name_hosts(const std::vector<std::string>& files,
                                        std::vector<std::string>& hosts) {
    if (!hosts.empty()) {
        if (hosts.size() != files.size()) {
            return Error{
                fmt::format("--host is given {} times for {} files", hosts.size(), files.size())};
        }
        for (const std::string& host : hosts) {
            if (host.empty() || host.size() > kMaxHost) {
                return Error{host.empty() ? "--host: the name is empty"
                                          : fmt::format("--host: the name is longer than {} bytes",
                                                        kMaxHost)};
            }
        }
        return std::nullopt;
    }
    for (const std::string& input : files) {
        std::string host = default_host(input);
        if (std::find(hosts.begin(), hosts.end(), host) != hosts.end()) {
            return Error{fmt::format("two files of host {}: give the host of each file with --host",
                                     packet::printable(host))};
        }
        hosts.push_back(std::move(host));
    }
    return std::nullopt;
}

}  // namespace cmd
