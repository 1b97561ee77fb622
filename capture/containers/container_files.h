// SPDX-License-Identifier: GPL-2.0-only
//
// ContainerFiles: the files in which container runtimes keep what they know of their containers,
// read without asking any daemon. Only files that belong to the user whose runtime wrote them are
// believed. One thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/containers/container_facts.h"
#include "pcapng/fd.h"

namespace capture {

class ContainerFiles {
  public:
    // Opens the file system as this process sees it, and as process 1 of this /proc does, if that
    // has another mount namespace and may be looked into.
    static ContainerFiles open(const std::string& proc_root = "/proc");

    // Returns what is known of the container with this id (64 hexadecimal digits) of root's
    // runtimes, or of this user's if one is given. All empty: nothing.
    ContainerFacts find(std::string_view id, std::optional<uid_t> user) const;

  private:
    ContainerFiles(std::vector<pcapng::Fd> roots, std::vector<uid_t> trusted)
        : roots_(std::move(roots)), trusted_(std::move(trusted)) {}

    std::vector<pcapng::Fd> roots_;
    std::vector<uid_t> trusted_;  // root, and the user who runs this
};

}  // namespace capture
