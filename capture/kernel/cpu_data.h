// SPDX-License-Identifier: GPL-2.0-only
//
// Where the kernel keeps what a program asks to know whether it runs in an interrupt
// (bpf/interrupt.h). Stateless.
#pragma once

#include <istream>

#include "bpf/contract.h"
#include "capture/kernel/kernel_types.h"

namespace capture {

// Returns the constant `cpu_data` of the programs, by the kernel's types, or by /proc/kallsyms
// where the types lack variables, as Debian's 5.10 does. Needs CAP_SYSLOG for the latter.
pidcap_cpu_data cpu_data_of(const KernelTypes& kernel);

// Returns it by lines such as "000000000001fb80 A __preempt_count". Not known if a variable is
// missing, or the kernel hides the addresses: they are all 0 then.
pidcap_cpu_data cpu_data_of(std::istream& symbols);

}  // namespace capture
