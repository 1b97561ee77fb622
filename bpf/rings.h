/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rings that records go into, which programs of several objects share, and the counters of what
 * found no room there. record.h writes packets into them, event_record.h events.
 */
#ifndef PIDCAP_RINGS_H
#define PIDCAP_RINGS_H

#include "contract.h"
#include "kernel.h"
#include "shared.h"

/* Two rings for each possible CPU, so that CPUs don't wait for each other: enum pidcap_ring. */
struct ring_map {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1); /* user space sets the number, and the rings */
	__type(key, __u32);
	__type(value, __u32);
};

struct drop_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct pidcap_interface);
	__type(value, struct pidcap_drops);
};

/* How many interfaces have `pending` drops on this CPU: without any, no look-up is needed. */
struct drop_pending_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};

extern struct ring_map rings SEC(".maps");
extern struct drop_map drops SEC(".maps");
extern struct drop_pending_map drops_pending SEC(".maps");

/* Set before loading: 0 if there are no small rings. */
extern const volatile __u32 small_ring_bytes;

/*
 * Returns the ring for a record of `bytes`: the small one while it is less than half full, so that
 * there is room for whatever interrupts us after this look, else the large one. It can't be "the
 * large one if the small one refuses": the verifier of Linux 5.10 loses track of a record that may
 * come from two reservations.
 *
 * A reader that pauses until a small ring is half full is woken by the record that this is for.
 */
static __always_inline void *own_ring(__u64 bytes)
{
	__u32 index = bpf_get_smp_processor_id() * PIDCAP_RINGS + PIDCAP_RING_SMALL;
	void *small = small_ring_bytes ? bpf_map_lookup_elem(&rings, &index) : NULL;

	if (small && bytes < PIDCAP_SMALL_RING_MIN / 4 &&
	    bpf_ringbuf_query(small, BPF_RB_AVAIL_DATA) < small_ring_bytes / 2)
		return small;
	if (small && shared.wake_reader == PIDCAP_WAKE_FILLED)
		shared.wake_reader = PIDCAP_WAKE_NEXT;
	index += PIDCAP_RING_LARGE - PIDCAP_RING_SMALL;
	return bpf_map_lookup_elem(&rings, &index);
}

/*
 * Returns the flags to submit a record with: user space asks to be woken before it pauses for long.
 * Otherwise it looks into the rings by itself, which costs less than a wake-up for each record.
 */
static __always_inline __u64 wake_flags(void)
{
	if (shared.wake_reader != PIDCAP_WAKE_NEXT)
		return BPF_RB_NO_WAKEUP;
	shared.wake_reader = PIDCAP_WAKE_NEVER;
	return BPF_RB_FORCE_WAKEUP;
}

#endif
