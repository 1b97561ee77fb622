/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which way does the kernel route a packet: to this host or onward, to one receiver or to all?
 *
 * Input: the packet and its parsed headers. Answer: yes or no.
 * is_forwarded() asks the routing table before the stack does. It is wrong where the stack will
 * route by something else: another destination after NAT (see conntrack.h), or a mark set later.
 */
#ifndef PIDCAP_ROUTE_H
#define PIDCAP_ROUTE_H

#include "parse.h"

/* include/uapi/linux/in_route.h */
#define RTCF_BROADCAST 0x10000000

/* include/linux/skbuff.h */
#define SKB_DST_PTRMASK (~1UL)

/*
 * Returns whether an incoming packet is for another machine, and here only because its interface
 * takes all that pass by: the stack drops it. Not where an interface on top of this one may take it
 * as its own: a bridge, a macvlan device, a VLAN (rx_handler, vlan_info).
 */
static __always_inline bool passes_by(context *ctx, __u32 hook)
{
#ifdef PIDCAP_CGROUP
	return false; /* it has its socket already */
#else
	struct net_device *device;

	if (!(hook & HOOK_INGRESS) || context_packet_type(ctx) != PACKET_OTHERHOST)
		return false;
	device = context_device(ctx);
	return !KERNEL_READ(device, rx_handler) &&
	       !(bpf_core_field_exists(device->vlan_info) && KERNEL_READ(device, vlan_info));
#endif
}

/*
 * Returns whether the stack will forward this incoming packet instead of delivering it here. A
 * listener, or an unconnected socket that is bound to any address, would match it all the same.
 */
#ifdef PIDCAP_CGROUP
static __always_inline bool is_forwarded(context *ctx, const struct packet *packet)
{
	return false; /* it has its socket already */
}
#else
static __noinline __attribute__((unused)) bool is_forwarded(context *ctx,
							    const struct packet *packet)
{
	__u32 type = context_packet_type(ctx);
	struct bpf_fib_lookup fib = {};
	long result;

	if (type == PACKET_OTHERHOST)
		return true;
	if (type != PACKET_HOST)
		return false;
	fib.family = packet->family;
	fib.l4_protocol = packet->protocol;
	fib.ifindex = packet->interface.ifindex;
	__builtin_memcpy(fib.ipv6_src, packet->saddr, sizeof(fib.ipv6_src));
	__builtin_memcpy(fib.ipv6_dst, packet->daddr, sizeof(fib.ipv6_dst));
	result = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	return result == BPF_FIB_LKUP_RET_SUCCESS || result == BPF_FIB_LKUP_RET_NO_NEIGH ||
	       result == BPF_FIB_LKUP_RET_FRAG_NEEDED || result == BPF_FIB_LKUP_RET_UNSUPP_LWT;
}
#endif

/*
 * Returns whether an outgoing packet's route is a broadcast. is_multicast() can't tell on the way
 * out: the packet's type isn't set, and any subnet may have a broadcast address of its own.
 */
static __always_inline bool has_broadcast_route(context *ctx, const struct packet *packet)
{
#ifdef PIDCAP_XDP
	return false; /* what goes out has no XDP hook */
#else
	struct sk_buff *skb = context_packet(ctx);
	struct rtable *route;

	if (packet->family != AF_INET)
		return false;
	route = (struct rtable *)(KERNEL_READ(skb, _skb_refdst) & SKB_DST_PTRMASK);
	return route && KERNEL_READ(route, rt_flags) & RTCF_BROADCAST;
#endif
}

/* Returns whether a packet is for several receivers, by its type or its address. */
static __always_inline bool is_multicast(context *ctx, const struct packet *packet)
{
	__u32 type = context_packet_type(ctx);

	if (type == PACKET_MULTICAST || type == PACKET_BROADCAST)
		return true;
	if (packet->family == AF_INET6)
		return (packet->daddr[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000);
	return (packet->daddr[0] & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000) ||
	       packet->daddr[0] == bpf_htonl(0xffffffff);
}

#endif
