// SPDX-License-Identifier: GPL-2.0-only
#include "packet/address_names.h"

#include <fmt/format.h>

#include <string_view>

namespace packet {
namespace {

constexpr std::string_view kSeparator = "|";  // no name of a container has it

}  // namespace

std::span<const NamedAddress> AddressNames::add(const Process& process) {
    added_.clear();
    append(process);
    return added_;
}

std::span<const NamedAddress> AddressNames::add(const Packet& packet) {
    added_.clear();
    for (const End* end : {&packet.self, &packet.peer}) {
        if (end->process != nullptr) {
            append(*end->process);
        }
    }
    return added_;
}

void AddressNames::append(const Process& process) {
    if (process.container_addresses == nullptr ||
        known_lists_.contains(process.container_addresses)) {
        return;
    }
    if (known_lists_.size() == kMaxLists) {
        known_lists_.clear();
    }
    known_lists_.insert(process.container_addresses);
    for (const NamedAddress& named : *process.container_addresses) {
        const std::span address = std::span(named.address.bytes).first(named.address.length);
        const std::string key(address.begin(), address.end());
        if (names_.size() >= kMaxAddresses && !names_.contains(key)) {
            continue;
        }
        std::set<std::string>& names = names_[key];
        if (names.size() < kMaxNamesOfOne && names.insert(named.name).second) {
            added_.push_back({.name = fmt::format("{}", fmt::join(names, kSeparator)),
                              .address = named.address});
        }
    }
}

}  // namespace packet
