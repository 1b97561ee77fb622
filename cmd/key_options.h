// SPDX-License-Identifier: GPL-2.0-only
//
// The options of a capture that takes TLS keys or plaintext. Passive data, and how it is read.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cmd/command_line.h"
#include "cmd/option_reader.h"

namespace cmd {

struct KeyOptions {
    bool wanted = false;
    bool in_file = false;                 // with the packets, whose reader needs them in time
    std::optional<std::string> log_file;  // a key log of its own, besides the file of -w
    std::chrono::nanoseconds wait{std::chrono::seconds(5)};  // for a handshake that is under way
    bool plaintext = false;  // what programs hand to TLS libraries, and get from them, as events

    bool need_probes() const { return wanted || plaintext; }
};

struct DeclaredKeyOptions {
    explicit DeclaredKeyOptions(CommandLine& line)
        : keys(line.optional_value("--tls-keys")),
          wait(line.value("--tls-wait")),
          plaintext(line.flag("--tls-plaintext")) {}

    const Option& keys;
    const Option& wait;
    const Option& plaintext;
};

// `output`: the file of -w.
void read_key_options(const DeclaredKeyOptions& declared, OptionReader& reader,
                      const std::optional<std::string>& output, KeyOptions& keys);

}  // namespace cmd
