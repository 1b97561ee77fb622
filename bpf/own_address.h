/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which socket gets a packet on lo that goes to an address of another device of this host?
 *
 * The stack then looks as if the packet had come in on that device: sockets that are bound to it
 * (SO_BINDTODEVICE, or an IPv6 address with a scope) get it, those that are bound to lo don't. The
 * look-up helpers can't ask so, because they take the device of the packet: lo.
 * own_address.bpf.c walks the kernel's tables instead. It answers "not known" where they can't be
 * reached, or have more sockets than are walked.
 */
#ifndef PIDCAP_OWN_ADDRESS_H
#define PIDCAP_OWN_ADDRESS_H

#include "parse.h"
#include "route.h"

#ifdef PIDCAP_XDP

/* There is no XDP hook on lo: nothing is asked. */
static __always_inline __u32 other_device(context *ctx, const struct packet *packet, __u32 hook)
{
	return 0;
}

static __always_inline bool socket_at_own_address(context *ctx, const struct packet *packet,
						  __u32 device, struct sock *hint,
						  struct sock **found)
{
	return false;
}

#else

/*
 * Returns the index of the device that has the destination address of a packet on lo, as
 * inet_iif() of include/net/route.h and ip6_rcv_core() take it from the route; 0: not known.
 */
static __always_inline __u32 device_of_own_address(context *ctx, const struct packet *packet)
{
	struct sk_buff *skb = context_packet(ctx);
	unsigned long route = KERNEL_READ(skb, _skb_refdst) & SKB_DST_PTRMASK;

	if (!route)
		return 0;
	if (packet->family == AF_INET)
		return KERNEL_READ((struct rtable *)route, rt_iif);
	return KERNEL_READ((struct rt6_info *)route, rt6i_idev, dev, ifindex);
}

/*
 * Returns the index of the device that a packet on lo is looked up with, if that isn't lo: what
 * the look-up helpers say of sockets without a peer isn't true then. Else returns 0.
 */
static __always_inline __u32 other_device(context *ctx, const struct packet *packet, __u32 hook)
{
	__u32 device = hook & HOOK_LOOPBACK ? device_of_own_address(ctx, packet) : 0;

	return device == packet->interface.ifindex ? 0 : device;
}

#define SOCKET_NOT_KNOWN 1

/*
 * Returns the address of the socket without a peer that gets a packet on lo to an address of
 * `device`; 0 if there is none, SOCKET_NOT_KNOWN if it isn't known which. `hint`: what the helper
 * found, asking with lo; where several sockets share a port, it knows whose turn it is.
 *
 * A global function, which the verifier looks at once, not at each of its calls. So pointers are
 * passed as numbers: in Linux 5.10 it may have no others.
 */
__u64 find_at_own_address(struct __sk_buff *ctx, __u64 packet, __u32 device, __u64 hint);

/* The same with pointers. Returns false if it isn't known which. */
static __always_inline bool socket_at_own_address(context *ctx, const struct packet *packet,
						  __u32 device, struct sock *hint,
						  struct sock **found)
{
	__u64 result =
		find_at_own_address(ctx, address_of(packet), device, hint ? address_of(hint) : 0);

	*found = result == SOCKET_NOT_KNOWN ? NULL : (struct sock *)result;
	return result != SOCKET_NOT_KNOWN;
}

#endif

#endif
