// SPDX-License-Identifier: GPL-2.0-only
//
// What a container runtime, or anybody in its place, wrote of its containers.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "capture/containers/container_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view json(reinterpret_cast<const char*>(data), size);
    const std::string id = "d0c1" + std::string(60, '0');
    for (const capture::ContainerFacts& facts :
         {capture::read_docker_config(json, id), capture::read_oci_config(json),
          capture::read_storage_list(json, id)}) {
        if (facts.name.size() > capture::kMaxContainerName ||
            facts.image.size() > capture::kMaxContainerImage ||
            facts.pod.size() > capture::kMaxPodName ||
            facts.pod_namespace.size() > capture::kMaxPodNamespace) {
            std::abort();
        }
    }
    // No file names a container by an id that it doesn't have.
    if (json.find("none") == std::string_view::npos &&
        (capture::read_docker_config(json, "none") != capture::ContainerFacts() ||
         capture::read_storage_list(json, "none") != capture::ContainerFacts())) {
        std::abort();
    }
    return 0;
}
