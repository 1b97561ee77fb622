// SPDX-License-Identifier: GPL-2.0-only
//
// ContainerFacts: what a runtime says of a container besides its id. Passive data.
#pragma once

#include <cstddef>
#include <string>

namespace capture {

struct ContainerFacts {
    std::string name;
    std::string image;
    std::string pod;
    std::string pod_namespace;

    bool operator==(const ContainerFacts&) const = default;
};

// The longest that runtimes and Kubernetes make: a reference of an image has a name, a tag and a
// digest (distribution/reference), a pod's name is a DNS subdomain and a namespace a DNS label.
inline constexpr size_t kMaxContainerName = 255;
inline constexpr size_t kMaxContainerImage = 255 + 1 + 128 + 1 + 71;
inline constexpr size_t kMaxPodName = 253;
inline constexpr size_t kMaxPodNamespace = 63;

}  // namespace capture
