// SPDX-License-Identifier: GPL-2.0-only
//
// What the command line asks of a recorder: a capture that keeps its latest packets, in memory
// (--ring) or in the files of a rotation, and saves those around a trigger. Passive data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cmd/recorder/trigger.h"

namespace cmd {

struct RecorderOptions {
    std::optional<uint64_t> ring;           // --ring, bytes
    TriggerWindow window;                   // --before, --after
    std::optional<std::string> expression;  // --trigger
    std::optional<std::string> name;        // --name; none: the process's pid
};

}  // namespace cmd
