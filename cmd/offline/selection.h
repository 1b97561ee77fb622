// SPDX-License-Identifier: GPL-2.0-only
//
// The options of the commands on files that say which packets are wanted, as a
// forensics::Selection.
#pragma once

#include <string_view>

#include "cmd/option_reader.h"
#include "cmd/whose_options.h"
#include "forensics/select/selection.h"
#include "pcapng/result.h"

namespace cmd {

// A member of a command's line, before it is parsed: adds --pid … --kernel, --filter, -F, --after,
// --before and -c.
struct SelectionOptions {
    CLI::App& app;
    WhoseOptions whose{app};
    CLI::Option* filter = value(app, "--filter");
    CLI::Option* filter_file = value(app, "-F");
    CLI::Option* after = value(app, "--after");
    CLI::Option* before = value(app, "--before");
    CLI::Option* count = value(app, "-c");

    explicit SelectionOptions(CLI::App& of) : app(of) {}
};

// The lines of a command's --help about these options.
std::string_view selection_help();

// The conditions, once the command line is parsed. An error is one of usage.
pcapng::Result<forensics::Selection> selection_of(const SelectionOptions& options);

}  // namespace cmd
