// SPDX-License-Identifier: GPL-2.0-only
//
// Reads what runtimes write of containers. The text may be anybody's: what is no JSON to its end,
// or is nested deeper than any runtime's, says nothing. Nor does a name that no runtime takes,
// because it is too long or has blanks, controls or bytes beyond ASCII in it: it is left out, never
// cut. Pure functions.
#pragma once

#include <string_view>

#include "capture/containers/container_facts.h"

namespace capture {

// Docker's config.v2.json of the container with this id (moby, container/container.go). In
// Kubernetes the name is the one in the pod's manifest, of the labels that the kubelet sets.
ContainerFacts read_docker_config(std::string_view json, std::string_view id);

// The annotations of an OCI bundle's config.json, as containerd's CRI plugin
// (internal/cri/annotations), CRI-O and nerdctl set them.
ContainerFacts read_oci_config(std::string_view json);

// The container with this id in the list of containers/storage (containers.json), which podman and
// CRI-O use. The image is in the metadata that podman adds.
ContainerFacts read_storage_list(std::string_view json, std::string_view id);

}  // namespace capture
