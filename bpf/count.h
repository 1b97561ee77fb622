/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts packets instead of recording them: by process, network namespace and conversation, for
 * each end that is of this hook. No byte of a packet leaves the kernel.
 *
 * There are two sets of counters. User space has the programs change to the other one, waits until
 * none of them is in the old one any more, reads that and empties it: so what it has read is what
 * was counted, and nothing is counted while it reads. See capture/kernel/count_maps.h.
 *
 * A conversation's packets mostly pass on one CPU, so its counters are shared by all of them, and
 * their memory doesn't grow with the machine. What every packet adds to is kept by CPU.
 */
#ifndef PIDCAP_COUNT_H
#define PIDCAP_COUNT_H

#include "record.h"

/* User space sets their size, unless packets are recorded. Preallocated: no memory is asked for. */
struct count_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct pidcap_count_key);
	__type(value, struct pidcap_count);
};

/* By enum pidcap_seen, those of the odd set behind those of the even one. */
struct seen_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2 * PIDCAP_SEEN_KINDS);
	__type(key, __u32);
	__type(value, struct pidcap_amount);
};

/* All zero: a program's stack has no room for one. */
extern const volatile struct pidcap_count fresh_count;

extern struct count_map even_counts SEC(".maps");
extern struct count_map odd_counts SEC(".maps");
extern struct seen_map seen SEC(".maps");

/* Atomic: CPUs share a counter. */
static __always_inline void add_packet(struct pidcap_amount *amount, __u64 bytes)
{
	__sync_fetch_and_add(&amount->packets, 1);
	__sync_fetch_and_add(&amount->bytes, bytes);
}

static __always_inline void count_seen(__u32 odd, enum pidcap_seen kind, __u64 bytes)
{
	__u32 index = (odd ? PIDCAP_SEEN_KINDS : 0) + kind;
	struct pidcap_amount *amount = bpf_map_lookup_elem(&seen, &index);

	if (!amount)
		return;
#ifdef PIDCAP_CGROUP
	add_packet(amount, bytes); /* such programs interrupt each other on a CPU */
#else
	amount->packets++;
	amount->bytes += bytes;
#endif
}

static __always_inline struct pidcap_count *find_count(__u32 odd,
						       const struct pidcap_count_key *key)
{
	struct pidcap_count *count;

	if (!odd)
		return bpf_map_lookup_elem(&even_counts, key);
	count = bpf_map_lookup_elem(&odd_counts, key);
	barrier(); /* the kernel inlines a look-up of one map only: it mustn't become one of either
		    */
	return count;
}

/* Returns a new counter, or the one that another CPU has made meanwhile; NULL if there is no room.
 */
static __always_inline struct pidcap_count *
make_count(__u32 odd, const struct pidcap_count_key *key, const struct pidcap_owner *owner)
{
	const void *fresh = (const void *)&fresh_count;
	struct pidcap_count *count;

	if (odd)
		bpf_map_update_elem(&odd_counts, key, fresh, BPF_NOEXIST);
	else
		bpf_map_update_elem(&even_counts, key, fresh, BPF_NOEXIST);
	count = find_count(odd, key);
	if (count)
		count->owner = *owner;
	return count;
}

/* Takes round trip time and retransmissions from the socket of a TCP packet that its process sends.
 */
static __always_inline void note_tcp(context *ctx, const struct packet *packet,
				     struct pidcap_count *count)
{
#ifndef PIDCAP_XDP
	struct bpf_sock *sk = ctx->sk;
	struct bpf_tcp_sock *tcp;
	__u32 retransmitted;

	if (packet->protocol != IPPROTO_TCP || !sk)
		return;
	sk = bpf_sk_fullsock(sk);
	if (!sk || sk->state == BPF_TCP_LISTEN)
		return;
	tcp = bpf_tcp_sock(sk);
	if (!tcp)
		return;
	retransmitted = tcp->total_retrans;
	count->srtt_us = tcp->srtt_us >> 3; /* in eighths */
	if (!count->has_tcp)
		count->first_retransmitted = retransmitted;
	count->retransmitted = retransmitted;
	count->has_tcp = 1;
#endif
}

static __always_inline void fill_count_key(struct pidcap_count_key *key,
					   const struct packet *packet, const struct end *end,
					   bool receives)
{
	key->start_boot = end->owner.start_boot;
	key->tgid = end->owner.tgid;
	key->via = end->owner.tgid ? 0 : end->via;
	key->netns = packet->interface.netns;
	key->family = packet->family;
	key->protocol = packet->protocol;
	for (int i = 0; i < 4; i++) {
		key->local[i] = receives ? packet->daddr[i] : packet->saddr[i];
		key->remote[i] = receives ? packet->saddr[i] : packet->daddr[i];
	}
	if (packet->kind == KIND_PORTS) {
		key->local_port = receives ? packet->dport : packet->sport;
		key->remote_port = receives ? packet->sport : packet->dport;
	}
}

static __always_inline void note_peer(struct pidcap_count *count, const struct pidcap_owner *peer,
				      __u32 netns)
{
	if (!peer->tgid ||
	    (count->peer.tgid == peer->tgid && count->peer.start_boot == peer->start_boot &&
	     count->peer_netns == netns))
		return;
	count->peer.start_boot = peer->start_boot;
	count->peer.tgid = peer->tgid;
	count->peer_netns = netns;
}

/* How count_packet_end() counts: flags. */
enum count_flags {
	COUNT_ODD = 1, /* in the odd set */
	COUNT_IN = 2,  /* the end receives; else it sends */
};

/*
 * Returns the end's counter, or NULL if there is no room for one. Not inlined: a key takes much of
 * a program's stack.
 */
static __noinline struct pidcap_count *
count_packet_end(context *ctx, const struct attribution *ends, __u32 flags, __u64 bytes)
{
	bool odd = flags & COUNT_ODD, receives = flags & COUNT_IN;
	const struct end *end = receives ? &ends->receiver : &ends->sender;
	const struct end *other = receives ? &ends->sender : &ends->receiver;
	const struct packet *packet = &ends->packet;
	struct pidcap_count_key key = {};
	struct pidcap_count *count;

	fill_count_key(&key, packet, end, receives);
	count = find_count(odd, &key);
	if (!count)
		count = make_count(odd, &key, &end->owner);
	if (!count) {
		count_seen(odd, PIDCAP_SEEN_UNCOUNTED, bytes);
		return NULL;
	}
	add_packet(receives ? &count->in : &count->out, bytes);
	note_peer(count, &other->owner, packet->interface.netns);
	if (!receives)
		note_tcp(ctx, packet, count);
	return count;
}

static __always_inline enum pidcap_seen seen_kind(__u32 hook)
{
	if (hook & HOOK_LOOPBACK)
		return PIDCAP_SEEN_LOOPBACK;
	return hook & HOOK_INGRESS ? PIDCAP_SEEN_IN : PIDCAP_SEEN_OUT;
}

/*
 * Counts a packet whose ends are known. `hook`: enum hook_flags. Returns the counter of the end
 * that is counted, on lo of the receiver; NULL if there is none. The headers of an ICMP error have
 * to be parsed again: receiver.h has put those of the packet that it quotes in their place.
 */
static __always_inline struct pidcap_count *count_packet(context *ctx, __u32 hook,
							 struct attribution *ends)
{
	struct pidcap_count *count = NULL;
	bool is_loopback = hook & HOOK_LOOPBACK;
	__u32 odd = *(volatile __u32 *)&shared.counts_odd;
	__u64 bytes = context_length(ctx);
	bool incoming = hook & HOOK_INGRESS;

	count_seen(odd, seen_kind(hook), bytes);
	if (!is_wanted(&ends->sender.owner, &ends->receiver.owner,
		       incoming ? ends->receiver.via : ends->sender.via)) {
		count_seen(odd, PIDCAP_SEEN_LEFT_OUT, bytes);
		if (is_loopback)
			count_seen(odd, PIDCAP_SEEN_LEFT_OUT, bytes);
		return NULL;
	}
	if (ends->packet.kind == KIND_ICMP_ERROR) {
		reset_packet(&ends->packet);
		parse_packet(ctx, hook, &ends->packet);
	}
	if (is_loopback || !names_receiver(hook, ends))
		count = count_packet_end(ctx, ends, odd ? COUNT_ODD : 0, bytes);
	if (is_loopback || names_receiver(hook, ends))
		count = count_packet_end(ctx, ends, (odd ? COUNT_ODD : 0) | COUNT_IN, bytes);
	return count;
}

/* Counts a packet whose ends couldn't be found out, for want of room. */
static __always_inline void count_unattributed(context *ctx, __u32 hook)
{
	bool is_loopback = hook & HOOK_LOOPBACK;
	__u32 odd = *(volatile __u32 *)&shared.counts_odd;
	__u64 bytes = context_length(ctx);

	count_seen(odd, seen_kind(hook), bytes);
	count_seen(odd, PIDCAP_SEEN_UNCOUNTED, bytes);
	if (is_loopback)
		count_seen(odd, PIDCAP_SEEN_UNCOUNTED, bytes);
}

/* Counts or records a packet. `hook`: all of enum hook_flags. */
static __always_inline void take_packet(context *ctx, __u32 hook, struct attribution *ends)
{
	if (counting)
		count_packet(ctx, hook, ends);
	else
		record_packet(ctx, hook, ends);
}

#endif
