// SPDX-License-Identifier: GPL-2.0-only
#include "packet/via.h"

#include <algorithm>
#include <array>
#include <utility>

namespace packet {
namespace {

constexpr std::array<std::pair<Via, std::string_view>, 16> kNames = {{
    {Via::kUnrecorded, ""},
    {Via::kUnknown, "unknown"},
    {Via::kKernel, "kernel"},
    {Via::kForwarded, "forwarded"},
    {Via::kSocket, "socket"},
    {Via::kLookup, "lookup"},
    {Via::kCurrent, "current"},
    {Via::kIcmpEcho, "icmp-echo"},
    {Via::kIcmpError, "icmp-error"},
    {Via::kFragment, "fragment"},
    {Via::kFlow, "flow"},
    {Via::kConntrack, "conntrack"},
    {Via::kTunnel, "tunnel"},
    {Via::kAnnotated, "annotated"},
    {Via::kEvent, "event"},
    {Via::kOther, "other"},
}};

}  // namespace

std::string_view via_name(Via via) {
    return kNames[static_cast<size_t>(via)].second;
}

Via via_of(std::string_view name) {
    const auto* found = std::find_if(kNames.begin(), kNames.end(),
                                     [name](const auto& each) { return each.second == name; });
    return found != kNames.end() ? found->first : Via::kOther;
}

bool is_direct(Via via) {
    return via == Via::kSocket || via == Via::kLookup || via == Via::kCurrent;
}

}  // namespace packet
