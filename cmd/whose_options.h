// SPDX-License-Identifier: GPL-2.0-only
//
// The options that say whose packets are wanted, as a part of a command line: the same for a
// capture and for a file. process_options.h makes one expression of their values.
#pragma once

#include "cmd/option_reader.h"
#include "cmd/process_options.h"

namespace cmd {

struct WhoseOptions {
    CLI::App& app;
    CLI::Option* pid = value(app, "--pid");
    CLI::Option* comm = value(app, "--comm");
    CLI::Option* exe = value(app, "--exe");
    CLI::Option* cmdline = value(app, "--cmdline");
    CLI::Option* uid = value(app, "--uid,--user");
    CLI::Option* gid = value(app, "--gid");
    CLI::Option* cgroup = value(app, "--cgroup");
    CLI::Option* container = value(app, "--container");
    CLI::Option* unit = value(app, "--unit");
    CLI::Option* tree = value(app, "--tree");
    CLI::Option* process = value(app, "--process");
    CLI::Option* follow = flag(app, "-f,--follow");
    CLI::Option* unattributed = flag(app, "--unattributed");
    CLI::Option* kernel = flag(app, "--kernel");

    explicit WhoseOptions(CLI::App& of) : app(of) {}

    ProcessOptionValues values() const {
        return {
            .pid = pid->results(),
            .comm = comm->results(),
            .exe = exe->results(),
            .cmdline = cmdline->results(),
            .uid = uid->results(),
            .gid = gid->results(),
            .cgroup = cgroup->results(),
            .container = container->results(),
            .unit = unit->results(),
            .tree = tree->results(),
            .process = process->results(),
            .unattributed = unattributed->count() > 0,
            .kernel = kernel->count() > 0,
            .follow = follow->count() > 0,
        };
    }
};

}  // namespace cmd
