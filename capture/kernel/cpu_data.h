// SPDX-License-Identifier: GPL-2.0-only
//
// Where the kernel keeps what a program asks to know whether it runs in an interrupt
// (bpf/interrupt.h). Stateless.
#pragma once

#include "bpf/contract.h"
#include "capture/kernel/kernel_types.h"

namespace capture {

// Returns the constant `cpu_data` of the programs.
pidcap_cpu_data cpu_data_of(const KernelTypes& kernel);

}  // namespace capture
