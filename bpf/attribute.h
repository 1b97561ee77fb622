/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the processes at both ends of a packet. Every hook on an interface asks attribute(); what
 * differs between hooks is in its arguments.
 */
#ifndef PIDCAP_ATTRIBUTE_H
#define PIDCAP_ATTRIBUTE_H

#include "memory.h"
#include "owner.h"

/* include/uapi/linux/if_packet.h */
#define PACKET_HOST	 0
#define PACKET_BROADCAST 1
#define PACKET_MULTICAST 2
#define PACKET_OTHERHOST 3

extern struct sk_owner_map sk_owner SEC(".maps");
extern struct sk_user_map sk_user SEC(".maps");

/* Set once a packet came in with its sender's socket: only then are there peers behind an
 * interface. */
__u32 have_local_peers;

/* An end of a packet: owner.tgid is 0 where `via` gives a reason instead. */
struct end {
	struct pidcap_owner owner;
	__u8 via; /* enum pidcap_via */
};

/* Connections that a listener accepts inherit its storage: its last user's, who waits in accept. */
static __always_inline void bequeath(struct bpf_sock *listener, const struct pidcap_owner *owner)
{
	struct pidcap_socket_owner *stored =
		bpf_sk_storage_get(&sk_owner, listener, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	if (!stored || is_same_owner(&stored->owner, owner))
		return;
	bpf_spin_lock(&stored->lock);
	stored->owner = *owner;
	bpf_spin_unlock(&stored->lock);
}

/* The last user of a full socket. */
static __always_inline bool owner_of_socket(struct bpf_sock *sk, struct pidcap_owner *owner)
{
	__u64 key = (__u64)(long)sk;
	struct sk_user *user = bpf_map_lookup_elem(&sk_user, &key);
	struct pidcap_socket_owner *stored;

	if (user) {
		*owner = user->owner;
		if (user->check == owner_check(owner) && user->sk == key) {
			if (sk->state == BPF_TCP_LISTEN)
				bequeath(sk, owner);
			return true;
		}
		/* Overwritten meanwhile, by a newer use: who that was is not known to this packet.
		 */
		__builtin_memset(owner, 0, sizeof(*owner));
		return false;
	}
	stored = bpf_sk_storage_get(&sk_owner, sk, NULL, 0);
	if (!stored)
		return false;
	bpf_spin_lock(&stored->lock);
	*owner = stored->owner;
	bpf_spin_unlock(&stored->lock);
	return owner->tgid;
}

static __always_inline bool is_kernel_socket(struct bpf_sock *sk)
{
	struct bpf_sock *pointer = sk;
	struct sock *address;

	/* The verifier allows no arithmetic on a socket's pointer; read back, it is just a number.
	 */
	if (bpf_probe_read_kernel(&address, sizeof(address), &pointer))
		return false;
	return BPF_CORE_READ_BITFIELD_PROBED(address, sk_kern_sock);
}

/*
 * The socket that has an owner: a connection that isn't established yet has only a request, for
 * which its listener answers; one in TIME_WAIT has none.
 */
static __always_inline struct bpf_sock *owned_socket(struct bpf_sock *sk)
{
	if (sk->state == BPF_TCP_NEW_SYN_RECV)
		return bpf_get_listener_sock(sk);
	return bpf_sk_fullsock(sk);
}

/* The sender, from the packet's own socket: it stands there on the way out, and on a veth's far
 * side. */
static __always_inline bool sender_by_socket(struct __sk_buff *skb, struct end *sender)
{
	struct bpf_sock *sk = skb->sk;
	struct bpf_sock *full;

	if (!sk)
		return false;
	full = owned_socket(sk);
	if (!full)
		return false;
	if (owner_of_socket(full, &sender->owner)) {
		sender->via = PIDCAP_VIA_SOCKET;
		return true;
	}
	if (is_kernel_socket(full))
		sender->via = PIDCAP_VIA_KERNEL;
	return false;
}

/*
 * Whether the stack will forward this incoming packet instead of delivering it here. A listener or
 * an unconnected socket bound to any address would match it all the same.
 */
static __always_inline bool is_forwarded(struct __sk_buff *skb, const struct packet *packet)
{
	struct bpf_fib_lookup fib = {};
	long result;

	if (skb->pkt_type == PACKET_OTHERHOST)
		return true;
	if (skb->pkt_type != PACKET_HOST)
		return false;
	fib.family = packet->family;
	fib.l4_protocol = packet->protocol;
	fib.ifindex = skb->ifindex;
	__builtin_memcpy(fib.ipv6_src, packet->saddr, sizeof(fib.ipv6_src));
	__builtin_memcpy(fib.ipv6_dst, packet->daddr, sizeof(fib.ipv6_dst));
	result = bpf_fib_lookup(skb, &fib, sizeof(fib), 0);
	return result == BPF_FIB_LKUP_RET_SUCCESS || result == BPF_FIB_LKUP_RET_NO_NEIGH ||
	       result == BPF_FIB_LKUP_RET_FRAG_NEEDED || result == BPF_FIB_LKUP_RET_UNSUPP_LWT;
}

/* The socket that a look-up found, `full` or NULL, as the receiver. */
static __always_inline bool receiver_by_socket(struct __sk_buff *skb, const struct packet *packet,
					       bool looped, struct bpf_sock *full,
					       struct end *receiver)
{
	if (!full)
		return false;
	/* A socket without a peer matches whatever destination it is bound to, here or elsewhere.
	 */
	if (!looped && !full->dst_port && is_forwarded(skb, packet)) {
		receiver->via = PIDCAP_VIA_FORWARDED;
		return false;
	}
	if (owner_of_socket(full, &receiver->owner)) {
		receiver->via = PIDCAP_VIA_LOOKUP;
		return true;
	}
	if (is_kernel_socket(full))
		receiver->via = PIDCAP_VIA_KERNEL;
	return false;
}

/*
 * The receiver, from the socket that the addresses and ports lead to. `looped`: the packet is on
 * lo. TCP and UDP stay apart to the end: one instruction may not read from two kinds of socket
 * pointer.
 */
static __noinline bool receiver_by_lookup(struct __sk_buff *skb, const struct packet *packet,
					  bool looped, struct end *receiver)
{
	struct bpf_sock_tuple tuple;
	struct bpf_sock *sk;
	bool found;
	__u32 size;

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
		sk = bpf_skc_lookup_tcp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
		if (!sk)
			return false;
		found = receiver_by_socket(skb, packet, looped, owned_socket(sk), receiver);
		bpf_sk_release(sk);
		return found;
	}
	if (packet->protocol == IPPROTO_UDP) {
		sk = bpf_sk_lookup_udp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
		if (!sk)
			return false;
		found = receiver_by_socket(skb, packet, looped, sk, receiver);
		bpf_sk_release(sk);
		return found;
	}
	return false;
}

/* The packet that an ICMP error quotes, as if its answer had come: its sender is the error's
 * receiver. */
static __noinline bool receiver_of_error(struct __sk_buff *skb, const struct packet *error,
					 bool looped, struct end *receiver)
{
	struct packet quoted = {};
	struct packet answer = {};

	if (error->family == AF_INET)
		parse_ipv4(skb, error->payload, &quoted);
	else
		parse_ipv6(skb, error->payload, &quoted);
	if (quoted.kind == KIND_PORTS) {
		answer = quoted;
		__builtin_memcpy(answer.saddr, quoted.daddr, sizeof(answer.saddr));
		__builtin_memcpy(answer.daddr, quoted.saddr, sizeof(answer.daddr));
		answer.sport = quoted.dport;
		answer.dport = quoted.sport;
		if (!receiver_by_lookup(skb, &answer, looped, receiver) &&
		    !recall(skb->ifindex, MEMORY_FLOW, &quoted, false, &receiver->owner))
			return false;
	} else if (quoted.kind != KIND_ECHO_REQUEST ||
		   !recall(skb->ifindex, MEMORY_ECHO, &quoted, false, &receiver->owner)) {
		return false;
	}
	receiver->via = PIDCAP_VIA_ICMP_ERROR;
	return true;
}

static __always_inline bool find_sender(struct __sk_buff *skb, const struct packet *packet,
					bool incoming, struct end *sender)
{
	if (sender_by_socket(skb, sender))
		return true;
	if (incoming && !have_local_peers)
		return false;
	if (packet->kind == KIND_PORTS &&
	    recall(skb->ifindex, MEMORY_FLOW, packet, false, &sender->owner)) {
		sender->via = PIDCAP_VIA_FLOW;
		return true;
	}
	if (packet->kind == KIND_LATER_FRAGMENT &&
	    recall(skb->ifindex, MEMORY_FRAGMENT_SENDER, packet, false, &sender->owner)) {
		sender->via = PIDCAP_VIA_FRAGMENT;
		return true;
	}
	return false;
}

static __always_inline bool find_receiver(struct __sk_buff *skb, const struct packet *packet,
					  bool local, bool looped, struct end *receiver)
{
	switch (packet->kind) {
	case KIND_PORTS:
		if (local && receiver_by_lookup(skb, packet, looped, receiver))
			return true;
		if ((local || have_local_peers) &&
		    recall(skb->ifindex, MEMORY_FLOW, packet, true, &receiver->owner)) {
			receiver->via = PIDCAP_VIA_FLOW;
			return true;
		}
		return false;
	case KIND_ECHO_REPLY:
		if (!recall(skb->ifindex, MEMORY_ECHO, packet, true, &receiver->owner))
			return false;
		receiver->via = PIDCAP_VIA_ICMP_ECHO;
		return true;
	case KIND_ICMP_ERROR:
		return receiver_of_error(skb, packet, looped, receiver);
	case KIND_LATER_FRAGMENT:
		if (!recall(skb->ifindex, MEMORY_FRAGMENT_RECEIVER, packet, false,
			    &receiver->owner))
			return false;
		receiver->via = PIDCAP_VIA_FRAGMENT;
		return true;
	default:
		return false;
	}
}

static __always_inline void learn(struct __sk_buff *skb, const struct packet *packet, bool incoming,
				  const struct end *sender, const struct end *receiver)
{
	if (packet->first_fragment && sender->owner.tgid)
		remember(skb->ifindex, MEMORY_FRAGMENT_SENDER, packet, &sender->owner);
	if (packet->first_fragment && receiver->owner.tgid)
		remember(skb->ifindex, MEMORY_FRAGMENT_RECEIVER, packet, &receiver->owner);
	if (sender->via != PIDCAP_VIA_SOCKET)
		return;
	if (incoming)
		have_local_peers = 1;
	if (packet->kind == KIND_ECHO_REQUEST)
		remember(skb->ifindex, MEMORY_ECHO, packet, &sender->owner);
	else if (packet->kind == KIND_PORTS &&
		 (incoming || packet->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST)))
		remember(skb->ifindex, MEMORY_FLOW, packet, &sender->owner);
}

/* Why an outgoing packet has no sending process. */
static __always_inline __u8 no_sender(struct __sk_buff *skb, const struct packet *packet)
{
	if (skb->sk)
		return PIDCAP_VIA_UNKNOWN;
	if (skb->ingress_ifindex)
		return PIDCAP_VIA_FORWARDED;
	/* A process's data has a socket when it leaves; these are the stack's own. */
	if (packet->kind != KIND_PORTS && packet->kind != KIND_LATER_FRAGMENT)
		return PIDCAP_VIA_KERNEL;
	if (packet->tcp_flags & TCP_RST)
		return PIDCAP_VIA_KERNEL;
	return PIDCAP_VIA_UNKNOWN;
}

/* Why an incoming packet has no receiving process. */
static __always_inline __u8 no_receiver(struct __sk_buff *skb, const struct packet *packet)
{
	if (!packet->family)
		return skb->pkt_type == PACKET_OTHERHOST ? PIDCAP_VIA_FORWARDED : PIDCAP_VIA_KERNEL;
	if (is_forwarded(skb, packet))
		return PIDCAP_VIA_FORWARDED;
	switch (packet->kind) {
	case KIND_ECHO_REQUEST:
	case KIND_ICMP_ERROR:
		return PIDCAP_VIA_KERNEL;
	case KIND_PORTS:
		/* Nobody listens there: the stack answers with a RST or an ICMP error. */
		return packet->protocol == IPPROTO_TCP ? PIDCAP_VIA_KERNEL : PIDCAP_VIA_UNKNOWN;
	default:
		return packet->protocol == IPPROTO_ICMP || packet->protocol == IPPROTO_ICMPV6 ||
				       packet->protocol == IPPROTO_IGMP
			       ? PIDCAP_VIA_KERNEL
			       : PIDCAP_VIA_UNKNOWN;
	}
}

/* A packet on its way through our programs: too much for the stack, which all calls share. */
struct attribution {
	struct packet packet;
	struct end sender;
	struct end receiver;
};

/*
 * Of this CPU: a program at a traffic control hook runs with softirqs off, and no other starts
 * before it ends.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct attribution);
} attributions SEC(".maps");

/* Both ends of a packet, or why there is none at this one. On lo, `looped`, both are here. */
static __always_inline const struct attribution *attribute(struct __sk_buff *skb, bool ethernet,
							   bool incoming, bool looped)
{
	__u32 zero = 0;
	struct attribution *result = bpf_map_lookup_elem(&attributions, &zero);
	bool sent, received;

	if (!result)
		return NULL;
	__builtin_memset(result, 0, sizeof(*result));
	parse_packet(skb, ethernet, &result->packet);
	if (result->packet.kind == KIND_PORTS &&
	    (result->packet.tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		forget_flow(skb->ifindex, &result->packet);
	sent = find_sender(skb, &result->packet, incoming, &result->sender);
	received =
		find_receiver(skb, &result->packet, incoming || looped, looped, &result->receiver);
	learn(skb, &result->packet, incoming, &result->sender, &result->receiver);
	if (!sent && !received) {
		if (incoming && result->receiver.via == PIDCAP_VIA_UNKNOWN)
			result->receiver.via = no_receiver(skb, &result->packet);
		if (!incoming && result->sender.via == PIDCAP_VIA_UNKNOWN)
			result->sender.via = no_sender(skb, &result->packet);
	}
	return result;
}

#endif
