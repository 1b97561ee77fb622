// SPDX-License-Identifier: GPL-2.0-only
//
// What the capture and the process that puts probes into TLS libraries tell each other (prober.h).
// Each message begins with its type, one byte.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/confinement/message.h"
#include "capture/tls/key_log_function.h"

namespace capture::tls {

// To the process.
enum class ProberOrder : uint8_t {
    kPrepare,  // a path: puts probes into that program; answered by kPrepared
    kStop,     // takes all probes out; answered by kStopped
};

// From the process.
enum class ProberReport : uint8_t {
    kFile,   // a ProbedFile
    kReady,  // it has looked at every process that runs
    kPrepared,
    kStopped,
};

// What it made of a file with a TLS library in it: once if there is a probe, and else for each
// process that maps it.
struct ProbedFile {
    std::string path = {};           // as the process has it
    uint32_t pid = 0;                // as our PID namespace has it; 0: none yet
    uint32_t probe = 0;              // the number in its secrets; 0: there is no probe
    std::string library = {};        // of the function that is probed
    std::string version = {};        // likewise; empty: not known
    std::vector<Label> labels = {};  // likewise
    std::string reason = {};         // without a probe: why, for people
};

MessageWriter message_of(ProberOrder order);
MessageWriter message_of(ProberReport report);
MessageWriter message_of(const ProbedFile& file);

// Reads what follows ProberReport::kFile.
ProbedFile probed_file_in(MessageReader& message);

}  // namespace capture::tls
