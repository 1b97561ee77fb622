// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/own_layouts.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>

#include "bpf/own_event.h"
#include "capture/events/number_names.h"
#include "capture/events/own_events.h"
#include "packet/event/record.h"

namespace {

std::vector<std::string> texts(const packet::EventLayout& layout, const void* record, size_t size) {
    std::vector<std::string> texts;
    for (const packet::EventValue& value :
         packet::read_event(layout, std::span(static_cast<const uint8_t*>(record), size))) {
        texts.push_back(value.field->name + "=" + packet::value_text(value));
    }
    return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("the layout of each own event can be written into a file and read again whole") {
    const auto all = capture::own_events(capture::KernelTypes());
    CHECK(all.size() == 11);
    for (const auto& [name, layout] : all) {
        CAPTURE(name);
        const auto read = packet::parse_layout(packet::layout_text(layout));
        REQUIRE(read);
        CHECK(*read == layout);
    }
}

TEST_CASE("a record that a program wrote is read by its layout") {
    pidcap_connect connect{};
    connect.error = ECONNREFUSED;
    connect.protocol = 6;
    connect.stage = PIDCAP_STAGE_LATER;
    connect.duration_ns = 7;
    connect.remote.family = 2;
    connect.remote.port = __builtin_bswap16(80);
    connect.remote.ipv4_or_flow = __builtin_bswap32(0xc0000201);
    CHECK(texts(capture::connect_layout(), &connect, sizeof(connect)) ==
          Texts{"errno=ECONNREFUSED", "remote=192.0.2.1:80", "protocol=TCP", "stage=later",
                "duration_ns=7"});

    pidcap_close closed{};
    closed.sent = 1;
    closed.received = 2;
    closed.rtt_us = 3;
    closed.retransmissions = 4;
    closed.duration_ns = 5;
    closed.protocol = 262;
    closed.local.family = 10;
    closed.local.port = __builtin_bswap16(443);
    closed.local.ipv6[3] = __builtin_bswap32(1);
    CHECK(texts(capture::close_layout(), &closed, sizeof(closed)) ==
          Texts{"errno=0", "local=[::1]:443", "sent=1", "received=2", "rtt_us=3",
                "retransmissions=4", "protocol=MPTCP", "duration_ns=5"});
}

TEST_CASE("names of errors and signals are those of the C library") {
    for (const auto& [number, name] : capture::error_names()) {
        CHECK(name == strerrorname_np(static_cast<int>(number)));
    }
    CHECK(capture::error_names().size() > 120);
    for (const auto& [number, name] : capture::signal_names()) {
        CHECK(name == std::string("SIG") + sigabbrev_np(static_cast<int>(number)));
    }
    CHECK(capture::signal_names().size() == 31);
}
