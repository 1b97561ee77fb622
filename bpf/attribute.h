/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the processes at both ends of a packet. Every hook on an interface asks attribute(); what
 * differs between hooks is in its arguments.
 */
#ifndef PIDCAP_ATTRIBUTE_H
#define PIDCAP_ATTRIBUTE_H

#include "conntrack.h"
#include "memory.h"

/* include/uapi/linux/in_route.h */
#define RTCF_BROADCAST 0x10000000

extern struct sk_owner_map sk_owner SEC(".maps");
extern struct socket_call_map socket_call SEC(".maps");
extern struct packet_user_map packet_user SEC(".maps");

/* Set once a packet came in with its sender's socket: only then are there peers behind an
 * interface. */
extern __u32 have_local_peers;

/* Set once a peer's packet left with translated addresses. */
extern __u32 have_translated;

/* A socket as a number: the verifier allows no arithmetic on the pointer. */
static __always_inline struct sock *address_of(struct bpf_sock *sk)
{
	struct bpf_sock *pointer = sk;
	struct sock *address = NULL;

	bpf_probe_read_kernel(&address, sizeof(address), &pointer);
	return address;
}

#ifdef PIDCAP_XDP

/* How many programs' storage a socket may have before ours isn't found any more. */
#define MAX_STORAGES 16

/*
 * What socket storage says of the creator. XDP has no helper for it, so this goes the way of
 * bpf_local_storage_lookup() (kernel/bpf/bpf_local_storage.c, as of 5.10). Without the lock, two
 * looks must agree.
 */
static __always_inline bool stored_owner(struct bpf_sock *sk, struct pidcap_owner *owner)
{
	struct bpf_local_storage *storage = BPF_CORE_READ(address_of(sk), sk_bpf_storage);
	struct hlist_node *node = BPF_CORE_READ(storage, list.first);
	struct bpf_local_storage_map *wanted = NULL;
	struct pidcap_socket_owner *stored;
	struct bpf_local_storage_elem *elem;
	struct pidcap_owner again;
	void *map = &sk_owner;

	bpf_probe_read_kernel(&wanted, sizeof(wanted), &map);
	for (int i = 0; node && i < MAX_STORAGES; i++) {
		elem = (void *)node - bpf_core_field_offset(struct bpf_local_storage_elem, snode);
		if (BPF_CORE_READ(elem, sdata.smap) == wanted) {
			stored = (void *)elem +
				 bpf_core_field_offset(struct bpf_local_storage_elem, sdata.data);
			if (bpf_probe_read_kernel(owner, sizeof(*owner), &stored->owner) ||
			    bpf_probe_read_kernel(&again, sizeof(again), &stored->owner))
				break;
			return owner->tgid && is_same_owner(owner, &again);
		}
		node = BPF_CORE_READ(node, next);
	}
	return false;
}

/* What comes in by XDP is answered through traffic control, where it is done. */
static __always_inline void bequeath(struct bpf_sock *listener, const struct pidcap_owner *owner)
{
}

#else

static __always_inline bool stored_owner(struct bpf_sock *sk, struct pidcap_owner *owner)
{
	struct pidcap_socket_owner *stored = bpf_sk_storage_get(&sk_owner, sk, NULL, 0);

	if (!stored)
		return false;
	bpf_spin_lock(&stored->lock);
	*owner = stored->owner;
	bpf_spin_unlock(&stored->lock);
	return owner->tgid;
}

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

#endif

/*
 * The sender from a shared socket: the thread whose system call on it is under way, if that is what
 * runs here. Its last user has to stand in for it in TCP, where a socket speaks for itself too; a
 * datagram that left later than its call is nobody's, and not that of a thread which is waiting for
 * one.
 */
static __always_inline bool sender_of_shared(struct bpf_sock *sk, struct pidcap_owner *owner)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 id = (__u64)BPF_CORE_READ(task, tgid) << 32 | (__u32)BPF_CORE_READ(task, pid);
	struct socket_call *call = bpf_map_lookup_elem(&socket_call, &id);

	if (call && call->sk == (__u64)(long)sk &&
	    (sk->protocol == IPPROTO_TCP || !call->receives)) {
		*owner = call->owner;
		if (owner->tgid == id >> 32 && owner->tid == (__u32)id)
			return true;
	} else if (sk->protocol == IPPROTO_TCP) {
		return true;
	}
	__builtin_memset(owner, 0, sizeof(*owner));
	return false;
}

/* The last user of a full socket; or, with `sending`, who sends on it. */
static __always_inline bool owner_of_socket(struct bpf_sock *sk, bool sending, struct end *end)
{
	__u64 key = (__u64)(long)sk;
	struct sk_user *user = bpf_map_lookup_elem(&sk_user, &key);

	if (sk->family == AF_PACKET) {
		user = bpf_map_lookup_elem(&packet_user, &key);
		if (user && read_user(user, key, &end->owner))
			return true;
	} else if (user) {
		end->born = user->born;
		/* If it was overwritten meanwhile, then by a newer use: whose, this packet can't
		 * know. */
		if (!read_user(user, key, &end->owner))
			return false;
		end->sk = user->sk;
		if (sk->state == BPF_TCP_LISTEN)
			bequeath(sk, &end->owner);
		return !sending || !user->shared || sender_of_shared(sk, &end->owner);
	}
	return stored_owner(sk, &end->owner);
}

/* Whether several sockets may have this one's port, as by SO_REUSEPORT. */
static __always_inline bool shares_port(struct bpf_sock *sk)
{
	struct sock_common *common = (void *)address_of(sk);

	return BPF_CORE_READ_BITFIELD_PROBED(common, skc_reuseport);
}

/*
 * A subflow of Multipath TCP is the kernel's own socket; the process holds the connection's, of
 * which it is a part.
 */
static __always_inline bool is_mptcp(struct bpf_sock *sk, struct sock *address)
{
	return sk->protocol == IPPROTO_TCP && bpf_core_field_exists(struct tcp_sock, is_mptcp) &&
	       BPF_CORE_READ((struct tcp_sock *)address, is_mptcp);
}

static __always_inline bool owner_of_connection(struct sock *subflow, struct end *end)
{
	struct mptcp_subflow_context *context =
		BPF_CORE_READ((struct inet_connection_sock *)subflow, icsk_ulp_data);
	__u64 key = (__u64)BPF_CORE_READ(context, conn);
	struct sk_user *user = bpf_map_lookup_elem(&sk_user, &key);

	return user && read_user(user, key, &end->owner);
}

/*
 * The process behind a full socket, or why there is none. `via` is what a process is found by;
 * `sending`: the packet is this socket's.
 */
static __always_inline bool find_owner(struct bpf_sock *sk, bool sending, __u8 via, struct end *end)
{
	struct sock *address;
	bool found = owner_of_socket(sk, sending, end);

	end->has_socket = true;
	if (!found) {
		address = address_of(sk);
		if (is_mptcp(sk, address))
			found = owner_of_connection(address, end);
		else if (BPF_CORE_READ_BITFIELD_PROBED(address, sk_kern_sock))
			end->via = PIDCAP_VIA_KERNEL;
	}
	if (found)
		end->via = via;
	return found;
}

#ifndef PIDCAP_XDP
/*
 * The socket that has an owner: a connection that isn't established yet has only a request, for
 * which its listener answers; one in TIME_WAIT has none.
 */
static __always_inline struct bpf_sock *owned_socket(struct bpf_sock *sk, __u32 state)
{
	if (state == BPF_TCP_NEW_SYN_RECV)
		return bpf_get_listener_sock(sk);
	return bpf_sk_fullsock(sk);
}
#endif

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

/*
 * Whether the stack will forward this incoming packet instead of delivering it here. A listener or
 * an unconnected socket bound to any address would match it all the same.
 */
static __always_inline bool is_forwarded(context *ctx, const struct packet *packet)
{
#ifdef PIDCAP_CGROUP
	return false; /* it has its socket already */
#else
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
#endif
}

/* On its way out a packet doesn't say by its type that it is for all. */
static __always_inline bool is_routed_to_all(context *ctx, const struct packet *packet)
{
#ifdef PIDCAP_XDP
	return false;
#else
	struct sk_buff *skb = context_packet(ctx);
	struct rtable *route;

	if (packet->family != AF_INET)
		return false;
	/* SKB_DST_PTRMASK of include/linux/skbuff.h */
	route = (struct rtable *)(BPF_CORE_READ(skb, _skb_refdst) & ~1UL);
	return route && BPF_CORE_READ(route, rt_flags) & RTCF_BROADCAST;
#endif
}

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

/* A packet on its way through our programs. */
struct attribution {
	struct packet packet;
	struct end sender;
	struct end receiver;
};

/* Room for a packet as it was before it was translated, see attribution_map. */
struct before_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct packet);
};

extern struct before_map before_packets SEC(".maps");

/* Set before loading. False: packets are only copied, to measure what the rest costs. */
extern const volatile __u32 finds_processes;

/*
 * The packet's own socket is a process's, but nobody can tell whose: what was remembered of earlier
 * packets can't either. The kernel's own sockets answer for those that are gone.
 */
static __always_inline bool is_ownerless(const struct end *sender)
{
	return sender->has_socket && sender->via != PIDCAP_VIA_KERNEL;
}

/* Both ends of a packet, or why there is none at this one. On lo, `looped`, both are here. */
static __always_inline void find_ends(context *ctx, bool ethernet, bool incoming, bool looped,
				      struct attribution *result)
{
#ifdef SEES_TRANSLATION
	struct packet *before;
	__u32 zero = 0;
#endif
	bool sent, received;

	__builtin_memset(result, 0, sizeof(*result));
	if (!finds_processes) {
		result->packet.interface = context_interface(ctx);
		return;
	}
	parse_packet(ctx, ethernet, &result->packet);
	if (result->packet.kind == KIND_PORTS && opens_connection(&result->packet))
		forget_flow(&result->packet);
	sent = sender_by_socket(ctx, &result->sender);
#ifdef SEES_TRANSLATION
	/* Before this interface's memory, which would not know that an address has a new user. */
	before = bpf_map_lookup_elem(&before_packets, &zero);
	if (!before)
		return;
	if (!sent && !is_ownerless(&result->sender) && have_local_peers)
		sent = sender_elsewhere(ctx, &result->packet, before, &result->sender);
#endif
	if (!sent && !is_ownerless(&result->sender))
		sent = find_sender(&result->packet, incoming, &result->sender);
	received =
		find_receiver(ctx, &result->packet, incoming || looped, looped, &result->receiver);
	learn(&result->packet, incoming, &result->sender, &result->receiver);
#ifdef SEES_TRANSLATION
	if (!incoming)
		learn_translation(ctx, &result->packet, before, &result->sender);
#endif
	if (!sent && !received) {
		if (incoming && result->receiver.via == PIDCAP_VIA_UNKNOWN)
			result->receiver.via =
				no_receiver(ctx, &result->packet, result->receiver.has_socket);
#ifndef PIDCAP_XDP
		if (!incoming && result->sender.via == PIDCAP_VIA_UNKNOWN)
			result->sender.via = no_sender(ctx, &result->packet);
#endif
	}
}

/*
 * An attribution is too much for the stack, which all calls share. One for each CPU: a program at a
 * traffic control or XDP hook runs with softirqs off, and no other of them starts before it ends.
 */
struct attribution_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct attribution);
};

extern struct attribution_map attributions SEC(".maps");

static __always_inline const struct attribution *attribute(context *ctx, bool ethernet,
							   bool incoming, bool looped)
{
	__u32 zero = 0;
	struct attribution *result = bpf_map_lookup_elem(&attributions, &zero);

	if (result)
		find_ends(ctx, ethernet, incoming, looped, result);
	return result;
}

#endif
