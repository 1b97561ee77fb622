/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is remembered of a packet for later ones?
 *
 * Input: a packet with both its ends. Answer: entries of memory.h. A flow is learned only from a
 * socket that could have sent the packet as it is: any process with a raw socket can forge others.
 * updates_flow_memory() is asked first where a filter has refused the packet, so that most of them
 * cost only a quick look. If in doubt, it says yes. It is wrong for at most MEMORY_REFRESH_NS
 * after a flow's socket got another user, as remember() is.
 */
#ifndef PIDCAP_LEARN_H
#define PIDCAP_LEARN_H

#include "conntrack.h"
#include "memory.h"
#include "sender.h"

/* TCP flags after which a packet may come that has no socket any more, or not yet. */
#define TCP_OPENS_OR_CLOSES (TCP_SYN | TCP_FIN | TCP_RST)

/* Remembers both ends of a first fragment, for later ones, which have no ports. */
static __noinline void learn_first_fragment(const struct packet *packet, const struct end *sender,
					    const struct end *receiver)
{
	remember_fragment(MEMORY_FRAGMENT_SENDER, packet, &sender->owner);
	remember_fragment(MEMORY_FRAGMENT_RECEIVER, packet, &receiver->owner);
}

/*
 * Remembers who sent a packet with addresses of his choice, for answers that have no other
 * receiver. Not as the sender of a flow: that may be somebody else's.
 */
static __noinline void learn_probe(const struct packet *packet, const struct end *sender)
{
	struct memory_key key;

	have_probes = 1;
	memory_key(&key, MEMORY_PROBE, packet, SAME_WAY);
	remember(&key, &sender->owner, 0, 0);
}

/*
 * Remembers who sent a packet that leaves, where its answer or a later packet has no socket.
 * Returns whether as the sender of its flow at this interface.
 */
static __noinline bool learn_outgoing(const struct packet *packet, const struct end *sender)
{
	struct memory_key key;

	if (packet->kind == KIND_ECHO_REQUEST) {
		memory_key(&key, MEMORY_ECHO, packet, SAME_WAY);
		remember(&key, &sender->owner, 0, 0);
	} else if (packet->kind == KIND_PORTS &&
		   (sender->hidden || packet->tcp_flags & TCP_OPENS_OR_CLOSES)) {
		have_hidden |= sender->hidden;
		memory_key(&key, MEMORY_FLOW, packet, SAME_WAY);
		remember(&key, &sender->owner, sender->sk, sender->born);
		return true;
	}
	return false;
}

/*
 * Remembers who sent a packet that comes in with its socket, from behind a veth: in its namespace,
 * or, if others there have the same addresses, at its interface.
 */
static __noinline void learn_local_peer(const struct packet *packet, const struct end *sender)
{
	bool echo = packet->kind == KIND_ECHO_REQUEST;
	struct memory_key key;

	have_local_peers = 1;
	if (packet->kind != KIND_PORTS && !echo)
		return;
	memory_key(&key, echo ? MEMORY_NETNS_ECHO : MEMORY_NETNS_FLOW, packet, SAME_WAY);
	if (remember_in_netns(&key, &sender->owner, sender->sk, sender->born,
			      packet->interface.ifindex))
		return;
	memory_key(&key, echo ? MEMORY_ECHO : MEMORY_FLOW, packet, SAME_WAY);
	remember(&key, &sender->owner, echo ? 0 : sender->sk, echo ? 0 : sender->born);
}

/*
 * Returns whether the sender was remembered as that of the packet's flow at this interface. If not,
 * an earlier sender still may be.
 */
static __always_inline bool learn_from_packet(context *ctx, const struct packet *packet, __u32 hook,
					      const struct end *sender, const struct end *receiver)
{
	/* A bridge leaves a packet its socket: it may come out where the sender is a stranger. */
	bool from_here = hook & HOOK_INGRESS || !ctx->ingress_ifindex;
	bool learns_flow =
		hook & HOOK_INGRESS || sender->hidden || packet->tcp_flags & TCP_OPENS_OR_CLOSES;

	if (packet->first_fragment)
		learn_first_fragment(packet, sender, receiver);
	if (sender->via != PIDCAP_VIA_SOCKET)
		return false;
	if ((packet->kind == KIND_PORTS || packet->kind == KIND_OTHER) &&
	    (sender->forgeable || (learns_flow && may_be_foreign(ctx)))) {
		if (packet->family && from_here)
			learn_probe(packet, sender);
		return false;
	}
	if (!(hook & HOOK_INGRESS))
		return learn_outgoing(packet, sender);
	learn_local_peer(packet, sender);
	return false;
}

#ifdef SEES_TRANSLATION
/*
 * Remembers who sends with translated addresses, for the answers, which come in before they are
 * translated back; and who sends from a port untranslated, though the connection is tracked.
 */
static __always_inline void learn_translation(context *ctx, const struct packet *packet,
					      const struct end *sender)
{
	struct memory_key key;
	unsigned long nfct;

	if (sender->via == PIDCAP_VIA_CONNTRACK) {
		have_translated = 1;
		memory_key(&key, packet->kind == KIND_PORTS ? MEMORY_TRANSLATED : MEMORY_ECHO,
			   packet, SAME_WAY);
		remember(&key, &sender->owner, sender->sk, sender->born);
	} else if (sender->via == PIDCAP_VIA_SOCKET && packet->kind == KIND_PORTS &&
		   !sender->forgeable) {
		nfct = connection_of(ctx);
		if (!nfct || is_translated(nfct) || may_be_foreign(ctx))
			return;
		served_key(&key, packet, SAME_WAY);
		remember(&key, &sender->owner, 0, 0);
	}
}

/* A flow from behind a veth of which a packet was learned lately. */
struct learned_flow {
	__u64 cookie; /* of its socket */
	__u64 time;   /* mono */
	__u32 ifindex;
	__be32 saddr;
	__be32 daddr;
	__be32 ports;
};

#define LEARNED_FLOWS 256
struct learned_flow_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LEARNED_FLOWS);
	__type(key, __u32);
	__type(value, struct learned_flow);
};

extern struct learned_flow_map learned_flows SEC(".maps");

/*
 * Reads the flow of an IPv4 packet with ports at `offset`. Returns false for any other packet, and
 * for one that opens or closes a connection, which has to be learned every time.
 */
static __always_inline bool read_flow(context *ctx, __u32 offset, struct learned_flow *flow)
{
	struct ipv4_header ip;
	__u8 tcp_flags = 0;

	/* No options, and not a fragment. */
	if (ctx->protocol != bpf_htons(ETH_P_IP) || context_load(ctx, offset, &ip, sizeof(ip)) ||
	    ip.version_ihl != 0x45 || bpf_ntohs(ip.frag) & 0x3fff ||
	    context_load(ctx, offset + sizeof(ip), &flow->ports, sizeof(flow->ports)))
		return false;
	if (ip.protocol == IPPROTO_TCP)
		context_load(ctx, offset + sizeof(ip) + 13, &tcp_flags, 1);
	else if (ip.protocol != IPPROTO_UDP)
		return false;
	if (tcp_flags & TCP_OPENS_OR_CLOSES)
		return false;
	flow->cookie = bpf_get_socket_cookie(ctx);
	flow->time = bpf_ktime_get_ns();
	flow->ifindex = ctx->ifindex;
	flow->saddr = ip.saddr;
	flow->daddr = ip.daddr;
	return true;
}

/*
 * Returns whether the flow of an incoming packet with a socket was learned so lately that
 * remember() would not do it again. If not, notes that it is learned now, by the caller.
 */
static __noinline bool was_learned_lately(context *ctx, __u32 offset)
{
	struct learned_flow now = {};
	struct learned_flow *known;
	__u32 index;

	if (!read_flow(ctx, offset, &now))
		return false;
	index = (__u32)(now.cookie ^ now.daddr ^ now.ports ^ now.ports >> 16) % LEARNED_FLOWS;
	known = bpf_map_lookup_elem(&learned_flows, &index);
	if (!known)
		return false;
	if (known->cookie == now.cookie && known->ifindex == now.ifindex &&
	    known->saddr == now.saddr && known->daddr == now.daddr && known->ports == now.ports &&
	    now.time - known->time < MEMORY_REFRESH_NS)
		return true;
	*known = now;
	return false;
}
#endif

/* Returns whether the packet may be forged: see learn_probe(). */
static __always_inline bool has_raw_socket(context *ctx)
{
#ifdef PIDCAP_XDP
	return false;
#else
	struct bpf_sock *sk = ctx->sk ? bpf_sk_fullsock(ctx->sk) : NULL;

	return sk && is_raw(sk);
#endif
}

static __always_inline bool outgoing_updates_flow_memory(context *ctx, __u8 protocol,
							 __u8 tcp_flags)
{
#ifdef SEES_TRANSLATION
	if (connection_of(ctx) && (!ctx->sk || protocol == IPPROTO_UDP))
		return true;
#endif
	if (have_hidden)
		return true;
	if (protocol == IPPROTO_TCP)
		return tcp_flags & TCP_OPENS_OR_CLOSES;
	if (protocol == IPPROTO_UDP)
		return has_raw_socket(ctx);
	return true;
}

/*
 * Returns whether find_ends() may remember or forget something because of this packet. If not, a
 * packet that isn't captured needs no attribution. May return true for one of which nothing is
 * learned.
 */
static __always_inline bool updates_flow_memory(context *ctx, __u32 hook)
{
	__u32 offset = hook & HOOK_ETHERNET ? ETH_HLEN : 0;
	bool incoming = hook & HOOK_INGRESS;
	struct ipv4_header ip;
	__u8 protocol, tcp_flags = 0;
	__be16 type = 0;

#ifdef PIDCAP_XDP
	if (context_load(ctx, offset - 2, &type, sizeof(type)))
		return false;
#else
	type = ctx->protocol;
#endif
#ifdef SEES_TRANSLATION
	if (incoming && ctx->sk)
		return !was_learned_lately(ctx, offset);
#endif
	if (type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD))
		return true;
	/* For IPv6, too: its header is longer, and what is needed stands within these bytes. */
	if (context_load(ctx, offset, &ip, sizeof(ip)))
		return false;
	if (type == bpf_htons(ETH_P_IP)) {
		/* A first fragment: more to come, and offset 0. */
		if ((bpf_ntohs(ip.frag) & 0x3fff) == 0x2000)
			return true;
		protocol = ip.protocol;
		offset += (ip.version_ihl & 0xf) * 4;
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		protocol = ((struct ipv6_header *)&ip)->next;
		if (protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
		    protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_DSTOPTS)
			return true;
		offset += sizeof(struct ipv6_header);
	} else {
		return false;
	}
	if (protocol == IPPROTO_TCP)
		context_load(ctx, offset + 13, &tcp_flags, 1);
	/* A SYN in either direction ends what was known of an old connection. */
	return (protocol == IPPROTO_TCP && tcp_flags & TCP_SYN) ||
	       (!incoming && outgoing_updates_flow_memory(ctx, protocol, tcp_flags));
}

#endif
