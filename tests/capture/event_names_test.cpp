// SPDX-License-Identifier: GPL-2.0-only
//
// Wireshark's list of names of events against what pidcap writes: a field that it lacks has no
// filter of its own.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "capture/events/own_layouts.h"
#include "capture/events/process_events.h"
#include "capture/kernel/kernel_types.h"
#include "capture/keys/plaintext_event.h"
#include "packet/event/plaintext.h"

using packet::EventField;
using packet::FieldKind;

namespace {

std::string list_of_names() {
    std::ifstream file(EVENT_NAMES);
    REQUIRE(file.good());
    const std::string text(std::istreambuf_iterator<char>(file), {});
    // An entry may go on in the next line.
    return std::regex_replace(text, std::regex("\" \\.\\.\n +\""), "");
}

char letter_of(FieldKind kind) {
    switch (kind) {
        case FieldKind::kUnsigned:
            return 'n';
        case FieldKind::kSigned:
            return 's';
        case FieldKind::kPointer:
            return 'p';
        case FieldKind::kIp4:
            return '4';
        case FieldKind::kIp6:
            return '6';
        case FieldKind::kSocketAddress:
            return 'a';
        case FieldKind::kString:
        case FieldKind::kChars:
            return 't';
        case FieldKind::kDynamic:
        case FieldKind::kBytes:
            return 'b';
    }
    return '?';
}

}  // namespace

TEST_CASE("Wireshark knows every field of pidcap's own events") {
    std::vector<std::pair<std::string, packet::EventLayout>> events = {
        {"socket:connect", capture::connect_layout()},
        {"socket:bind", capture::bind_layout()},
        {"socket:listen", capture::listen_layout()},
        {"socket:accept", capture::accept_layout()},
        {"socket:close", capture::close_layout()},
        {"xdp:verdict", capture::xdp_layout()},
        {std::string(packet::kPlaintextEvent), capture::tls::plaintext_layout()},
        {"drop:packet", capture::drop_layout(capture::KernelTypes("/dev/null"))}};
    for (auto& [name, layout] : capture::process_event_layouts()) {
        events.emplace_back(name, std::move(layout));
    }
    const std::string names = list_of_names();
    for (const auto& [name, layout] : events) {
        CAPTURE(name);
        const std::string begin = "\n    [\"" + name + "\"] = \"";
        const size_t at = names.find(begin);
        REQUIRE(at != std::string::npos);
        const size_t from = at + begin.size();
        const std::string entry = " " + names.substr(from, names.find('"', from) - from) + " ";
        for (const EventField& field : layout.fields) {
            const std::string wanted = " " + field.name + ":" + letter_of(field.kind);
            INFO(wanted);
            const size_t found = entry.find(wanted);
            REQUIRE(found != std::string::npos);
            const char next = entry[found + wanted.size()];
            CHECK((next == '!' || next == ' '));
            CHECK((field.values.empty() || next == '!'));
        }
    }
}
