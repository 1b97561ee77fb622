/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Puts a packet into a ring buffer of this CPU, or counts why not. A record is as large as its
 * packet, up to the next size class: the verifier wants the size of a reservation to be a constant.
 */
#ifndef PIDCAP_RECORD_H
#define PIDCAP_RECORD_H

#include "attribute.h"
#include "rings.h"
#include "verdict.h"

/* How many bytes of a packet are kept. Set before loading, as are the next two. */
extern const volatile __u32 snaplen;
/* Which packets are kept: enum pidcap_direction, or-ed. */
extern const volatile __u32 directions;
/* The direction that packets on lo are recorded with: each is captured once, as it goes out. */
extern const volatile __u32 loopback_direction;

/*
 * Adds to the drops that the interface's next record will report, or, if `add` is 0, takes them.
 * Returns how many there were before.
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

/*
 * Counts a packet that isn't recorded. `lost`: the drops that its record would have reported, which
 * a later one has to report now.
 */
static __noinline int count_drop(const struct pidcap_interface *interface, enum pidcap_drop cause,
				 __u32 lost)
{
	struct pidcap_interface key = *interface; /* on the stack: older kernels insist */
	struct pidcap_drops fresh = {};
	struct pidcap_drops *known = bpf_map_lookup_elem(&drops, &key);

	if (!known) {
		bpf_map_update_elem(&drops, &key, &fresh, BPF_NOEXIST);
		known = bpf_map_lookup_elem(&drops, &key);
	}
	if (!known) {
		__builtin_memset(&key, 0, sizeof(key));
		known = bpf_map_lookup_elem(&drops, &key);
	}
	if (!known)
		return 0;
#ifdef PIDCAP_CGROUP
	/* The order of packets isn't certain here, so no record reports the drops before it. */
	if (cause < PIDCAP_DROP_CAUSES)
		__sync_fetch_and_add(&known->count[cause], 1);
#else
	if (cause < PIDCAP_DROP_CAUSES)
		known->count[cause]++;
	/* No record reports those of interfaces without an entry. */
	if (key.netns)
		exchange_pending(known, lost + 1);
#endif
	return 0;
}

/* Returns the interface's drops on this CPU that no record has reported yet, and resets them. */
static __always_inline __u32 take_pending(const struct pidcap_interface *interface)
{
	struct pidcap_interface key = *interface;
	struct pidcap_drops *known;
	__u32 zero = 0;
	__u32 *interfaces = bpf_map_lookup_elem(&drops_pending, &zero);

	if (!interfaces || !*interfaces)
		return 0;
	known = bpf_map_lookup_elem(&drops, &key);
	return known ? exchange_pending(known, 0) : 0;
}

/* Fills in the VLAN tag that the kernel keeps beside the packet. */
static __always_inline void fill_vlan_tag(struct pidcap_packet *record, context *ctx)
{
#if defined(PIDCAP_XDP) || defined(PIDCAP_CGROUP)
	record->vlan_proto = 0;
	record->vlan_tci = 0;
#else
	record->vlan_proto = ctx->vlan_present ? bpf_ntohs(ctx->vlan_proto) : 0;
	record->vlan_tci = ctx->vlan_present ? ctx->vlan_tci : 0;
#endif
}

/*
 * Returns whether the receiver is the process at this end (the sender is, of what goes out), or the
 * only one known. `hook`: with HOOK_INGRESS for the way that the packet goes.
 */
static __always_inline bool names_receiver(__u32 hook, const struct attribution *ends)
{
	bool sent = ends->sender.owner.tgid, received = ends->receiver.owner.tgid;

	return hook & HOOK_INGRESS ? received || !sent : !sent && received;
}

/*
 * Fills in everything but the packet's bytes. Returns the flags to submit the record with. The time
 * has to be taken after the reservation: see capture/kernel/merge.h.
 */
static __noinline __u64 fill_record(struct pidcap_packet *record, context *ctx, __u32 caplen,
				    __u32 hook, const struct attribution *ends)
{
	bool incoming = hook & HOOK_INGRESS, outward = hook & HOOK_OUTWARD;

	record->time_mono = bpf_ktime_get_ns();
	record->interface = ends->packet.interface;
	record->wire_len = context_length(ctx);
	record->caplen = caplen;
	record->lost = take_pending(&ends->packet.interface);
	fill_vlan_tag(record, ctx);
	record->direction = outward ? PIDCAP_OUT : PIDCAP_IN;
	record->cpu = 0;
	if (names_receiver(hook, ends)) {
		record->owner = ends->receiver.owner;
		record->via = ends->receiver.via;
		record->far_end = outward;
	} else {
		record->owner = ends->sender.owner;
		record->via = ends->sender.via;
		record->far_end = !outward;
	}
	if (ends->sender.owner.tgid && ends->receiver.owner.tgid) {
		record->peer = incoming ? ends->sender.owner : ends->receiver.owner;
		record->peer_via = incoming ? ends->sender.via : ends->receiver.via;
	} else {
		__builtin_memset(&record->peer, 0, sizeof(record->peer));
		record->peer_via = 0;
	}
	return wake_flags();
}

static __noinline bool passes_process_filter(const struct pidcap_owner *sender,
					     const struct pidcap_owner *receiver, __u8 via)
{
	if (!sender->tgid && !receiver->tgid)
		return shared.wanted_without_process & (1U << (via & 31));
	return (sender->tgid && !is_unwanted(sender)) || (receiver->tgid && !is_unwanted(receiver));
}

/* Returns whether the packet is to be recorded. `via`: why there is no process, if there is none.
 */
static __always_inline bool is_wanted(const struct pidcap_owner *sender,
				      const struct pidcap_owner *receiver, __u8 via)
{
	return !shared.filters_processes || shared.changes_lost ||
	       passes_process_filter(sender, receiver, via);
}

/*
 * One size class: records the packet and returns if it fits into `bytes`. The bound is checked
 * again beside the call, because the verifier doesn't relate `caplen` to the class that was chosen.
 * It is checked by the last byte, because before Linux 6.8 (commit d028f87517d6) the verifier
 * learns nothing from "not 0".
 */
#define RECORD_CLASS(bytes)                                                                        \
	if (caplen <= (bytes)) {                                                                   \
		record = bpf_ringbuf_reserve(ring, sizeof(*record) + (bytes), 0);                  \
		if (!record) {                                                                     \
			count_drop(&ends->packet.interface, PIDCAP_DROP_RING_FULL, 0);             \
			return;                                                                    \
		}                                                                                  \
		wake = fill_record(record, ctx, caplen, hook, ends);                               \
		last = caplen - 1;                                                                 \
		barrier_var(last);                                                                 \
		if (last < (bytes) && context_load(ctx, 0, record + 1, last + 1))                  \
			goto copy_failed;                                                          \
		bpf_ringbuf_submit(record, wake);                                                  \
		return;                                                                            \
	}

/*
 * Records a packet, or counts why not. `hook`: HOOK_INGRESS for the way that the packet goes,
 * HOOK_OUTWARD for the direction in the record; they differ on lo.
 */
static __always_inline void record_packet(context *ctx, __u32 hook, const struct attribution *ends)
{
	struct pidcap_packet *record;
	/* 64 bits: the verifier forgets the bounds of a number that is cut to 32. */
	__u64 length = context_length(ctx);
	__u64 caplen = length < snaplen ? length : snaplen;
	void *ring = own_ring(caplen);
	__u64 last, wake;
	__u32 lost;

	if (!is_wanted(&ends->sender.owner, &ends->receiver.owner,
		       hook & HOOK_INGRESS ? ends->receiver.via : ends->sender.via))
		return;
	if (!ring) {
		count_drop(&ends->packet.interface, PIDCAP_DROP_RING_FULL, 0);
		return;
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
	bpf_ringbuf_discard(record, wake);
	count_drop(&ends->packet.interface, PIDCAP_DROP_COPY, lost);
}

#endif
