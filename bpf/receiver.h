/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who receives a packet?
 *
 * Input: the packet, and whether the sockets here may be asked. Answer: the receiving end, from the
 * socket that a look-up finds, for an ICMP error from the packet that it quotes, else from what was
 * remembered of earlier packets. Wrong where something between our hook and the socket chooses
 * another one that can't be foreseen: TPROXY, a program at socket look-up, NAT of some clients
 * only.
 */
#ifndef PIDCAP_RECEIVER_H
#define PIDCAP_RECEIVER_H

#include "conntrack.h"
#include "memory.h"
#include "route.h"
#include "socket_owner.h"

/* Whether several sockets may have this one's port, as by SO_REUSEPORT. */
static __always_inline bool shares_port(struct bpf_sock *sk)
{
	struct sock_common *common = (void *)address_of(sk);

	return BPF_CORE_READ_BITFIELD_PROBED(common, skc_reuseport);
}

/*
 * The socket that a look-up found as the receiver, if it is one. A socket without a peer matches
 * more than it gets: what is forwarded elsewhere, what an earlier rule or a program of a reuseport
 * group gives to another, and on TCP what belongs to no connection.
 */
static __always_inline bool receiver_by_socket(context *ctx, const struct packet *packet,
					       bool looped, struct bpf_sock *sk,
					       struct end *receiver)
{
	receiver->has_socket = true;
	if (!sk->dst_port) {
		if (!looped && is_forwarded(ctx, packet)) {
			receiver->via = PIDCAP_VIA_FORWARDED;
			return false;
		}
		if (BPF_CORE_READ(address_of(sk), sk_reuseport_cb, prog))
			return false;
		/* It may get another destination yet, unless this one was seen to stay. */
		if (!looped && translates_incoming(ctx, packet->family) && !is_served(packet))
			return false;
	}
	return find_owner(sk, false, PIDCAP_VIA_LOOKUP, receiver);
}

/*
 * The receiver, from the socket that the addresses and ports lead to. `looped`: the packet is on
 * lo. TCP and UDP stay apart to the end: one instruction may not read from two kinds of socket
 * pointer.
 */
static __noinline bool receiver_by_lookup(context *ctx, const struct packet *packet, bool looped,
					  struct end *receiver)
{
	struct bpf_sock_tuple tuple;
	struct bpf_sock *sk, *full;
	__u32 size, state;
	bool found;

	if (packet->family == AF_INET) {
		tuple.ipv4.saddr = packet->saddr[0];
		tuple.ipv4.daddr = packet->daddr[0];
		tuple.ipv4.sport = packet->sport;
		tuple.ipv4.dport = packet->dport;
		size = sizeof(tuple.ipv4);
	} else {
		__builtin_memcpy(tuple.ipv6.saddr, packet->saddr, sizeof(tuple.ipv6.saddr));
		__builtin_memcpy(tuple.ipv6.daddr, packet->daddr, sizeof(tuple.ipv6.daddr));
		tuple.ipv6.sport = packet->sport;
		tuple.ipv6.dport = packet->dport;
		size = sizeof(tuple.ipv6);
	}
	if (packet->protocol == IPPROTO_TCP) {
		sk = bpf_skc_lookup_tcp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
		if (!sk)
			return false;
		receiver->has_socket = true;
		state = sk->state;
		if (state == BPF_TCP_TIME_WAIT && opens_connection(packet)) {
			/*
			 * The old connection gives way to the new one (RFC 6191), which is the
			 * listener's. No connection has source port 0, so that the listener is what
			 * is left to find; but of several on the port, the source port chooses one.
			 */
			bpf_sk_release(sk);
			if (packet->family == AF_INET)
				tuple.ipv4.sport = 0;
			else
				tuple.ipv6.sport = 0;
			sk = bpf_skc_lookup_tcp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
			if (!sk)
				return false;
			if (shares_port(sk)) {
				bpf_sk_release(sk);
				return false;
			}
			state = sk->state;
		}
#ifdef PIDCAP_XDP
		/* No helper leads from here to the full socket; another look-up does. */
		bpf_sk_release(sk);
		sk = bpf_sk_lookup_tcp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
		if (!sk)
			return false;
		full = sk;
#else
		full = owned_socket(sk, state);
#endif
		/* Only a SYN is for the listener itself. */
		found = full && (state != BPF_TCP_LISTEN || packet->tcp_flags & TCP_SYN) &&
			receiver_by_socket(ctx, packet, looped, full, receiver);
		bpf_sk_release(sk);
		return found;
	}
	/* Of several receivers a look-up finds any one, member of the group or not. */
	if (packet->protocol == IPPROTO_UDP && !is_multicast(ctx, packet) &&
	    !(looped && is_routed_to_all(ctx, packet))) {
		sk = bpf_sk_lookup_udp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
		if (!sk)
			return false;
		found = receiver_by_socket(ctx, packet, looped, sk, receiver);
		bpf_sk_release(sk);
		return found;
	}
	return false;
}

/* Who sent the packet that an error quotes, `answer` being one that would have come back. */
static __always_inline bool receiver_of_answer(context *ctx, const struct packet *answer,
					       bool local, bool looped, struct end *receiver)
{
	switch (answer->kind) {
	case KIND_PORTS:
		return (local && receiver_by_lookup(ctx, answer, looped, receiver)) ||
		       recall(MEMORY_FLOW, answer, true, receiver);
	case KIND_ECHO_REQUEST:
		return recall(MEMORY_ECHO, answer, true, receiver);
	default:
		return false;
	}
}

static __always_inline void swap_ends(struct packet *packet)
{
	for (int i = 0; i < 4; i++) {
		__u32 addr = packet->saddr[i];

		packet->saddr[i] = packet->daddr[i];
		packet->daddr[i] = addr;
	}
	/* An echo request's id and sequence number are those of the reply. */
	if (packet->kind == KIND_PORTS) {
		__u16 port = packet->sport;

		packet->sport = packet->dport;
		packet->dport = port;
	}
}

/*
 * The sender of the packet that an ICMP error quotes is the error's receiver. `local`: the error is
 * for this host, so that its sockets may be asked. There is no room on the stack for another struct
 * packet: the quoted one takes the error's place, of which only the kind is left.
 */
static __noinline bool receiver_of_error(context *ctx, struct packet *packet, bool local,
					 bool looped, struct end *receiver)
{
	__u32 to[4], payload = packet->payload;
	__u8 family = packet->family;
	bool found;

	__builtin_memcpy(to, packet->daddr, sizeof(to));
	reset_packet(packet);
	found = family == AF_INET ? parse_ipv4(ctx, payload, packet)
				  : parse_ipv6(ctx, payload, packet);
	/* It is for whoever sent what it quotes; anything else is a mistake or a forgery. */
	for (int i = 0; i < 4; i++)
		if (packet->saddr[i] != to[i])
			found = false;
	packet->tcp_flags = 0;
	packet->first_fragment = false;
	swap_ends(packet);
	found = found && receiver_of_answer(ctx, packet, local, looped, receiver);
	packet->kind = KIND_ICMP_ERROR;
	if (found)
		receiver->via = PIDCAP_VIA_ICMP_ERROR;
	return found;
}

static __always_inline bool find_receiver(context *ctx, struct packet *packet, bool local,
					  bool looped, struct end *receiver)
{
	switch (packet->kind) {
	case KIND_PORTS:
		if (local && have_translated && recall(MEMORY_TRANSLATED, packet, true, receiver)) {
			receiver->via = PIDCAP_VIA_CONNTRACK;
			return true;
		}
		if (local && receiver_by_lookup(ctx, packet, looped, receiver))
			return true;
		if (((local || have_local_peers) && recall(MEMORY_FLOW, packet, true, receiver)) ||
		    (have_local_peers && !looped &&
		     recall(MEMORY_NETNS_FLOW, packet, true, receiver))) {
			receiver->via = PIDCAP_VIA_FLOW;
			return true;
		}
		return false;
	case KIND_ECHO_REPLY:
		if (!recall(MEMORY_ECHO, packet, true, receiver) &&
		    !(have_local_peers && recall(MEMORY_NETNS_ECHO, packet, true, receiver)))
			return false;
		receiver->via = PIDCAP_VIA_ICMP_ECHO;
		return true;
	case KIND_ICMP_ERROR:
		return receiver_of_error(ctx, packet, local, looped, receiver);
	case KIND_LATER_FRAGMENT:
		if (!recall(MEMORY_FRAGMENT_RECEIVER, packet, false, receiver))
			return false;
		receiver->via = PIDCAP_VIA_FRAGMENT;
		return true;
	default:
		return false;
	}
}

#endif
