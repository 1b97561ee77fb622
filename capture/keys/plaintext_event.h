// SPDX-License-Identifier: GPL-2.0-only
//
// The event `tls:plaintext`: a piece of what a program has handed to a TLS library, or got from it,
// as the programs of bpf/plaintext.bpf.c record it. Pure.
#pragma once

#include "packet/event/layout.h"

namespace capture::tls {

// Of struct pidcap_plaintext, and the bytes behind it.
packet::EventLayout plaintext_layout();

}  // namespace capture::tls
