/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who receives a packet?
 *
 * Input: the packet, and by the hook whether it may be for a socket here. Answer: the receiving
 * end, from the socket that a look-up finds; for an ICMP error, from the packet that it quotes;
 * else from what was remembered of earlier packets.
 * Wrong where something after our hook chooses another socket, and we can't foresee it: TPROXY, a
 * program at socket look-up, a NAT rule for some clients only.
 */
#ifndef PIDCAP_RECEIVER_H
#define PIDCAP_RECEIVER_H

#include "conntrack.h"
#include "memory.h"
#include "own_address.h"
#include "route.h"
#include "socket_owner.h"

/* Returns whether the receiver may be on this side of the hook, so that sockets here are asked. */
static __always_inline bool may_be_for_us(__u32 hook)
{
	return hook & (HOOK_INGRESS | HOOK_LOOPBACK);
}

/* Returns whether several sockets may have this one's port, as by SO_REUSEPORT. */
static __always_inline bool shares_port(struct bpf_sock *sk)
{
	struct sock_common *common = (void *)kernel_socket(sk);

	return BPF_CORE_READ_BITFIELD_PROBED(common, skc_reuseport);
}

/*
 * Returns whether a socket without a peer gets the packet that matches it. It doesn't get what is
 * forwarded elsewhere (receiver->via says so), or what a program of its reuseport group gives to
 * another member. With NAT it isn't certain until a packet to here was seen to stay.
 */
static __always_inline bool gets_unconnected(context *ctx, const struct packet *packet, __u32 hook,
					     struct bpf_sock *sk, struct end *receiver)
{
	bool looped = hook & HOOK_LOOPBACK;

	if (!looped && is_forwarded(ctx, packet)) {
		receiver->via = PIDCAP_VIA_FORWARDED;
		return false;
	}
	if (KERNEL_READ(kernel_socket(sk), sk_reuseport_cb, prog))
		return false;
	return looped || !translates_incoming(ctx, packet->family) || is_served(packet);
}

/* Judges the socket that a look-up found: finds its owner if the socket gets the packet. */
static __always_inline bool receiver_by_socket(context *ctx, const struct packet *packet,
					       __u32 hook, struct bpf_sock *sk,
					       struct end *receiver)
{
	receiver->has_socket = true;
	if (!sk->dst_port && !gets_unconnected(ctx, packet, hook, sk, receiver))
		return false;
	return find_owner(ctx, sk, RECEIVER, PIDCAP_VIA_LOOKUP, receiver);
}

/* Fills in the addresses and ports to look a socket up by. Returns the size that counts. */
static __always_inline __u32 fill_tuple(struct bpf_sock_tuple *tuple, const struct packet *packet)
{
	if (packet->family == AF_INET) {
		tuple->ipv4.saddr = packet->saddr[0];
		tuple->ipv4.daddr = packet->daddr[0];
		tuple->ipv4.sport = packet->sport;
		tuple->ipv4.dport = packet->dport;
		return sizeof(tuple->ipv4);
	}
	__builtin_memcpy(tuple->ipv6.saddr, packet->saddr, sizeof(tuple->ipv6.saddr));
	__builtin_memcpy(tuple->ipv6.daddr, packet->daddr, sizeof(tuple->ipv6.daddr));
	tuple->ipv6.sport = packet->sport;
	tuple->ipv6.dport = packet->dport;
	return sizeof(tuple->ipv6);
}

/* The same for the answer to the packet: leads to the socket that its sender has. */
static __always_inline __u32 fill_answer_tuple(struct bpf_sock_tuple *tuple,
					       const struct packet *packet)
{
	if (packet->family == AF_INET) {
		tuple->ipv4.saddr = packet->daddr[0];
		tuple->ipv4.daddr = packet->saddr[0];
		tuple->ipv4.sport = packet->dport;
		tuple->ipv4.dport = packet->sport;
		return sizeof(tuple->ipv4);
	}
	__builtin_memcpy(tuple->ipv6.saddr, packet->daddr, sizeof(tuple->ipv6.saddr));
	__builtin_memcpy(tuple->ipv6.daddr, packet->saddr, sizeof(tuple->ipv6.daddr));
	tuple->ipv6.sport = packet->dport;
	tuple->ipv6.dport = packet->sport;
	return sizeof(tuple->ipv6);
}

/*
 * Looks up the listener alone: no connection has source port 0. Returns NULL if there is none, or
 * if there may be several, of which the source port would have chosen one.
 */
static __always_inline struct bpf_sock *look_up_listener(context *ctx, const struct packet *packet,
							 struct bpf_sock_tuple *tuple, __u32 size)
{
	struct bpf_sock *sk;

	if (packet->family == AF_INET)
		tuple->ipv4.sport = 0;
	else
		tuple->ipv6.sport = 0;
	sk = bpf_skc_lookup_tcp(ctx, tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return NULL;
	if (shares_port(sk)) {
		bpf_sk_release(sk);
		return NULL;
	}
	return sk;
}

/*
 * Looks up a TCP socket: full, a request, or in TIME_WAIT. Returns NULL, or a socket that the
 * caller has to release. A SYN to a connection in TIME_WAIT is the listener's: the old connection
 * gives way to a new one (RFC 6191).
 */
static __always_inline struct bpf_sock *look_up_tcp(context *ctx, const struct packet *packet,
						    struct bpf_sock_tuple *tuple, __u32 size,
						    struct end *receiver)
{
	struct bpf_sock *sk = bpf_skc_lookup_tcp(ctx, tuple, size, BPF_F_CURRENT_NETNS, 0);

	if (!sk)
		return NULL;
	receiver->has_socket = true;
	if (sk->state != BPF_TCP_TIME_WAIT || !opens_connection(packet))
		return sk;
	bpf_sk_release(sk);
	return look_up_listener(ctx, packet, tuple, size);
}

/* Finds the receiver among the sockets without a peer. `hint`: see socket_at_own_address(). */
static __always_inline bool receiver_at_own_address(context *ctx, const struct packet *packet,
						    __u32 device, struct sock *hint,
						    struct end *receiver)
{
	struct sock *sk = NULL;

	receiver->has_socket = !socket_at_own_address(ctx, packet, device, hint, &sk) || sk;
	if (!sk)
		return false;
	if (KERNEL_READ(sk, sk_reuseport_cb, prog) || !owner_at(sk, receiver))
		return false;
	receiver->via = PIDCAP_VIA_LOOKUP;
	return true;
}

static __always_inline bool receiver_by_tcp(context *ctx, const struct packet *packet, __u32 hook,
					    struct bpf_sock_tuple *tuple, __u32 size,
					    struct end *receiver)
{
	struct bpf_sock *sk = look_up_tcp(ctx, packet, tuple, size, receiver);
	struct bpf_sock *full;
	__u32 state, device;
	bool found;

	/* Only the first packet goes to a socket without a peer. */
	device = opens_connection(packet) && (!sk || !sk->dst_port)
			 ? other_device(ctx, packet, hook)
			 : 0;
	if (device) {
		struct sock *hint = sk ? kernel_socket(sk) : NULL;

		if (sk)
			bpf_sk_release(sk);
		return receiver_at_own_address(ctx, packet, device, hint, receiver);
	}
	if (!sk)
		return false;
	state = sk->state;
#ifdef PIDCAP_XDP
	/* XDP has no helper that leads from here to the full socket; another look-up does. */
	bpf_sk_release(sk);
	sk = bpf_sk_lookup_tcp(ctx, tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return false;
	full = sk;
#else
	full = owned_socket(sk, state);
#endif
	/* A listener gets SYNs only: anything else belongs to no connection. */
	found = full && (state != BPF_TCP_LISTEN || opens_connection(packet)) &&
		receiver_by_socket(ctx, packet, hook, full, receiver);
	bpf_sk_release(sk);
	return found;
}

static __always_inline bool receiver_by_udp(context *ctx, const struct packet *packet, __u32 hook,
					    struct bpf_sock_tuple *tuple, __u32 size,
					    struct end *receiver)
{
	struct bpf_sock *sk;
	__u32 device;
	bool found;

	/*
	 * Several sockets may get a multicast or broadcast. The look-up returns any one, even one
	 * that is not a member of the group, so these are not attributed.
	 */
	if (is_multicast(ctx, packet) || (hook & HOOK_LOOPBACK && has_broadcast_route(ctx, packet)))
		return false;
	sk = bpf_sk_lookup_udp(ctx, tuple, size, BPF_F_CURRENT_NETNS, 0);
	device = !sk || !sk->dst_port ? other_device(ctx, packet, hook) : 0;
	if (device) {
		struct sock *hint = sk ? kernel_socket(sk) : NULL;

		if (sk)
			bpf_sk_release(sk);
		return receiver_at_own_address(ctx, packet, device, hint, receiver);
	}
	if (!sk)
		return false;
	found = receiver_by_socket(ctx, packet, hook, sk, receiver);
	bpf_sk_release(sk);
	return found;
}

/*
 * Finds the receiver by the socket that the addresses and ports lead to, if the packet gets that
 * far. TCP and UDP stay apart to the end, down to bpf_sk_release(): the verifier refuses an
 * instruction that reads from two kinds of socket pointer.
 */
static __noinline bool receiver_by_lookup(context *ctx, const struct packet *packet, __u32 hook,
					  struct end *receiver)
{
	struct bpf_sock_tuple tuple;
	__u32 size = fill_tuple(&tuple, packet);

	if (passes_by(ctx, hook)) {
		receiver->via = PIDCAP_VIA_FORWARDED;
		return false;
	}
	if (packet->protocol == IPPROTO_TCP)
		return receiver_by_tcp(ctx, packet, hook, &tuple, size, receiver);
	if (packet->protocol == IPPROTO_UDP)
		return receiver_by_udp(ctx, packet, hook, &tuple, size, receiver);
	return false;
}

/* Returns whether an incoming packet is for another host: nobody here has asked for it. */
static __always_inline bool is_for_others(context *ctx, const struct packet *packet, __u32 hook)
{
	return hook & HOOK_INGRESS && is_forwarded(ctx, packet);
}

/*
 * Finds who is remembered to have sent the packets that this one answers: at this interface, or in
 * this namespace from behind a veth. What goes out mostly goes to a peer, who is remembered for the
 * namespace; but only one that was seen here comes before what is remembered for the interface. On
 * lo there are no peers.
 */
static __always_inline bool recall_sender_of_flow(const struct packet *packet, __u32 hook,
						  struct end *receiver)
{
	enum recalled peer = RECALLED_ELSEWHERE;

	if (!have_local_peers || hook & HOOK_LOOPBACK)
		peer = NOT_RECALLED;
	else if (!may_be_for_us(hook))
		peer = recall_from(packet->interface.ifindex, MEMORY_NETNS_FLOW, packet,
				   OPPOSITE_WAY, receiver);
	if (peer == RECALLED)
		return true;
	/* Of a new connection nothing is known here: see find_ends(). */
	if (!opens_connection(packet) && recall(MEMORY_FLOW, packet, OPPOSITE_WAY, receiver))
		return true;
	return peer == RECALLED_ELSEWHERE &&
	       recall(MEMORY_NETNS_FLOW, packet, OPPOSITE_WAY, receiver);
}

/* The same of an echo request. */
static __always_inline bool recall_sender_of_echo(const struct packet *packet, struct end *receiver)
{
	return recall(MEMORY_ECHO, packet, OPPOSITE_WAY, receiver) ||
	       (have_local_peers && recall(MEMORY_NETNS_ECHO, packet, OPPOSITE_WAY, receiver));
}

/*
 * Finds the sender of the packet that an error quotes: the receiver of `answer`, its answer.
 * `asks_probes`: it may have been sent by a raw socket.
 */
static __always_inline bool receiver_of_answer(context *ctx, const struct packet *answer,
					       __u32 hook, bool asks_probes, struct end *receiver)
{
	switch (answer->kind) {
	case KIND_PORTS:
		return (may_be_for_us(hook) && receiver_by_lookup(ctx, answer, hook, receiver)) ||
		       recall_sender_of_flow(answer, hook, receiver) ||
		       (asks_probes && recall(MEMORY_PROBE, answer, OPPOSITE_WAY, receiver));
	case KIND_ECHO_REQUEST:
		return recall_sender_of_echo(answer, receiver);
	case KIND_OTHER:
		return asks_probes && recall(MEMORY_PROBE, answer, OPPOSITE_WAY, receiver);
	default:
		return false;
	}
}

/* Turns a packet into its answer. */
static __always_inline void swap_ends(struct packet *packet)
{
	for (int i = 0; i < 4; i++) {
		__u32 addr = packet->saddr[i];

		packet->saddr[i] = packet->daddr[i];
		packet->daddr[i] = addr;
	}
	/* An echo reply has the request's identifier and sequence number where they were. */
	if (packet->kind == KIND_PORTS) {
		__u16 port = packet->sport;

		packet->sport = packet->dport;
		packet->dport = port;
	}
}

/*
 * Finds the receiver of an ICMP error: the sender of the packet that it quotes. The stack has no
 * room for another struct packet, so the quoted packet is parsed into `packet`, in place of the
 * error, of which only the kind is left afterwards.
 */
static __noinline bool receiver_of_error(context *ctx, struct packet *packet, __u32 hook,
					 struct end *receiver)
{
	__u32 to[4], payload = packet->payload;
	__u8 family = packet->family;
	bool asks_probes = have_probes && !is_for_others(ctx, packet, hook);
	bool found;

	__builtin_memcpy(to, packet->daddr, sizeof(to));
	reset_packet(packet);
	found = family == AF_INET ? parse_ipv4(ctx, payload, packet)
				  : parse_ipv6(ctx, payload, packet);
	/* An error goes to the sender of what it quotes; else it is a mistake or a forgery. */
	for (int i = 0; i < 4; i++)
		if (packet->saddr[i] != to[i])
			found = false;
	packet->tcp_flags = 0;
	packet->first_fragment = false;
	swap_ends(packet);
	found = found && receiver_of_answer(ctx, packet, hook, asks_probes, receiver);
	packet->kind = KIND_ICMP_ERROR;
	if (found)
		receiver->via = PIDCAP_VIA_ICMP_ERROR;
	return found;
}

static __always_inline bool receiver_by_ports(context *ctx, const struct packet *packet, __u32 hook,
					      struct end *receiver)
{
	bool local = may_be_for_us(hook);

	if (local && have_translated && recall(MEMORY_TRANSLATED, packet, OPPOSITE_WAY, receiver)) {
		receiver->via = PIDCAP_VIA_CONNTRACK;
		return true;
	}
	if (local && receiver_by_lookup(ctx, packet, hook, receiver))
		return true;
	if (((local || have_local_peers) && recall_sender_of_flow(packet, hook, receiver)) ||
	    (have_probes && !receiver->has_socket && !is_for_others(ctx, packet, hook) &&
	     recall(MEMORY_PROBE, packet, OPPOSITE_WAY, receiver))) {
		receiver->via = PIDCAP_VIA_FLOW;
		return true;
	}
	return false;
}

static __always_inline bool receiver_of_echo_reply(const struct packet *packet,
						   struct end *receiver)
{
	if (!recall_sender_of_echo(packet, receiver))
		return false;
	receiver->via = PIDCAP_VIA_ICMP_ECHO;
	return true;
}

/* Finds the receiver. Returns false if no process is known to be it. May change `packet`. */
static __always_inline bool find_receiver(context *ctx, struct packet *packet, __u32 hook,
					  struct end *receiver)
{
	switch (packet->kind) {
	case KIND_PORTS:
		return receiver_by_ports(ctx, packet, hook, receiver);
	case KIND_ECHO_REPLY:
		return receiver_of_echo_reply(packet, receiver);
	case KIND_ICMP_ERROR:
		return receiver_of_error(ctx, packet, hook, receiver);
	case KIND_LATER_FRAGMENT:
		if (!recall(MEMORY_FRAGMENT_RECEIVER, packet, SAME_WAY, receiver))
			return false;
		receiver->via = PIDCAP_VIA_FRAGMENT;
		return true;
	default:
		return false;
	}
}

#endif
