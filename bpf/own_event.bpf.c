// SPDX-License-Identifier: GPL-2.0-only
/*
 * Defines the maps and settings that the programs of all own events share. The object's maps of
 * these names are those of the capture: see capture/kernel/shared_parts.h.
 */
#include "event_record.h"
#include "memory_entry.h"
#include "own_event.h"
#include "owner.h"

const volatile __u32 small_ring_bytes = 0;
const volatile __u64 memory_seed = 0;
const volatile __u64 tick_ns = 0;
const volatile struct pidcap_own_events own_events = {};

struct pidcap_shared shared SEC(".data.shared");

struct ring_map rings SEC(".maps");
struct drop_map drops SEC(".maps");
struct unwanted_map unwanted SEC(".maps");
struct change_map changes SEC(".maps");
struct sk_user_map sk_user SEC(".maps");
struct memory_map memory SEC(".maps");
