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
#include "capture/events/process_samples.h"
#include "capture/kernel/kernel_types.h"
#include "capture/keys/plaintext_event.h"
#include "packet/event/plaintext.h"
#include "packet/event/process_sample.h"

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

// The fields of an event, each as " NAME:KIND", and a blank.
std::string fields_of(const std::string& names, const std::string& event) {
    const std::string begin = "\n    [\"" + event + "\"] = \"";
    const size_t at = names.find(begin);
    REQUIRE(at != std::string::npos);
    const size_t from = at + begin.size();
    return " " + names.substr(from, names.find('"', from) - from) + " ";
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
        {std::string(packet::kSampleEvent), capture::ProcessSamples::layout()},
        {std::string(packet::kPlaintextEvent), capture::tls::plaintext_layout()},
        {"drop:packet", capture::drop_layout(capture::KernelTypes("/dev/null"))}};
    for (auto& [name, layout] : capture::process_event_layouts()) {
        events.emplace_back(name, std::move(layout));
    }
    const std::string names = list_of_names();
    for (const auto& [name, layout] : events) {
        CAPTURE(name);
        const std::string entry = fields_of(names, name);
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

TEST_CASE(
    "Wireshark knows fields of tracepoints that only older kernels have, or only newer ones") {
    const std::string names = list_of_names();
    for (const auto& [event, field] : std::vector<std::pair<std::string, std::string>>{
             {"tcp:tcp_send_reset", "saddr_v6:6"},       // 5.10, 6.1
             {"udp:udp_fail_queue_rcv_skb", "lport:n"},  // 5.10, 6.1
             {"net:netif_rx_ni_entry", "napi_id:n"},     // 5.10
             {"tcp:tcp_retransmit_skb", "skaddr:p"},     // all
             {"net:net_dev_queue", "net_cookie:n"}}) {   // 7.3
        CAPTURE(event);
        CHECK(fields_of(names, event).find(" " + field + " ") != std::string::npos);
    }
}
