// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/plaintext_event.h"

#include <cstddef>
#include <string>
#include <utility>

#include "bpf/own_event.h"
#include "capture/tls/plaintext_function.h"

namespace capture::tls {
namespace {

using packet::EventField;
using packet::FieldKind;

// The names of the numbers from 1 to `last`.
template <typename Number>
EventField named(std::string name, uint32_t offset, Number last) {
    EventField field{
        .name = std::move(name), .kind = FieldKind::kUnsigned, .offset = offset, .size = 1};
    for (uint8_t i = 1; i <= static_cast<uint8_t>(last); i++) {
        field.values.emplace_back(i, name_of(static_cast<Number>(i)));
    }
    return field;
}

EventField field(std::string name, FieldKind kind, size_t offset, size_t size) {
    return {.name = std::move(name),
            .kind = kind,
            .offset = static_cast<uint32_t>(offset),
            .size = static_cast<uint32_t>(size)};
}

}  // namespace

packet::EventLayout plaintext_layout() {
    EventField direction =
        field("direction", FieldKind::kUnsigned, offsetof(pidcap_plaintext, direction), 1);
    direction.values = {{PIDCAP_IN, "received"}, {PIDCAP_OUT, "sent"}};
    EventField descriptor =
        field("fd", FieldKind::kSigned, offsetof(pidcap_plaintext, descriptor), 4);
    descriptor.values = {{UINT64_MAX, "unknown"}};
    constexpr size_t kNumber = sizeof(uint64_t);
    constexpr size_t kAddress = sizeof(pidcap_address);
    return {
        .fields = {
            std::move(direction),
            named("library", offsetof(pidcap_plaintext, library), PlaintextLibrary::kNss),
            named("function", offsetof(pidcap_plaintext, call), PlaintextCall::kNssSend),
            field("connection", FieldKind::kPointer, offsetof(pidcap_plaintext, connection),
                  kNumber),
            std::move(descriptor),
            field("local", FieldKind::kSocketAddress, offsetof(pidcap_plaintext, local), kAddress),
            field("remote", FieldKind::kSocketAddress, offsetof(pidcap_plaintext, remote),
                  kAddress),
            field("asked", FieldKind::kUnsigned, offsetof(pidcap_plaintext, asked), kNumber),
            field("passed", FieldKind::kUnsigned, offsetof(pidcap_plaintext, passed), kNumber),
            field("offset", FieldKind::kUnsigned, offsetof(pidcap_plaintext, offset), kNumber),
            field("missing", FieldKind::kUnsigned, offsetof(pidcap_plaintext, missing), kNumber),
            field("bytes", FieldKind::kDynamic, offsetof(pidcap_plaintext, bytes),
                  packet::kLocatorSize),
        }};
}

}  // namespace capture::tls
