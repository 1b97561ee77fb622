// SPDX-License-Identifier: GPL-2.0-only
#include "tests/wireshark/wireshark.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <regex>

#include "tests/pcapng/files.h"
#include "tests/support/skip.h"

namespace test {
namespace {

constexpr uid_t kNobody = 65534;

std::string wireshark_root() {
    const char* root = std::getenv("WIRESHARK_ROOT");
    if (root == nullptr) {
        return {};
    }
    if (!std::filesystem::exists(std::string(root) + "/usr/bin/tshark")) {
        skip(std::string(root) + " isn't there; see the test that fetches it");
    }
    return root;
}

}  // namespace

Wireshark::Wireshark() : root_(wireshark_root()), folder_(root_ + "/tmp") {
    namespace fs = std::filesystem;
    const auto recursive = fs::copy_options::recursive;
    const fs::path home = folder_.path() + "/home";
    const fs::path plugins = home / ".local/lib/wireshark/plugins";
    const fs::path profiles = home / ".config/wireshark/profiles";
    fs::create_directories(plugins);
    fs::create_directories(profiles);
    fs::copy(DISSECTORS "/pidcap.lua", plugins);
    fs::copy(DISSECTORS "/pidcap", plugins / "pidcap", recursive);
    fs::copy(DISSECTORS "/profile", profiles, recursive);
    REQUIRE(::chmod(folder_.path().c_str(), 0755) == 0);
    if (::geteuid() == 0) {
        for (const auto& entry : fs::recursive_directory_iterator(home)) {
            REQUIRE(::chown(entry.path().c_str(), kNobody, kNobody) == 0);
        }
        REQUIRE(::chown(home.c_str(), kNobody, kNobody) == 0);
    }
}

void Wireshark::add_extcap(bool with_capabilities) {
    namespace fs = std::filesystem;
    const fs::path program = file("pidcap-extcap");
    const fs::path folder = file("home/.config/wireshark/extcap");
    fs::copy_file(PIDCAP_EXTCAP, program);
    fs::create_directories(folder);
    fs::create_symlink(program, folder / "pidcap-extcap");
    if (with_capabilities) {
        output_of({"setcap",
                   "cap_net_admin,cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search=ep",
                   program});
    }
}

CommandResult Wireshark::run(std::vector<std::string> arguments) const {
    const std::string inside = folder_.path().substr(root_.size());
    for (std::string& argument : arguments) {
        if (const size_t at = argument.find(folder_.path()); at != std::string::npos) {
            argument.replace(at, folder_.path().size(), inside);
        }
    }
    std::vector<std::string> command = {"env",
                                        "-i",
                                        "HOME=" + inside + "/home",
                                        "LC_ALL=C.UTF-8",
                                        "TZ=UTC",
                                        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                        "timeout",
                                        "120"};
    if (::geteuid() == 0) {
        const std::string id = std::to_string(kNobody);
        command.insert(command.end(), {"chroot", "--userspec=" + id + ":" + id,
                                       "--groups=", root_.empty() ? "/" : root_});
    }
    command.insert(command.end(), {"/usr/bin/tshark"});
    command.insert(command.end(), arguments.begin(), arguments.end());
    return test::run(command);
}

std::string Wireshark::tshark(const std::vector<std::string>& arguments) const {
    CommandResult result = run(arguments);
    INFO(result.err);
    REQUIRE(result.status == 0);
    CHECK(result.err.empty());
    return std::move(result.out);
}

std::vector<Row> Wireshark::fields(const std::string& path, const std::vector<std::string>& names,
                                   const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = {"-n", "-r", path, "-T", "fields", "-E", "separator=\t"};
    for (const std::string& name : names) {
        all.insert(all.end(), {"-e", name});
    }
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::vector<Row> rows;
    for (const std::string& line : lines(tshark(all))) {
        Row row(1);
        for (const char c : line) {
            if (c == '\t') {
                row.emplace_back();
            } else {
                row.back() += c;
            }
        }
        CHECK(row.size() == names.size());
        rows.push_back(std::move(row));
    }
    return rows;
}

size_t Wireshark::count(const std::string& path, const std::string& filter,
                        const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = {"-Y", filter};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return fields(path, {"frame.number"}, all).size();
}

std::vector<Row> Wireshark::table(const std::string& path, const std::string& argument) const {
    std::vector<Row> rows;
    const std::vector<std::string> said = lines(tshark({"-n", "-r", path, "-q", "-z", argument}));
    REQUIRE(said.size() >= 2);
    static const std::regex gap(" {2,}");
    for (size_t i = 2; i < said.size() && !said[i].empty(); ++i) {
        // Padding before a number at the left edge isn't a gap; no column is one.
        rows.emplace_back(std::sregex_token_iterator(said[i].begin(), said[i].end(), gap, -1),
                          std::sregex_token_iterator());
    }
    return rows;
}

int Wireshark::version() const {
    std::smatch match;
    const std::string said = tshark({"--version"});
    REQUIRE(std::regex_search(said, match, std::regex("([0-9]+)\\.([0-9]+)\\.")));
    return std::stoi(match[1]) * 100 + std::stoi(match[2]);
}

void write_comments(const std::string& path, const std::vector<std::string>& comments) {
    constexpr uint64_t kTime = 1763650000000000000;
    const Bytes frame = udp_frame();
    pcapng::Writer writer = open_writer(path);
    need(writer.add_interface({.name = "eth0"}));
    uint64_t number = 0;
    for (const std::string& comment : comments) {
        need(writer.packet({.time_ns = kTime + ++number * 1000000,
                            .data = frame,
                            .wire_length = static_cast<uint32_t>(frame.size()),
                            .direction = pcapng::Direction::kOutbound,
                            .comment = comment}));
    }
    need(writer.close());
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
}

}  // namespace test
