/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who sent a packet?
 *
 * Input: the packet. Answer: the sending end, from the packet's own socket, else from what was
 * remembered of earlier packets of its flow.
 * By the socket it is as right as the socket's owner. By memory it is wrong if another process has
 * taken over the addresses and ports since, and none of our hooks saw that.
 */
#ifndef PIDCAP_SENDER_H
#define PIDCAP_SENDER_H

#include "conntrack.h"
#include "memory.h"
#include "socket_owner.h"

#ifndef PIDCAP_XDP
/* include/linux/net.h */
#define SOCK_RAW 3

/* Returns whether its process writes the headers itself. */
static __always_inline bool is_raw(struct bpf_sock *sk)
{
	return sk->family == AF_PACKET || sk->type == SOCK_RAW;
}

/*
 * Returns whether the kernel has put the packet that a socket sent into another one, as VXLAN, GRE
 * and WireGuard do. The outer packet keeps the inner one's socket.
 */
static __always_inline bool has_inner_packet(context *ctx)
{
	struct sk_buff *packet = context_packet(ctx);

	return KERNEL_READ(packet, inner_network_header);
}

/*
 * Returns whether these are the headers of a tunnel, not of the packet that the socket sent. It is
 * asked only where they aren't such as the socket sends. A fragment has lost its inner header's
 * place, but its protocol tells.
 */
static __always_inline bool is_tunneled(context *ctx, const struct packet *packet,
					struct bpf_sock *sk)
{
	return packet->family &&
	       (has_inner_packet(ctx) || (!is_raw(sk) && sk->protocol != packet->protocol &&
					  !is_extension_header(packet->protocol)));
}

/*
 * Returns whether a process may have written the packet's addresses and ports as it liked: by a raw
 * or AF_PACKET socket, or by any that does not send such packets. Translation changes ports, too.
 */
static __always_inline bool is_forgeable(context *ctx, const struct packet *packet,
					 struct bpf_sock *sk)
{
	if (is_raw(sk) || sk->protocol != packet->protocol)
		return true;
	if (packet->kind != KIND_PORTS || bpf_htons(sk->src_port) == packet->sport)
		return false;
#ifdef SEES_TRANSLATION
	return has_inner_packet(ctx) || !is_translated(connection_of(ctx));
#else
	return true;
#endif
}

/*
 * Returns whether the socket is bound to another device than the packet's, or of another network
 * namespace, as that of a macvlan device is at the device below it.
 */
static __always_inline bool is_hidden(const struct packet *packet, struct bpf_sock *sk,
				      const struct end *sender)
{
	return (sk->bound_dev_if && sk->bound_dev_if != packet->interface.ifindex) ||
	       (sender->netns && sender->netns != packet->interface.netns);
}

/*
 * Returns whether the kernel answers a segment of no connection, or of one that isn't open yet:
 * since Linux 6.13 (commit 79636038d37e) its resets and ACKs have the listener of the port as their
 * socket. A listener itself sends SYN-ACKs only.
 */
static __always_inline bool answers_for_listener(context *ctx, const struct packet *packet)
{
	struct bpf_sock *sk = ctx->sk;

	return sk && sk->state == BPF_TCP_LISTEN && packet->protocol == IPPROTO_TCP &&
	       !(packet->tcp_flags & TCP_SYN);
}
#endif

/*
 * Returns whether the packet's socket may send from addresses that aren't its host's own. It costs
 * reads of kernel memory: ask it only where something is learned from the packet.
 */
static __always_inline bool may_be_foreign(context *ctx)
{
#ifdef PIDCAP_XDP
	return false; /* such a packet has no socket */
#else
	struct bpf_sock *sk = ctx->sk;
	struct bpf_sock *full = sk ? owned_socket(sk, sk->state) : NULL;

	return full && has_foreign_address(full);
#endif
}

/* A packet has its socket on its way out, and still when it arrives at a veth's far end. */
static __always_inline bool sender_by_socket(context *ctx, const struct packet *packet,
					     struct end *sender)
{
#ifndef PIDCAP_XDP
	struct bpf_sock *sk = ctx->sk;
	struct bpf_sock *full;

	if (!sk || answers_for_listener(ctx, packet))
		return false;
	full = owned_socket(sk, sk->state);
	if (!full || !find_owner(ctx, full, SENDER, PIDCAP_VIA_SOCKET, sender))
		return false;
	sender->hidden = is_hidden(packet, full, sender);
	sender->forgeable = is_forgeable(ctx, packet, full);
	if (sender->forgeable && is_tunneled(ctx, packet, full))
		sender->via = PIDCAP_VIA_TUNNEL;
	return true;
#else
	return false;
#endif
}

/*
 * Returns whether the packet has a socket of a process, but of which one can't be told. What was
 * remembered of earlier packets can't tell it either. The kernel's own sockets are left out, and
 * those that were left to it: they send for processes that the memory may know.
 */
static __always_inline bool has_unknown_owner(const struct end *sender)
{
	return sender->has_socket && !sender->closed && sender->via != PIDCAP_VIA_KERNEL;
}

#ifdef SEES_TRANSLATION
/* Room for a packet as it was before it was translated, for each CPU: see attribution_map. */
struct before_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct packet);
};

extern struct before_map before_packets SEC(".maps");

/*
 * Finds the process behind a veth that sent a packet which now leaves by, or comes in at, another
 * interface: bridged or routed, perhaps with other addresses.
 */
static __noinline bool sender_by_netns_memory(context *ctx, const struct packet *packet,
					      struct end *sender)
{
	bool echo = packet->kind == KIND_ECHO_REQUEST;
	struct packet *before;
	bool translated;
	__u32 zero = 0;

	if (packet->kind != KIND_PORTS && !echo)
		return false;
	before = bpf_map_lookup_elem(&before_packets, &zero);
	if (!before)
		return false;
	translated = before_translation(ctx, packet, before);
	if (!translated)
		*before = *packet;
	if (!recall(echo ? MEMORY_NETNS_ECHO : MEMORY_NETNS_FLOW, before, SAME_WAY, sender))
		return false;
	sender->via = translated ? PIDCAP_VIA_CONNTRACK : PIDCAP_VIA_FLOW;
	return true;
}
#endif

static __always_inline bool sender_by_memory(const struct packet *packet, __u32 hook,
					     struct end *sender)
{
	if (hook & HOOK_INGRESS && !have_local_peers)
		return false;
	/* Of a new connection nothing is known here: see find_ends(). */
	if (packet->kind == KIND_PORTS && !opens_connection(packet) &&
	    recall(MEMORY_FLOW, packet, SAME_WAY, sender)) {
		sender->via = PIDCAP_VIA_FLOW;
		return true;
	}
	if (packet->kind == KIND_LATER_FRAGMENT &&
	    recall(MEMORY_FRAGMENT_SENDER, packet, SAME_WAY, sender)) {
		sender->via = PIDCAP_VIA_FRAGMENT;
		return true;
	}
	return false;
}

/* Finds the sender. Returns false if no process is known to be it. */
static __always_inline bool find_sender(context *ctx, const struct packet *packet, __u32 hook,
					struct end *sender)
{
	if (sender_by_socket(ctx, packet, sender))
		return true;
	if (has_unknown_owner(sender))
		return false;
#ifdef SEES_TRANSLATION
	/* Before this interface's own memory, where an address may still have its last user. */
	if (have_local_peers && sender_by_netns_memory(ctx, packet, sender))
		return true;
#endif
	return sender_by_memory(packet, hook, sender);
}

#endif
