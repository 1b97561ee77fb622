// SPDX-License-Identifier: GPL-2.0-only
//
// Hook: where a capture takes packets (`--hook`), and what it can know of them there. This is the
// only place that says how expectations differ:
//
//          on lo                      elsewhere
//   tc     both ends: the sender by   both ends, the far one as far as it can be known: see
//          its socket, the receiver   Ownership
//   xdp    by a look-up               this end only, the receiver by a look-up
//   cgroup                            this end only, the receiver by its socket: a packet for
//                                     several sockets is there once for each
//
// Which packets there are at all: tests/attribution/hooks.cpp.
#pragma once

#include <optional>
#include <string_view>

namespace test {

struct Ends;
struct Packet;

enum class Hook { tc, xdp, cgroup };
std::optional<Hook> hook_of(std::string_view name);
const char* name_of(Hook hook);

// Of the ends of a packet, what is known of them where the hook has it.
Ends at_hook(Hook hook, const Packet& packet, Ends ends);

}  // namespace test
