// SPDX-License-Identifier: GPL-2.0-only
//
// Clsact: our filters on an interface's clsact qdisc, for kernels without tcx. Owns its filters,
// and the qdisc if it created it. The destructor removes the filters. It removes the qdisc only if
// this object created it and no other filter has been added to it since.
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
    // Creates the qdisc unless there is one. `name` is for messages.
    static Result<Clsact> open(uint32_t ifindex, std::string name);

    Clsact(Clsact&& other) noexcept;
    Clsact& operator=(Clsact&&) = delete;
    ~Clsact();

    // Adds a direct-action filter, ahead of other filters if that place is free: a filter that ends
    // the processing of a packet hides it from the filters behind it.
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
