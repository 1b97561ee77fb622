// SPDX-License-Identifier: GPL-2.0-only
//
// Prints an eBPF program as text, one instruction per line, in the notation of the kernel's
// verifier and of bpftool. A pure function.
#pragma once

#include <linux/bpf.h>

#include <span>
#include <string>

namespace capture {

std::string list_extended(std::span<const bpf_insn> program);

}  // namespace capture
