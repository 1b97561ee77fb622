// SPDX-License-Identifier: GPL-2.0-only
//
// FakeProc: a directory that looks like /proc, with the processes that a test puts there.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace test {

struct FakeProcess {
    uint32_t pid = 0;
    uint64_t start_ticks = 0;
    uint32_t ppid = 1;
    uint32_t uid = 0;
    std::string comm = "fake";
    std::string exe = "/bin/fake";
    std::string cmdline = std::string("fake\0", 5);
    std::string cgroup = "/";
    uint32_t tgid = 0;  // 0: pid
    uint32_t gid = 0;   // 0: uid
};

class FakeProc {
  public:
    FakeProc() {
        std::string name = "/tmp/pidcap-fake-proc-XXXXXX";
        if (mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("mkdtemp failed");
        }
        root_ = name;
    }
    FakeProc(const FakeProc&) = delete;
    FakeProc& operator=(const FakeProc&) = delete;
    ~FakeProc() {
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }

    const std::string& root() const { return root_; }

    void put(const FakeProcess& process) const {
        const std::string directory = fmt::format("{}/{}", root_, process.pid);
        std::filesystem::create_directories(directory + "/ns");
        write(
            directory + "/stat",
            fmt::format("{} ({}) S {} 1 1 0 -1 4194368 18 0 0 0 0 0 0 0 20 0 1 0 {} 2535424 101\n",
                        process.pid, process.comm, process.ppid, process.start_ticks));
        write(
            directory + "/status",
            fmt::format("Name:\tx\nTgid:\t{0}\nPid:\t{1}\nUid:\t7\t{2}\t7\t7\nGid:\t8\t{3}\t8\t8\n"
                        "Groups:\t1 2 3 \nNStgid:\t{1}\t5\nNSpid:\t{1}\t5\n",
                        process.tgid == 0 ? process.pid : process.tgid, process.pid, process.uid,
                        process.gid == 0 ? process.uid : process.gid));
        write(directory + "/cmdline", process.cmdline);
        write(directory + "/cgroup", "4:memory:/elsewhere\n0::" + process.cgroup + "\n");
        link(directory + "/exe", process.exe);
        link(directory + "/ns/net", "net:[4026531840]");
    }

    void remove(uint32_t pid) const {
        std::filesystem::remove_all(fmt::format("{}/{}", root_, pid));
    }

    void write(const std::string& path, const std::string& text) const {
        std::ofstream(path, std::ios::binary) << text;
    }

  private:
    static void link(const std::string& path, const std::string& target) {
        unlink(path.c_str());
        if (!target.empty() && symlink(target.c_str(), path.c_str()) != 0) {
            throw std::runtime_error("symlink failed: " + path);
        }
    }

    std::string root_;
};

}  // namespace test
