// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/host_names.h"

#include <algorithm>
#include <cstring>

namespace forensics {
namespace {

bool is_multicast_or_loopback(const Address& address) {
    if (address.length == 4) {
        return address.bytes[0] == 127 || (address.bytes[0] & 0xf0) == 0xe0;
    }
    Address loopback{.length = 16};
    loopback.bytes[15] = 1;
    return address.bytes[0] == 0xff || address == loopback;
}

}  // namespace

std::string_view HostNames::keep(std::string_view name) {
    if (name.empty()) {
        return {};
    }
    const auto known = names_.find(name);
    return known != names_.end() ? *known : *names_.emplace(name).first;
}

// An asker of length 0 stands for all.
FlowKey HostNames::key(const Address& asker, const Address& address) {
    FlowKey key;
    std::memcpy(key.addresses.data(), asker.bytes.data(), 16);
    std::memcpy(key.addresses.data() + 2, address.bytes.data(), 16);
    key.rest = (uint64_t{asker.length} << 8) | address.length;
    return key;
}

void HostNames::add(const Address& asker, const Address& address, std::string_view name) {
    if (name.empty()) {
        return;
    }
    const FlowKey place = key(is_multicast_or_loopback(asker) ? Address{} : asker, address);
    const auto known = answers_.find(place);
    if (known != answers_.end()) {
        known->second = keep(name);
    } else if (answers_.size() < kMaxAnswers) {
        answers_.emplace(place, keep(name));
    }
}

std::string_view HostNames::find(const Address& asker, const Address& address) const {
    if (answers_.empty()) {
        return {};
    }
    auto known = answers_.find(key(asker, address));
    if (known == answers_.end()) {
        known = answers_.find(key({}, address));
    }
    return known != answers_.end() ? known->second : std::string_view();
}

}  // namespace forensics
