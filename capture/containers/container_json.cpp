// SPDX-License-Identifier: GPL-2.0-only
#include "capture/containers/container_json.h"

#include <algorithm>
#include <array>
#include <utility>

#include "capture/containers/json_texts.h"

namespace capture {
namespace {

struct Fact {
    std::string ContainerFacts::*text;
    size_t most;  // bytes
};
constexpr Fact kName{&ContainerFacts::name, kMaxContainerName};
constexpr Fact kImage{&ContainerFacts::image, kMaxContainerImage};
constexpr Fact kPod{&ContainerFacts::pod, kMaxPodName};
constexpr Fact kPodNamespace{&ContainerFacts::pod_namespace, kMaxPodNamespace};

struct Label {
    std::string_view key;
    Fact fact;
};

// Labels of the kubelet (pkg/kubelet/types/labels.go of Kubernetes), which Docker and CRI-O keep.
constexpr std::array<Label, 3> kKubelet{{
    {"io.kubernetes.container.name", kName},
    {"io.kubernetes.pod.name", kPod},
    {"io.kubernetes.pod.namespace", kPodNamespace},
}};
constexpr std::array<Label, 6> kRuntimes{{
    {"io.kubernetes.cri.container-name", kName},
    {"io.kubernetes.cri.image-name", kImage},
    {"io.kubernetes.cri.sandbox-name", kPod},
    {"io.kubernetes.cri.sandbox-namespace", kPodNamespace},
    {"io.kubernetes.cri-o.ImageName", kImage},
    {"nerdctl/name", kName},
}};

bool is_name(std::string_view text, size_t most) {
    return text.size() <= most && std::all_of(text.begin(), text.end(), [](char c) {
               return c > ' ' && c < '\x7f' && c != '%';
           });
}

void set(ContainerFacts& facts, const Fact& fact, std::string_view text) {
    facts.*fact.text = is_name(text, fact.most) ? text : std::string_view();
}

template <size_t kCount>
void take(ContainerFacts& facts, const std::array<Label, kCount>& labels, std::string_view key,
          const std::string& text) {
    const auto* found = std::find_if(labels.begin(), labels.end(),
                                     [key](const Label& label) { return label.key == key; });
    if (found != labels.end()) {
        set(facts, found->fact, text);
    }
}

bool is_at(const JsonPath& path, std::initializer_list<std::string_view> keys) {
    return std::equal(path.begin(), path.end(), keys.begin(), keys.end());
}

// One container of the list of containers/storage.
struct Listed {
    std::string index;
    std::string id;
    ContainerFacts facts;
    std::string metadata;
};

void take_image(ContainerFacts& facts, std::string_view metadata) {
    ContainerFacts found;
    if (visit_json_texts(metadata, [&](const JsonPath& path, const std::string& text) {
            if (is_at(path, {"image-name"})) {
                set(found, kImage, text);
            }
        })) {
        facts.image = std::move(found.image);
    }
}

}  // namespace

ContainerFacts read_docker_config(std::string_view json, std::string_view id) {
    ContainerFacts facts;
    ContainerFacts own;
    bool same = false;
    const bool valid = visit_json_texts(json, [&](const JsonPath& path, const std::string& text) {
        if (is_at(path, {"ID"})) {
            same = text == id;
        } else if (is_at(path, {"Name"})) {
            set(own, kName, std::string_view(text).substr(text.starts_with('/') ? 1 : 0));
        } else if (is_at(path, {"Config", "Image"})) {
            set(facts, kImage, text);
        } else if (path.size() == 3 && path[0] == "Config" && path[1] == "Labels") {
            take(facts, kKubelet, path[2], text);
        }
    });
    if (!valid || !same) {
        return {};
    }
    if (facts.name.empty()) {
        facts.name = std::move(own.name);
    }
    return facts;
}

ContainerFacts read_oci_config(std::string_view json) {
    ContainerFacts facts;
    const bool valid = visit_json_texts(json, [&](const JsonPath& path, const std::string& text) {
        if (path.size() == 2 && path[0] == "annotations") {
            take(facts, kKubelet, path[1], text);
            take(facts, kRuntimes, path[1], text);
        }
    });
    return valid ? facts : ContainerFacts();
}

ContainerFacts read_storage_list(std::string_view json, std::string_view id) {
    Listed found;
    Listed current;
    const auto note = [&] {
        if (current.id == id) {
            found = current;
        }
    };
    const bool valid = visit_json_texts(json, [&](const JsonPath& path, const std::string& text) {
        if (path.size() < 2) {
            return;
        }
        if (path[0] != current.index) {
            note();
            current = {.index = path[0], .id = {}, .facts = {}, .metadata = {}};
        }
        if (is_at(path, {current.index, "id"})) {
            current.id = text;
        } else if (is_at(path, {current.index, "names", "0"})) {
            set(current.facts, kName, text);
        } else if (is_at(path, {current.index, "metadata"})) {
            current.metadata = text;
        }
    });
    note();
    if (!valid) {
        return {};
    }
    take_image(found.facts, found.metadata);
    return found.facts;
}

}  // namespace capture
