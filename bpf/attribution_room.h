/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room for the attributions of the cgroup hook's programs while packets are counted: a few places
 * for each CPU, of which a program takes one and gives it back. Such programs interrupt and preempt
 * each other on a CPU, but don't leave it, so a lock of each CPU's own, which nobody waits for,
 * guards the places. (Programs that record have room in the ring that they write into; here nobody
 * reads the rings that often.)
 */
#ifndef PIDCAP_ATTRIBUTION_ROOM_H
#define PIDCAP_ATTRIBUTION_ROOM_H

#include "attribute.h"

struct attribution_places {
	struct bpf_spin_lock lock;
	__u32 taken; /* bit N: place N */
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
 * Returns this CPU's room number `*place`, which the caller gives back with that, or NULL if all
 * are taken.
 */
static __always_inline struct attribution *take_attribution_room(__u32 *place)
{
	__u32 cpu = bpf_get_smp_processor_id(), free = PIDCAP_ATTRIBUTION_PLACES, index;
	struct attribution_places *places = bpf_map_lookup_elem(&attribution_places, &cpu);

	if (!places)
		return NULL;
	bpf_spin_lock(&places->lock);
#pragma unroll
	for (int i = PIDCAP_ATTRIBUTION_PLACES - 1; i >= 0; i--)
		if (!(places->taken & 1U << i))
			free = i;
	if (free < PIDCAP_ATTRIBUTION_PLACES)
		places->taken |= 1U << free;
	bpf_spin_unlock(&places->lock);
	if (free >= PIDCAP_ATTRIBUTION_PLACES)
		return NULL;
	*place = free;
	index = cpu * PIDCAP_ATTRIBUTION_PLACES + free;
	return bpf_map_lookup_elem(&attribution_room, &index);
}

static __always_inline void give_attribution_room_back(__u32 place)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct attribution_places *places = bpf_map_lookup_elem(&attribution_places, &cpu);

	if (!places)
		return;
	bpf_spin_lock(&places->lock);
	places->taken &= ~(1U << place);
	bpf_spin_unlock(&places->lock);
}

#endif
