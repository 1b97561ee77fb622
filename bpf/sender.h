/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who sent a packet?
 *
 * Input: the packet, whose own socket tells, and what was remembered of earlier packets. Answer:
 * the sending end. The socket is right whenever its owner is; the memory is wrong if other packets
 * of the same addresses and ports passed unseen while another process took them over.
 */
#ifndef PIDCAP_SENDER_H
#define PIDCAP_SENDER_H

#include "conntrack.h"
#include "memory.h"
#include "socket_owner.h"

/* The sender, from the packet's own socket: it stands there on the way out, and on a veth's far
 * side. */
static __always_inline bool sender_by_socket(context *ctx, struct end *sender)
{
#ifndef PIDCAP_XDP
	struct bpf_sock *sk = ctx->sk;
	struct bpf_sock *full;

	if (!sk)
		return false;
	full = owned_socket(sk, sk->state);
	return full && find_owner(full, true, PIDCAP_VIA_SOCKET, sender);
#else
	return false;
#endif
}

#ifdef SEES_TRANSLATION
/*
 * The process behind a veth that sent a packet which came from there to this interface: bridged or
 * routed, perhaps with other addresses. `before` is room for the packet as it was.
 */
static __noinline bool sender_elsewhere(context *ctx, const struct packet *packet,
					struct packet *before, struct end *sender)
{
	bool echo = packet->kind == KIND_ECHO_REQUEST;
	bool translated;

	if (packet->kind != KIND_PORTS && !echo)
		return false;
	translated = before_translation(ctx, packet, before);
	if (!translated)
		*before = *packet;
	if (!recall(echo ? MEMORY_NETNS_ECHO : MEMORY_NETNS_FLOW, before, false, sender))
		return false;
	sender->via = translated ? PIDCAP_VIA_CONNTRACK : PIDCAP_VIA_FLOW;
	return true;
}

#endif

/* The sender without a socket. */
static __always_inline bool find_sender(const struct packet *packet, bool incoming,
					struct end *sender)
{
	if (incoming && !have_local_peers)
		return false;
	if (packet->kind == KIND_PORTS && recall(MEMORY_FLOW, packet, false, sender)) {
		sender->via = PIDCAP_VIA_FLOW;
		return true;
	}
	if (packet->kind == KIND_LATER_FRAGMENT &&
	    recall(MEMORY_FRAGMENT_SENDER, packet, false, sender)) {
		sender->via = PIDCAP_VIA_FRAGMENT;
		return true;
	}
	return false;
}

#endif
