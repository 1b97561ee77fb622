// SPDX-License-Identifier: GPL-2.0-only
//
// The options of a recorder, as a part of the command line of a capture.
#pragma once

#include <optional>
#include <string>

#include "cmd/command_line.h"
#include "cmd/option_reader.h"
#include "cmd/recorder/recorder_options.h"
#include "cmd/rotation.h"

namespace cmd {

struct DeclaredRecorderOptions {
    CommandLine& line;
    const Option& ring = line.value("--ring");
    const Option& before = line.value("--before");
    const Option& after = line.value("--after");
    const Option& trigger = line.value("--trigger");
    const Option& name = line.value("--name");

    explicit DeclaredRecorderOptions(CommandLine& of) : line(of) {}
};

// Sets `rotation.by_trigger` for a ring. Call it before the options of the rotation are checked,
// and check_recorder() afterwards.
void read_recorder(const DeclaredRecorderOptions& declared, OptionReader& reader,
                   RecorderOptions& recorder, RotationOptions& rotation);
void check_recorder(const DeclaredRecorderOptions& declared, OptionReader& reader,
                    const RotationOptions& rotation, const std::optional<std::string>& output);

}  // namespace cmd
