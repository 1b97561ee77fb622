// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/recorder_option_reader.h"

#include <fmt/format.h>

#include "cmd/recorder/recorder_directory.h"
#include "cmd/values.h"
#include "packet/line/terminal_text.h"
#include "packet/packet_store.h"

namespace cmd {

void read_recorder(const DeclaredRecorderOptions& declared, OptionReader& reader,
                   RecorderOptions& recorder, RotationOptions& rotation) {
    reader.once(declared.ring, [&](const std::string& text) -> std::optional<Error> {
        auto error = store(parse_size("--ring", text), recorder.ring);
        return !error && *recorder.ring < packet::PacketStore::kSmallest
                   ? Error{fmt::format("--ring {}: less than 1M, the minimum",
                                       packet::printable(text))}
                   : error;
    });
    rotation.by_trigger = recorder.ring.has_value();
    reader.once(declared.before, [&](const std::string& text) {
        return store(parse_duration("--before", text), recorder.window.before);
    });
    reader.once(declared.after, [&](const std::string& text) {
        return store(parse_duration("--after", text), recorder.window.after);
    });
    reader.once(declared.trigger, [&](const std::string& text) -> std::optional<Error> {
        recorder.expression = text;
        return text.empty() ? std::optional(Error{"--trigger: the expression is empty"})
                            : std::nullopt;
    });
    reader.once(declared.name, [&](const std::string& text) -> std::optional<Error> {
        recorder.name = text;
        return is_recorder_name(text)
                   ? std::nullopt
                   : std::optional(Error{fmt::format(
                         "--name {}: a name has 1 to 64 letters, digits, \"_\", \"-\", \".\" and "
                         "\"@\", and begins with neither \".\" nor \"-\"",
                         packet::printable(text))});
    });
}

void check_recorder(const DeclaredRecorderOptions& declared, OptionReader& reader,
                    const RotationOptions& rotation, const std::optional<std::string>& output) {
    reader.refuse_if(rotation.by_trigger && (rotation.rotates() || rotation.count),
                     "--ring keeps packets in memory, and -C, -G and -W in files: give the one or "
                     "the others");
    reader.refuse_if(rotation.by_trigger && !output,
                     "--ring saves packets to files on a trigger: add -w FILE");
    const bool recorders = declared.before.given() || declared.after.given() ||
                           declared.trigger.given() || declared.name.given();
    reader.refuse_if(recorders && !rotation.several_files(),
                     "--trigger, --before, --after and --name are for captures that keep their "
                     "latest packets: add --ring SIZE, -C SIZE or -G SECONDS");
}

}  // namespace cmd
