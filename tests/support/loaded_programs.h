// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <bpf/bpf.h>
#include <sys/types.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "pcapng/fd.h"

namespace test {

// The names of the BPF programs that a process has loaded: the kernel tells of its descriptors.
inline std::set<std::string> loaded_programs(pid_t pid) {
    std::set<std::string> names;
    const std::filesystem::path folder = "/proc/" + std::to_string(pid) + "/fdinfo";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream stream(entry.path());
        for (std::string key; stream >> key;) {
            uint32_t id = 0;
            if (key != "prog_id:" || !(stream >> id)) {
                continue;
            }
            const pcapng::Fd program(bpf_prog_get_fd_by_id(id));
            bpf_prog_info info{};
            uint32_t size = sizeof(info);
            REQUIRE(bpf_obj_get_info_by_fd(program.get(), &info, &size) == 0);
            names.insert(info.name);
        }
    }
    return names;
}

}  // namespace test
