// SPDX-License-Identifier: GPL-2.0-only
//
// Where an interface of a file is, as its name tells. Pure.
#pragma once

#include <string_view>

#include "forensics/packet_types.h"

namespace forensics {

// Returns NETNS of "NETNS/NAME", of a merged file HOST or HOST/NETNS; empty: in the network
// namespace in which the capture ran, or not known.
inline std::string_view place_of(const Interface& interface) {
    const std::string_view name = interface.name;
    const size_t slash = name.rfind('/');
    return slash == name.npos ? std::string_view() : name.substr(0, slash);
}

}  // namespace forensics
