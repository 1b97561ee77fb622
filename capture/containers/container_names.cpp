// SPDX-License-Identifier: GPL-2.0-only
#include "capture/containers/container_names.h"

#include <fmt/format.h>

#include <array>
#include <memory>

#include "capture/confinement/message.h"
#include "capture/containers/container_files.h"
#include "capture/processes/container.h"
#include "packet/comment.h"

namespace capture {
namespace {

using pcapng::Result;

constexpr size_t kMostContainers = 4096;
constexpr uint64_t kRetryNs = 2'000'000'000;

constexpr std::array kTexts = {&ContainerFacts::name, &ContainerFacts::image, &ContainerFacts::pod,
                               &ContainerFacts::pod_namespace};

std::string encode(const ContainerFacts& facts) {
    if (facts == ContainerFacts()) {
        return {};
    }
    MessageWriter message;
    for (const auto text : kTexts) {
        message.add(facts.*text);
    }
    return {message.bytes().begin(), message.bytes().end()};
}

ContainerFacts decode(const std::string& answer) {
    ContainerFacts facts;
    MessageReader message(answer);
    for (const auto text : kTexts) {
        facts.*text = message.text();
    }
    return message.complete() ? facts : ContainerFacts();
}

// A key is USER/ID, or /ID for root's runtimes.
std::string find_by_key(const ContainerFiles& files, std::string_view key) {
    const size_t slash = key.find('/');
    if (slash == std::string_view::npos) {
        return {};
    }
    return encode(
        files.find(key.substr(slash + 1), packet::parse_number<uint32_t>(key.substr(0, slash))));
}

}  // namespace

Result<ContainerNames> ContainerNames::open(const std::optional<UserIds>& user,
                                            const std::string& proc_root) {
    Confinement confinement;
    confinement.user = user;
    confinement.kept = {CAP_DAC_READ_SEARCH};
    confinement.denied = SystemCalls{};
    const auto prepare = [&]() -> Result<LookUpProcess::Find> {
        // A function that is handed on has to be copied, and this can't be.
        const auto files = std::make_shared<const ContainerFiles>(ContainerFiles::open(proc_root));
        return LookUpProcess::Find(
            [files](const std::string& key) { return find_by_key(*files, key); });
    };
    auto process =
        LookUpProcess::start("pidcap-ctr", confinement, prepare, {kMostContainers, kRetryNs});
    if (!process) {
        return std::move(process).error();
    }
    return ContainerNames(*std::move(process));
}

std::string ContainerNames::key_of(std::string_view cgroup_path) {
    const std::string container = container_of(cgroup_path);
    if (!is_container_id(container)) {
        return {};
    }
    const std::optional<uint32_t> user = delegated_user(cgroup_path);
    return fmt::format("{}/{}", user ? fmt::to_string(*user) : "", container);
}

ContainerFacts ContainerNames::find(std::string_view cgroup_path) {
    if (const std::string key = key_of(cgroup_path); !key.empty()) {
        const std::string* answer = process_.answer(key);
        return answer != nullptr ? decode(*answer) : ContainerFacts();
    }
    ContainerFacts facts;
    facts.name = container_name_in(cgroup_path);
    return facts;
}

}  // namespace capture
