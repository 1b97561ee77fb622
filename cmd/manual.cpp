// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/manual.h"

#include <algorithm>

namespace cmd {
namespace {

#include "cmd/manual.inc"

template <typename Named>
const Named* find_named(std::span<const Named> all, std::string_view name) {
    const auto found = std::ranges::find(all, name, &Named::name);
    return found != all.end() ? &*found : nullptr;
}

}  // namespace

std::string_view overview() {
    return kOverview;
}

std::span<const DescribedCommand> described_commands() {
    return kCommands;
}

std::span<const Topic> topics() {
    return kTopics;
}

const DescribedCommand* find_command(std::string_view name) {
    return find_named(described_commands(), name);
}

const Topic* find_topic(std::string_view name) {
    return find_named(topics(), name);
}

}  // namespace cmd
