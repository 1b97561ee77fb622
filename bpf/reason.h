/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why is there nobody at an end of a packet?
 *
 * Input: a packet for which neither sender nor receiver was found. Answer: an enum pidcap_via that
 * is no process: forwarded, kernel, or unknown where nothing else is certain.
 */
#ifndef PIDCAP_REASON_H
#define PIDCAP_REASON_H

#include "route.h"

#ifndef PIDCAP_XDP
/* Why an outgoing packet has no sending process. */
static __always_inline __u8 no_sender(context *ctx, const struct packet *packet)
{
	if (ctx->sk)
		return PIDCAP_VIA_UNKNOWN;
	if (ctx->ingress_ifindex)
		return PIDCAP_VIA_FORWARDED;
	/* A process's data has a socket when it leaves; these are the stack's own. */
	if (packet->kind != KIND_PORTS && packet->kind != KIND_LATER_FRAGMENT)
		return PIDCAP_VIA_KERNEL;
	if (packet->tcp_flags & TCP_RST)
		return PIDCAP_VIA_KERNEL;
	return PIDCAP_VIA_UNKNOWN;
}
#endif

/* Why an incoming packet has no receiving process. */
static __always_inline __u8 no_receiver(context *ctx, const struct packet *packet, bool has_socket)
{
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
				       packet->protocol == IPPROTO_IGMP
			       ? PIDCAP_VIA_KERNEL
			       : PIDCAP_VIA_UNKNOWN;
	}
}

#endif
