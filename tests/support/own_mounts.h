// SPDX-License-Identifier: GPL-2.0-only
//
// OwnMounts: while this lives, the calling thread and what it starts have mounts of their own, so
// that a test can put something over the machine's folders. Needs root.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "pcapng/fd.h"

namespace test {

class OwnMounts {
  public:
    OwnMounts() : before_(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)) {
        if (!before_.valid() || unshare(CLONE_NEWNS) != 0) {
            throw std::runtime_error(std::string("unshare mounts: ") + std::strerror(errno));
        }
        mount("none", "/", "", MS_REC | MS_PRIVATE, "");
    }
    OwnMounts(const OwnMounts&) = delete;
    OwnMounts& operator=(const OwnMounts&) = delete;
    ~OwnMounts() {
        if (setns(before_.get(), CLONE_NEWNS) != 0) {
            std::abort();  // the next test would run among these mounts
        }
    }

    // An empty file system over a folder, which belongs to root.
    void empty(const std::string& folder, const std::string& type = "tmpfs",
               unsigned long flags = 0) const {
        mount("none", folder, type, flags, type == "tmpfs" ? "mode=755" : "");
    }
    // A file in another one's place.
    void replace(const std::string& file, const std::string& by) const {
        mount(by, file, "", MS_BIND, "");
    }

  private:
    static void mount(const std::string& source, const std::string& target, const std::string& type,
                      unsigned long flags, const char* data) {
        if (::mount(source.c_str(), target.c_str(), type.c_str(), flags, data) != 0) {
            throw std::runtime_error("mount " + target + ": " + std::strerror(errno));
        }
    }

    pcapng::Fd before_;
};

}  // namespace test
