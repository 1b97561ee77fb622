// SPDX-License-Identifier: GPL-2.0-only
//
// The options that select packets by process, as a part of a command line: the same for a capture
// and for a file. process_options.h makes one expression of their values.
#pragma once

#include <string_view>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/process_options.h"

namespace cmd {

struct ProcessFilterOptions {
    CommandLine& line;
    std::vector<const Option*> all = {};
    const Option& pid = value("--pid");
    const Option& comm = value("--comm");
    const Option& exe = value("--exe");
    const Option& cmdline = value("--cmdline");
    const Option& uid = value("--uid,--user");
    const Option& gid = value("--gid");
    const Option& cgroup = value("--cgroup");
    const Option& container = value("--container");
    const Option& container_name = value("--container-name");
    const Option& image = value("--image");
    const Option& pod = value("--pod");
    const Option& unit = value("--unit");
    const Option& tree = value("--tree");
    const Option& process = value("--process");
    const Option& follow = flag("-f,--follow");
    const Option& unattributed = flag("--unattributed");
    const Option& kernel = flag("--kernel");

    explicit ProcessFilterOptions(CommandLine& of) : line(of) {}

    ProcessOptionValues values() const {
        return {
            .pid = pid.values,
            .comm = comm.values,
            .exe = exe.values,
            .cmdline = cmdline.values,
            .uid = uid.values,
            .gid = gid.values,
            .cgroup = cgroup.values,
            .container = container.values,
            .container_name = container_name.values,
            .image = image.values,
            .pod = pod.values,
            .unit = unit.values,
            .tree = tree.values,
            .process = process.values,
            .unattributed = unattributed.given(),
            .kernel = kernel.given(),
            .follow = follow.given(),
        };
    }

  private:
    const Option& value(std::string_view names) { return *all.emplace_back(&line.value(names)); }
    const Option& flag(std::string_view names) { return *all.emplace_back(&line.flag(names)); }
};

}  // namespace cmd
