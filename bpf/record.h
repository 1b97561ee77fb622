/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Puts a packet into this CPU's ring buffer, or counts why not. A record is as large as its packet,
 * up to the next size class: the verifier wants the size of a reservation to be a constant.
 */
#ifndef PIDCAP_RECORD_H
#define PIDCAP_RECORD_H

#include "attribute.h"

/* Set before loading. */
const volatile __u32 snaplen = PIDCAP_SNAPLEN_MAX;

/*
 * User space sets it before it goes to sleep for long; the first record afterwards wakes it.
 * Otherwise it looks for itself every few milliseconds, which is cheaper than a wake-up for each
 * record.
 */
__u32 wake_reader;

/* A ring buffer for each possible CPU, so that CPUs don't wait for each other. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1); /* set by user space, as are the rings */
	__type(key, __u32);
	__type(value, __u32);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* ifindex */
	__type(value, struct pidcap_drops);
} drops SEC(".maps");

/* How many interfaces have `pending` drops on this CPU: saves the look-up while all is well. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} drops_pending SEC(".maps");

/* Drops that a later record of this interface will tell: `add` more of them, or those so far taken.
 */
static __always_inline __u32 exchange_pending(struct pidcap_drops *known, __u32 add)
{
	__u32 zero = 0;
	__u32 *interfaces = bpf_map_lookup_elem(&drops_pending, &zero);
	__u32 before = known->pending;

	known->pending = add ? before + add : 0;
	if (interfaces && !before && add)
		(*interfaces)++;
	else if (interfaces && before && !add)
		(*interfaces)--;
	return before;
}

/* `lost`: drops that the record told which now isn't written. */
static __noinline int count_drop(__u32 ifindex, enum pidcap_drop cause, __u32 lost)
{
	struct pidcap_drops fresh = {};
	struct pidcap_drops *known = bpf_map_lookup_elem(&drops, &ifindex);

	if (!known) {
		bpf_map_update_elem(&drops, &ifindex, &fresh, BPF_NOEXIST);
		known = bpf_map_lookup_elem(&drops, &ifindex);
	}
	if (!known)
		return 0;
	if (cause < PIDCAP_DROP_CAUSES)
		known->count[cause]++;
	exchange_pending(known, lost + 1);
	return 0;
}

/* The drops of this interface on this CPU that no record has told yet. */
static __always_inline __u32 take_pending(__u32 ifindex)
{
	struct pidcap_drops *known;
	__u32 zero = 0;
	__u32 *interfaces = bpf_map_lookup_elem(&drops_pending, &zero);

	if (!interfaces || !*interfaces)
		return 0;
	known = bpf_map_lookup_elem(&drops, &ifindex);
	return known ? exchange_pending(known, 0) : 0;
}

/*
 * Everything but the packet's bytes. The owner is the process at this end: the sender of what goes
 * out, the receiver of what comes in; or the only one known. The time is taken after the
 * reservation: see capture/merge.h.
 */
static __always_inline void fill_record(struct pidcap_packet *record, struct __sk_buff *skb,
					__u32 caplen, bool incoming, bool outward,
					const struct attribution *ends)
{
	bool sent = ends->sender.owner.tgid, received = ends->receiver.owner.tgid;

	record->time_mono = bpf_ktime_get_ns();
	record->ifindex = skb->ifindex;
	record->wire_len = skb->len;
	record->caplen = caplen;
	record->lost = take_pending(skb->ifindex);
	record->vlan_proto = skb->vlan_present ? bpf_ntohs(skb->vlan_proto) : 0;
	record->vlan_tci = skb->vlan_present ? skb->vlan_tci : 0;
	record->direction = outward ? PIDCAP_OUT : PIDCAP_IN;
	record->pad = 0;
	if (incoming ? received || !sent : !sent && received) {
		record->owner = ends->receiver.owner;
		record->via = ends->receiver.via;
	} else {
		record->owner = ends->sender.owner;
		record->via = ends->sender.via;
	}
	if (sent && received) {
		record->peer = incoming ? ends->sender.owner : ends->receiver.owner;
		record->peer_via = incoming ? ends->sender.via : ends->receiver.via;
	} else {
		__builtin_memset(&record->peer, 0, sizeof(record->peer));
		record->peer_via = 0;
	}
}

/*
 * One size class: the packet fits into `bytes`. The bound is checked beside the call because the
 * verifier doesn't relate `caplen` to the class that was chosen.
 */
#define RECORD_CLASS(bytes)                                                                        \
	if (caplen <= (bytes)) {                                                                   \
		record = bpf_ringbuf_reserve(ring, sizeof(*record) + (bytes), 0);                  \
		if (!record) {                                                                     \
			count_drop(skb->ifindex, PIDCAP_DROP_RING_FULL, 0);                        \
			return;                                                                    \
		}                                                                                  \
		fill_record(record, skb, caplen, incoming, outward, ends);                         \
		if (caplen && caplen <= (bytes) && bpf_skb_load_bytes(skb, 0, record + 1, caplen)) \
			goto copy_failed;                                                          \
		bpf_ringbuf_submit(record, wake);                                                  \
		return;                                                                            \
	}

/* `outward`: what the packet's direction is said to be; it differs from `incoming` on lo only. */
static __always_inline void record_packet(struct __sk_buff *skb, bool incoming, bool outward,
					  const struct attribution *ends)
{
	struct pidcap_packet *record;
	__u32 cpu = bpf_get_smp_processor_id();
	void *ring = bpf_map_lookup_elem(&rings, &cpu);
	__u32 caplen = skb->len < snaplen ? skb->len : snaplen;
	__u64 wake = BPF_RB_NO_WAKEUP;
	__u32 lost;

	if (!ring) {
		count_drop(skb->ifindex, PIDCAP_DROP_RING_FULL, 0);
		return;
	}
	if (wake_reader) {
		wake_reader = 0;
		wake = BPF_RB_FORCE_WAKEUP;
	}
	RECORD_CLASS(64)
	RECORD_CLASS(128)
	RECORD_CLASS(192)
	RECORD_CLASS(256)
	RECORD_CLASS(384)
	RECORD_CLASS(512)
	RECORD_CLASS(768)
	RECORD_CLASS(1024)
	RECORD_CLASS(1536)
	RECORD_CLASS(2304)
	RECORD_CLASS(4096)
	RECORD_CLASS(9216)
	RECORD_CLASS(16384)
	RECORD_CLASS(32768)
	RECORD_CLASS(49152)
	RECORD_CLASS(65664)
	RECORD_CLASS(131072)
	RECORD_CLASS(PIDCAP_SNAPLEN_MAX)
	return;
copy_failed:
	lost = record->lost;
	bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
	count_drop(skb->ifindex, PIDCAP_DROP_COPY, lost);
}

#endif
