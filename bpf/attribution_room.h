/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room for the attributions of the cgroup hook's programs while packets are counted: a few places
 * for each CPU, of which a program takes one and gives it back. Such programs interrupt and preempt
 * each other on a CPU, but don't leave it, so each CPU has its own. (Programs that record have room
 * in the ring that they write into; here nobody reads the rings that often.)
 *
 * A program has a place if it is its only claimant: it adds itself, and then sees nobody else
 * there. Of two that add themselves at the same time none may have it, never both. That needs
 * neither a lock, which turns interrupts off, nor atomics that return a value (Linux 5.12).
 */
#ifndef PIDCAP_ATTRIBUTION_ROOM_H
#define PIDCAP_ATTRIBUTION_ROOM_H

#include "attribute.h"

struct attribution_places {
	__u32 claimants[PIDCAP_ATTRIBUTION_PLACES];
};

/* User space sets the sizes, by the number of CPUs. */
struct places_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct attribution_places);
};

struct attribution_room_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct attribution);
};

extern struct places_map attribution_places SEC(".maps");
extern struct attribution_room_map attribution_room SEC(".maps");

/*
 * cgroup.bpf.c: returns the number of a place of this CPU, which is the caller's now, or
 * PIDCAP_ATTRIBUTION_PLACES if all are taken. A global function: what follows it is looked at by
 * the verifier once, not for each place.
 */
__u32 claim_place(__u32 cpu);

/*
 * Returns this CPU's room number `*place`, which the caller gives back with that, or NULL if all
 * are taken.
 */
static __always_inline struct attribution *take_attribution_room(__u32 *place)
{
	__u32 cpu = bpf_get_smp_processor_id(), index;

	*place = claim_place(cpu);
	if (*place >= PIDCAP_ATTRIBUTION_PLACES)
		return NULL;
	index = cpu * PIDCAP_ATTRIBUTION_PLACES + *place;
	return bpf_map_lookup_elem(&attribution_room, &index);
}

static __always_inline void give_attribution_room_back(__u64 place)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct attribution_places *places = bpf_map_lookup_elem(&attribution_places, &cpu);

	barrier_var(place); /* or the verifier would not see its bound */
	place %= PIDCAP_ATTRIBUTION_PLACES;
	if (places)
		__sync_fetch_and_add(&places->claimants[place], -1);
}

#endif
