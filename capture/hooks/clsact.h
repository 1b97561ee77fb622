// SPDX-License-Identifier: GPL-2.0-only
//
// Clsact: filters of ours on an interface's clsact qdisc, for kernels without tcx. Owns what it
// added: the filters always, the qdisc only if it wasn't there before. On destruction the filters
// go, and the qdisc if it was ours and nobody else has put a filter on it since.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pcapng/result.h"

namespace capture {

using pcapng::Result;

enum class TcDirection { kIn, kOut };

class Clsact {
  public:
    // Makes the qdisc unless there is one. `name` is for messages.
    static Result<Clsact> open(uint32_t ifindex, std::string name);

    Clsact(Clsact&& other) noexcept;
    Clsact& operator=(Clsact&&) = delete;
    ~Clsact();

    // Adds a direct-action filter, before those of others where that can be had: a filter that
    // decides a packet's fate hides it from those behind it.
    Result<void> add_filter(TcDirection direction, int program_fd);

  private:
    struct Filter {
        TcDirection direction;
        uint32_t handle;
        uint32_t priority;
    };

    Clsact(uint32_t ifindex, std::string name, bool created)
        : ifindex_(ifindex), name_(std::move(name)), created_(created) {}

    uint32_t ifindex_ = 0;  // 0 once moved from
    std::string name_;
    bool created_ = false;
    std::vector<Filter> filters_;
};

}  // namespace capture
