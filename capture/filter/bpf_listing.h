// SPDX-License-Identifier: GPL-2.0-only
//
// eBPF as text, one instruction a line, in the notation of the kernel's verifier and of bpftool.
// Pure.
#pragma once

#include <linux/bpf.h>

#include <span>
#include <string>

namespace capture {

std::string list_extended(std::span<const bpf_insn> program);

}  // namespace capture
