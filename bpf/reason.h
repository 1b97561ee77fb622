/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why is there nobody at this end of a packet?
 *
 * Input: a packet without a known sender and receiver. Answer: the enum pidcap_via that says why:
 * forwarded, kernel, or unknown where neither is certain.
 * Wrong where route.h is, and for a data packet of a process that has lost its socket: it counts
 * as forwarded or as the kernel's if it looks like one.
 */
#ifndef PIDCAP_REASON_H
#define PIDCAP_REASON_H

#include "receiver.h"
#include "route.h"
#include "sender.h"

#ifndef PIDCAP_XDP
/*
 * Returns whether a packet without a socket is of a tunnel: the kernel has put another one into it,
 * or a socket of the kernel's has its port, as WireGuard's handshakes have.
 */
static __noinline bool is_of_tunnel(context *ctx, const struct packet *packet)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk;
	__u32 size;
	bool found;

	if (has_inner_packet(ctx))
		return true;
	if (packet->protocol != IPPROTO_UDP || packet->kind != KIND_PORTS)
		return false;
	size = fill_answer_tuple(&tuple, packet);
	sk = bpf_sk_lookup_udp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return false;
	found = BPF_CORE_READ_BITFIELD_PROBED(kernel_socket(sk), sk_kern_sock);
	bpf_sk_release(sk);
	return found;
}

/* Returns why an outgoing packet has no sending process. */
static __always_inline __u8 no_sender_reason(context *ctx, const struct packet *packet)
{
	if (ctx->sk && !answers_for_listener(ctx, packet))
		return PIDCAP_VIA_UNKNOWN;
	if (ctx->ingress_ifindex)
		return PIDCAP_VIA_FORWARDED;
	/* A process's data has a socket when it leaves. These kinds are the stack's own. */
	if (packet->kind != KIND_PORTS && packet->kind != KIND_LATER_FRAGMENT)
		return PIDCAP_VIA_KERNEL;
	if (packet->tcp_flags & TCP_RST || is_of_tunnel(ctx, packet))
		return PIDCAP_VIA_KERNEL;
	return PIDCAP_VIA_UNKNOWN;
}
#endif

/*
 * Returns whether the kernel takes the packet as the end of a tunnel. GRE of other versions than 0
 * is PPTP's, which a process may read by a raw socket.
 */
static __always_inline bool ends_tunnel(context *ctx, const struct packet *packet)
{
	__be16 flags;

	switch (packet->protocol) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
	case IPPROTO_ESP:
	case IPPROTO_AH:
		return true;
	case IPPROTO_GRE:
		return packet->payload &&
		       !context_load(ctx, packet->payload, &flags, sizeof(flags)) &&
		       !(flags & bpf_htons(7));
	default:
		return false;
	}
}

/* Returns why an incoming packet has no receiving process. `has_socket`: a look-up found one. */
static __always_inline __u8 no_receiver_reason(context *ctx, const struct packet *packet,
					       bool has_socket)
{
	if (passes_by(ctx, HOOK_INGRESS))
		return PIDCAP_VIA_FORWARDED;
	/* A macvlan device's is for another host, and still for this machine's kernel. */
	if (packet->kind == KIND_ARP)
		return PIDCAP_VIA_KERNEL;
	if (!packet->family)
		return context_packet_type(ctx) == PACKET_OTHERHOST ? PIDCAP_VIA_FORWARDED
								    : PIDCAP_VIA_KERNEL;
	if (is_forwarded(ctx, packet))
		return PIDCAP_VIA_FORWARDED;
	switch (packet->kind) {
	case KIND_ECHO_REQUEST:
	case KIND_ICMP_ERROR:
		return PIDCAP_VIA_KERNEL;
	case KIND_PORTS:
		/* Nobody listens there: the stack answers with a RST or an ICMP error. */
		return !has_socket && (packet->protocol == IPPROTO_TCP ||
				       (packet->protocol == IPPROTO_UDP &&
					!is_multicast(ctx, packet)))
			       ? PIDCAP_VIA_KERNEL
			       : PIDCAP_VIA_UNKNOWN;
	default:
		return packet->protocol == IPPROTO_ICMP || packet->protocol == IPPROTO_ICMPV6 ||
				       packet->protocol == IPPROTO_IGMP || ends_tunnel(ctx, packet)
			       ? PIDCAP_VIA_KERNEL
			       : PIDCAP_VIA_UNKNOWN;
	}
}

#endif
