// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/status_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "cmd/status_line.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using Json = nlohmann::ordered_json;

const Json& member(const Json& of, const char* name) {
    static const Json kNone;
    return of.is_object() && of.contains(name) ? of[name] : kNone;
}

uint64_t number(const Json& of, const char* name) {
    const Json& value = member(of, name);
    return value.is_number_unsigned() ? value.get<uint64_t>() : 0;
}

double real(const Json& of, const char* name) {
    const Json& value = member(of, name);
    return value.is_number() ? value.get<double>() : 0;
}

std::string text(const Json& of, const char* name) {
    const Json& value = member(of, name);
    return value.is_string() ? packet::printable(value.get<std::string>()) : std::string();
}

std::string list(const Json& of, const char* name, std::string_view between) {
    std::string all;
    for (const Json& value : member(of, name)) {
        if (value.is_string()) {
            all += (all.empty() ? "" : std::string(between)) +
                   packet::printable(value.get<std::string>());
        }
    }
    return all;
}

std::string bytes(double count) {
    return size_text(static_cast<uint64_t>(std::clamp(count, 0.0, 1e18)));
}

std::string captures(const Json& status) {
    std::string what = list(status, "interfaces", ", ");
    const uint64_t count = number(status, "interface_count");
    if (const size_t shown = member(status, "interfaces").size(); count > shown) {
        what += fmt::format(" and {} more interfaces", count - shown);
    }
    what = what.empty() ? "no interface yet" : what;
    const std::string filter = text(status, "filter");
    return filter.empty() ? what : fmt::format("{}; filter: {}", what, filter);
}

std::string triggers(const Json& of) {
    const uint64_t signal = number(of, "signal");
    const uint64_t command = number(of, "command");
    const uint64_t expression = number(of, "expression");
    std::string all = fmt::format("{}", signal + command + expression);
    if (signal + command + expression > 0) {
        all += fmt::format(" (signal: {}, command: {}, expression: {}), {} made a file longer",
                           signal, command, expression, number(of, "extended"));
    }
    if (const uint64_t failed = number(of, "failed"); failed > 0) {
        all += fmt::format(", {} failed", failed);
    }
    if (const std::string until = text(of, "saving_until"); !until.empty()) {
        all += "; saving until " + until;
    }
    return all;
}

std::string last_trigger(const Json& last) {
    const std::string note = text(last, "note");
    return fmt::format("{} at {}{}: {}", text(last, "kind"), text(last, "time"),
                       note.empty() ? "" : fmt::format(", \"{}\"", note), text(last, "file"));
}

}  // namespace

std::string status_text(const Json& status) {
    std::string out =
        fmt::format("recorder {}: pid {}, since {} ({:.0f} s)\n", text(status, "name"),
                    number(status, "pid"), text(status, "since"), real(status, "seconds"));
    const auto line = [&out](std::string_view name, const std::string& value) {
        out += fmt::format("  {:<10} {}\n", name, value);
    };
    line("captures", captures(status));
    line("command", list(status, "command", " "));
    line("packets", fmt::format("{}, {}; {:.1f} packets/s, {}/s", number(status, "packets"),
                                bytes(real(status, "bytes")), real(status, "packets_per_second"),
                                bytes(real(status, "bytes_per_second"))));
    const Json& dropped = member(status, "dropped");
    line("dropped", fmt::format("ring full: {}, copy failed: {}", number(dropped, "ring_full"),
                                number(dropped, "copy_failed")));
    if (const Json& ring = member(status, "ring"); ring.is_object()) {
        line("ring",
             fmt::format("{} of {}: {} packets of {:.1f} s; {} left it", bytes(real(ring, "bytes")),
                         bytes(real(ring, "limit")), number(ring, "packets"), real(ring, "seconds"),
                         number(ring, "left")));
    }
    const Json& files = member(status, "files");
    std::string written =
        fmt::format("{} with {} packets", number(files, "complete"), number(files, "packets"));
    if (const std::string last = text(files, "last"); !last.empty()) {
        written += ", the last one " + last;
    }
    if (const std::string current = text(files, "current"); !current.empty()) {
        written += fmt::format("; at hand {}, {}", current, bytes(real(files, "current_bytes")));
    }
    line("files", written);
    line("triggers", triggers(member(status, "triggers")));
    if (const Json& last = member(member(status, "triggers"), "last"); last.is_object()) {
        line("", last_trigger(last));
    }
    line("memory", bytes(real(status, "memory")));
    return out;
}

std::string trigger_text(const Json& answer) {
    const bool extended = member(answer, "extended").is_boolean() && answer["extended"].get<bool>();
    return fmt::format("recorder {}: {} {}, until {}\n", text(answer, "name"),
                       extended ? "makes longer" : "saves packets to", text(answer, "file"),
                       text(answer, "until"));
}

}  // namespace cmd
