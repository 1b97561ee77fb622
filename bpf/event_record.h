/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Puts an event into a ring buffer of this CPU, as a packet of the interface 0:NUMBER, or counts
 * why not. Programs of tracepoints and probes may interrupt each other, and those that record
 * packets: counters are atomic, and user space has made their entries. For the same reason a record
 * has all losses so far, not those since the last one: what a program takes away from a counter,
 * another could report, too.
 */
#ifndef PIDCAP_EVENT_RECORD_H
#define PIDCAP_EVENT_RECORD_H

#include "contract.h"
#include "kernel.h"
#include "rings.h"
#include "verdict.h"

/* An event, but for its bytes. */
struct event {
	struct pidcap_owner owner; /* tgid 0: no process, and `via` gives the reason */
	__u32 number;		   /* in this capture, from 1 */
	__u8 via;		   /* enum pidcap_via */
};

/*
 * The bytes of an event: `fixed_size`, a constant, from `fixed` on the stack or in a map, then
 * `rest_size` from the address `rest`, which may be a process's.
 */
struct event_bytes {
	const void *fixed;
	__u64 fixed_size;
	const void *rest;
	__u64 rest_size; /* 64 bits: the verifier forgets the bounds of a number that is cut to 32
			  */
	bool rest_is_user;
};

static __always_inline void count_event_drop(__u32 number, enum pidcap_drop cause)
{
	struct pidcap_interface key = {.ifindex = number};
	struct pidcap_drops *known = bpf_map_lookup_elem(&drops, &key);

	if (known && cause < PIDCAP_DROP_CAUSES)
		__sync_fetch_and_add(&known->count[cause], 1);
	shared.events_lost = 1;
}

/* Returns how many records of the event were lost on this CPU. */
static __always_inline __u32 lost_events(__u32 number)
{
	struct pidcap_interface key = {.ifindex = number};
	struct pidcap_drops *known = NULL;
	__u64 lost = 0;

	/* Most captures lose none, and save the look-up. */
	if (shared.events_lost)
		known = bpf_map_lookup_elem(&drops, &key);
	if (!known)
		return 0;
	for (int cause = 0; cause < PIDCAP_DROP_CAUSES; cause++)
		lost += known->count[cause];
	return lost;
}

/* Returns whether the event is to be recorded. */
static __always_inline bool is_wanted_event(const struct event *event)
{
	if (!shared.filters_processes || shared.changes_lost)
		return true;
	if (!event->owner.tgid)
		return shared.wanted_without_process & (1U << (event->via & 31));
	return !is_unwanted(&event->owner);
}

/* The time has to be taken after the reservation: see capture/kernel/merge.h. */
static __noinline __u64 fill_event_record(struct pidcap_packet *record, const struct event *event,
					  __u64 size)
{
	__builtin_memset(record, 0, sizeof(*record));
	record->time_mono = bpf_ktime_get_ns();
	record->interface.ifindex = event->number;
	record->wire_len = size;
	record->caplen = size;
	record->lost = lost_events(event->number);
	record->cpu = bpf_get_smp_processor_id();
	record->via = event->via;
	record->owner = event->owner;
	return wake_flags();
}

static __always_inline long read_rest(void *to, __u64 size, const struct event_bytes *bytes)
{
	return bytes->rest_is_user ? bpf_probe_read_user(to, size, bytes->rest)
				   : bpf_probe_read_kernel(to, size, bytes->rest);
}

/* One size class; see RECORD_CLASS of record.h for its bounds. */
#define EVENT_CLASS(class)                                                                         \
	if (bytes->fixed_size <= (class) && bytes->rest_size <= (class) - bytes->fixed_size) {     \
		record = bpf_ringbuf_reserve(ring, sizeof(*record) + (class), 0);                  \
		if (!record) {                                                                     \
			count_event_drop(event->number, PIDCAP_DROP_RING_FULL);                    \
			return;                                                                    \
		}                                                                                  \
		wake = fill_event_record(record, event, bytes->fixed_size + bytes->rest_size);     \
		__builtin_memcpy(record + 1, bytes->fixed, bytes->fixed_size);                     \
		last = bytes->rest_size - 1;                                                       \
		barrier_var(last);                                                                 \
		if (last < (class) - bytes->fixed_size &&                                          \
		    read_rest((void *)(record + 1) + bytes->fixed_size, last + 1, bytes))          \
			goto copy_failed;                                                          \
		bpf_ringbuf_submit(record, wake);                                                  \
		return;                                                                            \
	}

/*
 * Records an event, unless the process filter leaves its process out, or counts why not. At most
 * 16,640 bytes.
 */
static __always_inline void record_event(const struct event *event, const struct event_bytes *bytes)
{
	struct pidcap_packet *record;
	__u64 last, wake;
	void *ring;

	if (!shared.takes_events || !is_wanted_event(event))
		return;
	ring = own_ring(bytes->fixed_size + bytes->rest_size);
	if (!ring) {
		count_event_drop(event->number, PIDCAP_DROP_RING_FULL);
		return;
	}
	EVENT_CLASS(64)
	EVENT_CLASS(128)
	EVENT_CLASS(192)
	EVENT_CLASS(256)
	EVENT_CLASS(384)
	EVENT_CLASS(512)
	EVENT_CLASS(1024)
	EVENT_CLASS(2048)
	EVENT_CLASS(4096)
	EVENT_CLASS(8192)
	EVENT_CLASS(16640)
	count_event_drop(event->number, PIDCAP_DROP_COPY);
	return;
copy_failed:
	bpf_ringbuf_discard(record, wake);
	count_event_drop(event->number, PIDCAP_DROP_COPY);
}

#endif
