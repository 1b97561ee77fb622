// SPDX-License-Identifier: GPL-2.0-only
//
// Which programs will the interfaces of a capture need? Before any is loaded: the kernel takes more
// time to verify those of all link layers than for everything else at the start.
#pragma once

#include "capture/hooks/interface_set.h"
#include "capture/hooks/interfaces.h"
#include "capture/kernel/hook.h"
#include "pcapng/result.h"

namespace capture {

// Returns the link layers that the named interfaces have now; with "any", or in all network
// namespaces, all, because others may come. A name that no interface has adds nothing. Returns an
// error if a namespace can't be entered.
Result<LinkLayers> link_layers_of(const InterfaceChoice& choice);

// Returns which program an interface with this LINKTYPE_ needs.
HookKind hook_kind(const Interface& interface, uint16_t link_type);

}  // namespace capture
