/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is remembered of a packet for later ones?
 *
 * Input: a packet with both its ends. learn() and learn_translation() put them into memory.h.
 * teaches() is the quick look at a packet that isn't captured: in doubt it says yes, which only
 * costs time. A flow is learnt again once a second at most, so that a socket's new user may show
 * late.
 */
#ifndef PIDCAP_LEARN_H
#define PIDCAP_LEARN_H

#include "conntrack.h"
#include "memory.h"

#ifdef SEES_TRANSLATION
/*
 * For what comes back, before it is translated: who sends with translated addresses. And which are
 * not.
 */
static __always_inline void learn_translation(context *ctx, const struct packet *packet,
					      struct packet *before, const struct end *sender)
{
	struct memory_key key;

	if (sender->via == PIDCAP_VIA_CONNTRACK) {
		have_translated = 1;
		memory_key(&key, packet->kind == KIND_PORTS ? MEMORY_TRANSLATED : MEMORY_ECHO,
			   packet, false);
		remember(&key, &sender->owner, sender->sk, sender->born);
	} else if (sender->via == PIDCAP_VIA_SOCKET && packet->kind == KIND_PORTS &&
		   connection_of(ctx) && !before_translation(ctx, packet, before)) {
		served_key(&key, packet, false);
		remember(&key, &sender->owner, 0, 0);
	}
}
#endif

static __noinline void learn(const struct packet *packet, bool incoming, const struct end *sender,
			     const struct end *receiver)
{
	struct memory_key key;

	if (packet->first_fragment) {
		remember_fragment(MEMORY_FRAGMENT_SENDER, packet, &sender->owner);
		remember_fragment(MEMORY_FRAGMENT_RECEIVER, packet, &receiver->owner);
	}
	if (sender->via != PIDCAP_VIA_SOCKET)
		return;
	if (packet->kind == KIND_ECHO_REQUEST) {
		memory_key(&key, MEMORY_ECHO, packet, false);
		remember(&key, &sender->owner, 0, 0);
	} else if (packet->kind == KIND_PORTS &&
		   (incoming || packet->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST))) {
		memory_key(&key, MEMORY_FLOW, packet, false);
		remember(&key, &sender->owner, sender->sk, sender->born);
	}
	if (!incoming)
		return;
	have_local_peers = 1;
	if (packet->kind != KIND_PORTS && packet->kind != KIND_ECHO_REQUEST)
		return;
	memory_key(&key, packet->kind == KIND_PORTS ? MEMORY_NETNS_FLOW : MEMORY_NETNS_ECHO, packet,
		   false);
	remember_in_netns(&key, &sender->owner, sender->sk, sender->born,
			  packet->interface.ifindex);
}

/* Whether learn() or learn_translation() may take something from a packet that goes out. */
static __always_inline bool teaches_outgoing(context *ctx, __u8 protocol, __u8 tcp_flags)
{
#ifdef SEES_TRANSLATION
	if (connection_of(ctx) && (!ctx->sk || protocol == IPPROTO_UDP))
		return true;
#endif
	if (protocol == IPPROTO_TCP)
		return tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST);
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

#ifdef SEES_TRANSLATION
/* A flow from behind a veth that a packet has taught lately. */
struct taught {
	__u64 cookie; /* of its socket */
	__u64 time;   /* mono */
	__u32 ifindex;
	__be32 saddr;
	__be32 daddr;
	__be32 ports;
};

#define TAUGHT_FLOWS 256
struct taught_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TAUGHT_FLOWS);
	__type(key, __u32);
	__type(value, struct taught);
};

extern struct taught_map taught_flows SEC(".maps");

/*
 * Whether an incoming packet with a socket is of a flow that was taught within the time in which
 * it wouldn't be again, see remember(). If not, it is from now on. Never of what opens or closes a
 * connection.
 */
static __noinline bool is_taught(context *ctx, __u32 offset)
{
	struct taught now = {};
	struct ipv4_header ip;
	struct taught *known;
	__u8 tcp_flags = 0;
	__u32 index;

	if (ctx->protocol != bpf_htons(ETH_P_IP) || context_load(ctx, offset, &ip, sizeof(ip)) ||
	    ip.version_ihl != 0x45 || bpf_ntohs(ip.frag) & 0x3fff ||
	    context_load(ctx, offset + sizeof(ip), &now.ports, sizeof(now.ports)))
		return false;
	if (ip.protocol == IPPROTO_TCP)
		context_load(ctx, offset + sizeof(ip) + 13, &tcp_flags, 1);
	else if (ip.protocol != IPPROTO_UDP)
		return false;
	if (tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST))
		return false;
	now.cookie = bpf_get_socket_cookie(ctx);
	now.time = bpf_ktime_get_ns();
	now.ifindex = ctx->ifindex;
	now.saddr = ip.saddr;
	now.daddr = ip.daddr;
	index = (__u32)(now.cookie ^ now.daddr ^ now.ports ^ now.ports >> 16) % TAUGHT_FLOWS;
	known = bpf_map_lookup_elem(&taught_flows, &index);
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

/*
 * Whether a later packet may need to know of this one, which isn't captured itself: a quick look at
 * what find_ends() would learn from it. In doubt it says yes.
 */
static __always_inline bool teaches(context *ctx, bool ethernet, bool incoming)
{
	__u32 offset = ethernet ? ETH_HLEN : 0;
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
		return !is_taught(ctx, offset);
#endif
	if (type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD))
		return true;
	/* An IPv6 header is longer; what follows it tells as much. */
	if (context_load(ctx, offset, &ip, sizeof(ip)))
		return false;
	if (type == bpf_htons(ETH_P_IP)) {
		/* The first fragment of several: more to come, offset 0. */
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
	/* What was known of an old connection ends with a new one's SYN, either way. */
	return (protocol == IPPROTO_TCP && tcp_flags & TCP_SYN) ||
	       (!incoming && teaches_outgoing(ctx, protocol, tcp_flags));
}

#endif
