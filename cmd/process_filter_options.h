// SPDX-License-Identifier: GPL-2.0-only
//
// The options that select packets by process, as a part of a command line: the same for a capture
// and for a file. process_options.h makes one expression of their values.
#pragma once

#include "cmd/command_line.h"
#include "cmd/process_options.h"

namespace cmd {

struct ProcessFilterOptions {
    CommandLine& line;
    const Option& pid = line.value("--pid");
    const Option& comm = line.value("--comm");
    const Option& exe = line.value("--exe");
    const Option& cmdline = line.value("--cmdline");
    const Option& uid = line.value("--uid,--user");
    const Option& gid = line.value("--gid");
    const Option& cgroup = line.value("--cgroup");
    const Option& container = line.value("--container");
    const Option& container_name = line.value("--container-name");
    const Option& image = line.value("--image");
    const Option& pod = line.value("--pod");
    const Option& unit = line.value("--unit");
    const Option& tree = line.value("--tree");
    const Option& process = line.value("--process");
    const Option& follow = line.flag("-f,--follow");
    const Option& unattributed = line.flag("--unattributed");
    const Option& kernel = line.flag("--kernel");

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
};

}  // namespace cmd
