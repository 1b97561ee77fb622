/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps both ends of the latest packets of open TCP connections, for the next ones: on each CPU
 * those of 256 flows, of two that meet in one place the later.
 *
 * What attribute() finds for such a packet stays the same until one of the two sockets gets another
 * user or is released (owner_version_of()), a connection begins with the same addresses and ports,
 * or what is remembered of them changes (flow_version_of()). A receiver that a look-up found is
 * asked whether it still has the connection. After MEMORY_REFRESH_NS the ends are found anew in any
 * case, as what memory.h keeps has to be refreshed then.
 *
 * The versions are those after an earlier packet than that whose ends are kept: all that they count
 * was there when these were found. So a change on another CPU in the meantime voids them.
 *
 * Not for the cgroup hook, whose programs interrupt each other: two would write what is kept for a
 * CPU at once. Nor with CONFIG_PREEMPT_RT, where those of interfaces may.
 */
#ifndef PIDCAP_FLOW_CACHE_H
#define PIDCAP_FLOW_CACHE_H

#include "attribution.h"
#include "memory.h"
#include "receiver.h"
#include "sender.h"

/* Whose packets these are, and where they pass. */
struct flow_id {
	struct pidcap_interface interface;
	__u64 sk; /* the sender's socket; 0: the packet has none */
	__u32 saddr[4];
	__u32 daddr[4];
	__u16 sport;
	__u16 dport;
	__u32 hook; /* enum hook_flags */
};

#define FLOW_ID_WORDS (sizeof(struct flow_id) / 8)

struct known_flow {
	struct flow_id id;
	__u64 version; /* version_of() after an earlier packet */
	__u64 found;   /* memory_time() when they were found; 0: they may not be taken yet */
	struct end sender;
	struct end receiver;
};

/* For each CPU; the programs at interfaces don't interrupt each other, see attribution_map. */
#define KNOWN_FLOWS 256
struct known_flow_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KNOWN_FLOWS);
	__type(key, __u32);
	__type(value, struct known_flow);
};

extern struct known_flow_map known_flows SEC(".maps");

#ifdef PIDCAP_XDP
#define take_kept_ends xdp_take_kept_ends
#define keep_ends      xdp_keep_ends
#endif

/*
 * These are about the packet in own_attribution(). take_kept_ends() returns false if no ends are
 * kept, or not for this packet. keep_ends() keeps them if the packet before had the same sockets;
 * else it only notes these.
 *
 * Global functions: the verifier looks at them once, and only once at what comes between their
 * calls. Before Linux 5.13 they can't have pointers as arguments.
 */
int take_kept_ends(context *ctx, __u32 hook);
int keep_ends(context *ctx, __u32 hook);

#if defined(PIDCAP_TC) || defined(PIDCAP_XDP)
static __always_inline bool is_same_flow(const struct flow_id *one, const struct flow_id *other)
{
	const __u64 *words = (const void *)one, *others = (const void *)other;

	for (__u32 i = 0; i < FLOW_ID_WORDS; i++)
		if (words[i] != others[i])
			return false;
	return true;
}

static __always_inline __u32 place_of_flow(const struct flow_id *id)
{
	/* Without the socket's address: the verifier refuses to calculate with it. */
	__u64 hash = mix((__u64)id->saddr[0] << 32 | id->hook, (__u32)id->sport << 16 | id->dport);

	return hash % KNOWN_FLOWS;
}

/*
 * Identifies the flow of a packet within an open TCP connection. Returns false for any other, and
 * for one that goes out without its sender's socket.
 */
static __always_inline bool identify_flow(context *ctx, const struct packet *packet, __u32 hook,
					  struct flow_id *id)
{
#ifndef PIDCAP_XDP
	struct bpf_sock *sk = ctx->sk;

	if (sk && sk->state != BPF_TCP_ESTABLISHED)
		return false;
	id->sk = (__u64)(long)sk;
#endif
	if (packet->kind != KIND_PORTS || packet->protocol != IPPROTO_TCP ||
	    packet->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST) || packet->first_fragment)
		return false;
	id->interface = packet->interface;
	__builtin_memcpy(id->saddr, packet->saddr, sizeof(id->saddr));
	__builtin_memcpy(id->daddr, packet->daddr, sizeof(id->daddr));
	id->sport = packet->sport;
	id->dport = packet->dport;
	id->hook = hook;
	return id->sk || hook & HOOK_INGRESS;
}

/*
 * Returns a number that changes if the ends may have. It is a sum of numbers of which none ever
 * becomes smaller.
 */
static __always_inline __u64 version_of(const struct known_flow *flow)
{
	const struct flow_id *id = &flow->id;
	const __u64 *sender = owner_version_of(flow->sender.sk);
	const __u64 *receiver = owner_version_of(flow->receiver.sk);
	const __u64 *both = flow_version_of(id->saddr, id->daddr, id->sport, id->dport);

	if (!sender || !receiver || !both)
		return 0;
	return read_counter(sender) + read_counter(receiver) + read_counter(both) +
	       *(volatile __u32 *)&have_local_peers + *(volatile __u32 *)&have_probes;
}

/*
 * Returns the place for the packet's flow, and what `id` the flow has; NULL if it is no packet of
 * an open connection.
 */
static __noinline struct known_flow *find_flow(context *ctx, const struct packet *packet,
					       __u32 hook, struct flow_id *id)
{
	__u32 place;

	if (!identify_flow(ctx, packet, hook, id))
		return NULL;
	place = place_of_flow(id);
	return bpf_map_lookup_elem(&known_flows, &place);
}

static __always_inline bool is_address_of(const struct in6_addr *address, const __u32 *other)
{
	__u32 words[4];

	if (bpf_probe_read_kernel(words, sizeof(words), address))
		return false;
	return words[0] == other[0] && words[1] == other[1] && words[2] == other[2] &&
	       words[3] == other[3];
}

/*
 * Returns whether the socket at this address has the connection that the packet is for. The memory
 * of a TCP socket is one's for ever (SLAB_TYPESAFE_BY_RCU), perhaps of another one. A look-up at
 * the same interface finds no other: there is one for each pair of addresses and ports.
 */
static __noinline bool is_connected(__u64 sk, const struct packet *packet)
{
	struct sock_common *common = (struct sock_common *)sk;

	if (!sk || KERNEL_READ(common, skc_state) != BPF_TCP_ESTABLISHED ||
	    KERNEL_READ((struct sock *)sk, sk_protocol) != IPPROTO_TCP ||
	    KERNEL_READ(common, skc_dport) != packet->sport ||
	    KERNEL_READ(common, skc_num) != bpf_ntohs(packet->dport))
		return false;
	if (packet->family == AF_INET)
		return KERNEL_READ(common, skc_daddr) == packet->saddr[0] &&
		       KERNEL_READ(common, skc_rcv_saddr) == packet->daddr[0];
	return is_address_of(&common->skc_v6_daddr, packet->saddr) &&
	       is_address_of(&common->skc_v6_rcv_saddr, packet->daddr);
}

/* Returns whether later packets of the flow have the same sender as long as its version is. */
static __always_inline bool is_lasting_sender(const struct flow_id *id, const struct end *sender)
{
	if (!id->sk)
		return !sender->owner.tgid && !have_local_peers;
	/* What goes out from a hidden one is remembered with each packet, for its answers. */
	return sender->via == PIDCAP_VIA_SOCKET && sender->sk == id->sk &&
	       sender->users != SEVERAL_PROCESSES && !sender->forgeable &&
	       (id->hook & HOOK_INGRESS || !sender->hidden);
}

/* The same of their receiver. A look-up's has to be asked each time: see is_connected(). */
static __always_inline bool is_lasting_receiver(const struct flow_id *id,
						const struct packet *packet,
						const struct end *receiver)
{
	if (may_be_for_us(id->hook))
		return receiver->via == PIDCAP_VIA_LOOKUP && is_connected(receiver->sk, packet);
	return receiver->owner.tgid ? receiver->sk != 0 : !have_local_peers && !have_probes;
}

__noinline int take_kept_ends(context *ctx, __u32 hook)
{
	struct attribution *result = own_attribution();
	struct flow_id id = {};
	struct known_flow *flow = result ? find_flow(ctx, &result->packet, hook, &id) : NULL;

	if (!flow || !flow->found || memory_time() - flow->found >= MEMORY_REFRESH_NS ||
	    !is_same_flow(&flow->id, &id) || flow->version != version_of(flow))
		return false;
	if (may_be_for_us(hook) &&
	    (passes_by(ctx, hook) || !is_connected(flow->receiver.sk, &result->packet)))
		return false;
	result->sender = flow->sender;
	result->receiver = flow->receiver;
	set_sending_thread(&result->sender);
	return true;
}

__noinline int keep_ends(context *ctx, __u32 hook)
{
	struct attribution *result = own_attribution();
	struct flow_id id = {};
	struct known_flow *flow = result ? find_flow(ctx, &result->packet, hook, &id) : NULL;

	/* Or clang passes nothing for it in XDP, where it isn't used: the verifier refuses that. */
	barrier_var(ctx);
	if (!flow || bpf_core_field_exists(struct task_struct, softirq_disable_cnt) ||
	    !is_lasting_sender(&id, &result->sender) ||
	    !is_lasting_receiver(&id, &result->packet, &result->receiver))
		return 0;
	if (is_same_flow(&flow->id, &id) && flow->sender.sk == result->sender.sk &&
	    flow->receiver.sk == result->receiver.sk && flow->version == version_of(flow)) {
		flow->sender = result->sender;
		flow->receiver = result->receiver;
		flow->found = memory_time();
		return 0;
	}
	flow->id = id;
	flow->found = 0;
	flow->sender.sk = result->sender.sk;
	flow->receiver.sk = result->receiver.sk;
	flow->version = version_of(flow);
	return 0;
}
#endif

#endif
