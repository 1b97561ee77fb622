// SPDX-License-Identifier: GPL-2.0-only
//
// The layouts of the own events that the kernel's programs write (bpf/own_event.h). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "capture/kernel/kernel_types.h"
#include "packet/event/layout.h"

namespace capture {

packet::EventLayout connect_layout();
packet::EventLayout bind_layout();
packet::EventLayout listen_layout();
packet::EventLayout accept_layout();
packet::EventLayout close_layout();
// The names of reasons are those of the running kernel: other kernels have other numbers.
packet::EventLayout drop_layout(const KernelTypes& kernel);
packet::EventLayout xdp_layout();

// Returns the kernel's reasons for drops without what their names have in common: NO_SOCKET. Empty:
// the kernel gives none (before 5.17).
std::vector<std::pair<uint64_t, std::string>> drop_reasons(const KernelTypes& kernel);

}  // namespace capture
