// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/key_sink.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <variant>

#include "capture/clock.h"
#include "packet/dissect/dissect.h"
#include "packet/dissect/tls_hello.h"

namespace capture::tls {
namespace {

using packet::KeyLogLine;
using packet::PacketStore;
using packet::TlsHello;

// How often secrets are taken while packets come without a pause.
constexpr uint64_t kTakeEveryNs = 10'000'000;

uint64_t time_of(const PacketStore::Record& record) {
    const auto* event = std::get_if<packet::ProcessEvent>(&record);
    return event != nullptr ? event->time_ns : std::get<Packet>(record).time_ns.value_or(0);
}

TlsHello hello_of(const Packet& packet) {
    const auto dissected =
        packet::dissect(packet.interface->link_type, packet.data, packet.wire_length);
    return dissected ? packet::hello_of(*dissected) : TlsHello{};
}

}  // namespace

KeySink::Now KeySink::wall_clock() {
    return [clock = WallClock()]() mutable { return clock.now(); };
}

KeySink::KeySink(packet::Sink& next, TakeSecrets take_secrets, const KeySinkOptions& options,
                 Now now)
    : next_(next),
      take_secrets_(std::move(take_secrets)),
      options_(options),
      now_(std::move(now)),
      store_(options.memory) {
    store_.before_eviction([this](uint64_t chunk) {
        auto handed = hand_on([&](uint64_t) { return cursor_.chunk <= chunk; });
        if (evicted_) {
            evicted_ = std::move(handed);
        }
    });
}

Result<void> KeySink::interface(const packet::Interface& interface) {
    store_.add_interface(interface);
    return next_.interface(interface);
}

Result<void> KeySink::packet(const Packet& packet) {
    if (auto looked = look_for_hello(packet); !looked) {
        return looked;
    }
    store_.add(packet);
    if (!evicted_) {
        return std::exchange(evicted_, {});
    }
    const uint64_t now = packet.time_ns.value_or(0);
    if (now < secrets_taken_ns_ + kTakeEveryNs) {
        return {};
    }
    if (auto taken = take_secrets(); !taken) {
        return taken;
    }
    return hand_on_due();
}

Result<void> KeySink::process(const ProcessEvent& event) {
    store_.add(event);
    return evicted_ ? Result<void>{} : std::exchange(evicted_, {});
}

Result<void> KeySink::look_for_hello(const Packet& packet) {
    const TlsHello hello = hello_of(packet);
    if (hello.type != TlsHello::Type::kClient) {
        return {};
    }
    const auto lines = table_.hello(hello.random, packet);
    return lines.empty() ? Result<void>{} : next_.keys(lines);
}

Result<void> KeySink::take_secrets() {
    secrets_taken_ns_ = now_();
    std::vector<KeyLogLine> lines;
    for (DerivedSecret& secret : take_secrets_()) {
        if (auto due = table_.secret(std::move(secret))) {
            late_ += handed_on_ns_ > due->needed_ns ? 1 : 0;
            lines.push_back(std::move(due->line));
        }
    }
    table_.forget(secrets_taken_ns_);
    return lines.empty() ? Result<void>{} : next_.keys(lines);
}

// Hands on the records that come next, as long as wanted(time) is true.
template <typename Wanted>
Result<void> KeySink::hand_on(Wanted wanted) {
    Result<void> taken;
    while (taken) {
        PacketStore::Cursor cursor = cursor_;
        const auto record = store_.next(cursor);
        if (!record || !wanted(time_of(*record))) {
            break;
        }
        cursor_ = cursor;
        handed_on_ns_ = time_of(*record);
        taken = std::holds_alternative<Packet>(*record)
                    ? next_.packet(std::get<Packet>(*record))
                    : next_.process(std::get<ProcessEvent>(*record));
    }
    return taken;
}

Result<void> KeySink::hand_on_due() {
    const uint64_t now = now_();
    uint64_t until = now - options_.lag_ns;
    if (const auto since = table_.needed_since(now, options_.wait_ns)) {
        until = std::min(until, *since);
    }
    auto handed = hand_on([until](uint64_t time) { return time <= until; });
    store_.forget_before(cursor_);
    return handed;
}

Result<void> KeySink::idle() {
    if (auto taken = take_secrets(); !taken) {
        return taken;
    }
    if (auto handed = hand_on_due(); !handed) {
        return handed;
    }
    return next_.idle();
}

int KeySink::milliseconds_left() const {
    constexpr uint64_t kSoon = 20;
    PacketStore::Cursor cursor = cursor_;
    return store_.next(cursor) ? static_cast<int>(kSoon) : -1;
}

Result<void> KeySink::finish(const std::vector<packet::InterfaceCounters>& counters) {
    auto taken = take_secrets();
    auto handed = hand_on([](uint64_t) { return true; });
    auto finished = next_.finish(counters);
    return !taken ? taken : !handed ? handed : finished;
}

}  // namespace capture::tls
