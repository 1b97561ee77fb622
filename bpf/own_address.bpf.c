// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks the kernel's tables of sockets without a peer, and scores them as the kernel does, for
 * own_address.h, which says why.
 */
#include "own_address.h"

/* How many sockets of one port are looked at. */
#define MAX_PORT_SOCKETS 32

/* The packet is read as it is needed: the stack has no room for another one. */
#define READ_PACKET(to, address, field)                                                            \
	bpf_probe_read_kernel(to, sizeof(*(to)), &((const struct packet *)(address))->field)

/* What stands for the first node where there is no table. */
#define NO_LIST ((struct hlist_node *)-1L)

/* A list of listeners doesn't end with NULL, but with an odd number. */
static __always_inline bool is_end(struct hlist_node *node)
{
	return !node || (__u64)node & 1;
}

/* Parts of a score: a socket's own address decides before its peer or device, these before IPv4. */
#define SCORE_ADDRESS	 64
#define SCORE_PEER	 4
#define SCORE_UDP_DEVICE 4
#define SCORE_TCP_DEVICE 1
#define SCORE_IPV4	 1
#define SCORE_MATCH	 1
/* Beside the score: the socket shares its port by SO_REUSEPORT. */
#define SCORE_REUSEPORT 256U

/*
 * Scores an address of a socket, which is the packet's `own` or any. Returns false if the socket
 * has another one.
 */
static __always_inline bool score_address(const __u32 *address, const __u32 (*own)[4], __u32 worth,
					  __u32 *score)
{
	__u32 other[4] = {};

	if (!(address[0] | address[1] | address[2] | address[3]))
		return true;
	*score += worth;
	bpf_probe_read_kernel(&other, sizeof(other), own);
	return address[0] == other[0] && address[1] == other[1] && address[2] == other[2] &&
	       address[3] == other[3];
}

static __always_inline bool score_ipv4(struct sock_common *sk, __u64 packet, __u32 *score)
{
	__u32 address[4] = {BPF_CORE_READ(sk, skc_rcv_saddr)};

	if (BPF_CORE_READ(sk, skc_family) == AF_INET)
		*score += SCORE_IPV4;
	else if (BPF_CORE_READ_BITFIELD_PROBED(sk, skc_ipv6only))
		return false;
	if (!score_address(address, &((struct packet *)packet)->daddr, SCORE_ADDRESS, score))
		return false;
	address[0] = BPF_CORE_READ(sk, skc_daddr);
	return score_address(address, &((struct packet *)packet)->saddr, SCORE_PEER, score);
}

static __always_inline bool score_ipv6(struct sock_common *sk, __u64 packet, __u32 *score)
{
	__u32 address[4];

	if (BPF_CORE_READ(sk, skc_family) != AF_INET6)
		return false;
	BPF_CORE_READ_INTO(&address, sk, skc_v6_rcv_saddr.in6_u.u6_addr32);
	if (!score_address(address, &((struct packet *)packet)->daddr, SCORE_ADDRESS, score))
		return false;
	BPF_CORE_READ_INTO(&address, sk, skc_v6_daddr.in6_u.u6_addr32);
	return score_address(address, &((struct packet *)packet)->saddr, SCORE_PEER, score);
}

/*
 * Returns how well a socket matches, 0 if it doesn't: compute_score() of net/ipv4/udp.c,
 * net/ipv6/udp.c and net/ipv4/inet_hashtables.c, after the order in which those look; without
 * SO_INCOMING_CPU, which decides between sockets that are otherwise equal, and without VRF. All but
 * `device` are addresses of the kernel's. A global function: else the verifier would follow each
 * score that is possible through all that come after it.
 */
__noinline __u32 score_socket(__u64 socket, __u64 packet, __u64 net, __u32 device)
{
	struct sock_common *sk = (struct sock_common *)socket;
	__u32 score = SCORE_MATCH, bound;
	__be16 port = 0, peer_port;
	__u8 protocol = 0, family = 0;

	READ_PACKET(&port, packet, dport);
	if (BPF_CORE_READ(sk, skc_num) != bpf_ntohs(port) ||
	    (__u64)BPF_CORE_READ(sk, skc_net.net) != net)
		return 0;
	bound = BPF_CORE_READ(sk, skc_bound_dev_if);
	if (bound && bound != device)
		return 0;
	READ_PACKET(&protocol, packet, protocol);
	if (bound)
		score += protocol == IPPROTO_TCP ? SCORE_TCP_DEVICE : SCORE_UDP_DEVICE;
	peer_port = BPF_CORE_READ(sk, skc_dport);
	READ_PACKET(&port, packet, sport);
	if (peer_port && peer_port != port)
		return 0;
	if (peer_port)
		score += SCORE_PEER;
	READ_PACKET(&family, packet, family);
	if (family == AF_INET ? !score_ipv4(sk, packet, &score) : !score_ipv6(sk, packet, &score))
		return 0;
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, skc_reuseport))
		score |= SCORE_REUSEPORT;
	return score;
}

/* The protocol of the packet's own socket, which knows the tables where `net` doesn't. */
static __always_inline struct proto *sending_protocol(struct __sk_buff *ctx, __u32 protocol)
{
	struct sk_buff *skb = context_packet(ctx);
	struct sock *sk = BPF_CORE_READ(skb, sk);

	if (!sk || BPF_CORE_READ(sk, sk_protocol) != protocol)
		return NULL;
	return BPF_CORE_READ(sk, __sk_common.skc_prot);
}

/* udp_hashfn() of include/linux/udp.h: one list for a port, whatever the address. */
static __always_inline struct hlist_node *udp_sockets(struct __sk_buff *ctx, struct net *net,
						      __u16 port)
{
	struct udp_table *table;
	struct udp_hslot *list;
	__u32 slot;

	/* Since Linux 6.2 (commit 9804985bf27f) a namespace may have its own. */
	if (bpf_core_field_exists(struct netns_ipv4, udp_table))
		table = BPF_CORE_READ(net, ipv4.udp_table);
	else
		table = BPF_CORE_READ(sending_protocol(ctx, IPPROTO_UDP), h.udp_table);
	if (!table)
		return NO_LIST;
	slot = (port + BPF_CORE_READ(net, hash_mix)) & BPF_CORE_READ(table, mask);
	list = (void *)BPF_CORE_READ(table, hash) + slot * bpf_core_type_size(struct udp_hslot);
	return BPF_CORE_READ(list, head.first);
}

#define JHASH_INITVAL	   0xdeadbeef
#define ROTATE(word, bits) ((word) << (bits) | (word) >> (32 - (bits)))

/* jhash() of include/linux/jhash.h for one word, or, if `words` is 4, for an IPv6 address. */
static __always_inline __u32 hash_address(const __u32 *word, __u32 words, __u32 seed)
{
	__u32 a = JHASH_INITVAL + (words << 2) + seed, b = a, c = a;

	a += word[0];
	if (words == 4) {
		b += word[1];
		c += word[2];
		a -= c, a ^= ROTATE(c, 4), c += b;
		b -= a, b ^= ROTATE(a, 6), a += c;
		c -= b, c ^= ROTATE(b, 8), b += a;
		a -= c, a ^= ROTATE(c, 16), c += b;
		b -= a, b ^= ROTATE(a, 19), a += c;
		c -= b, c ^= ROTATE(b, 4), b += a;
		a += word[3];
	}
	c ^= b, c -= ROTATE(b, 14);
	a ^= c, a -= ROTATE(c, 11);
	b ^= a, b -= ROTATE(a, 25);
	c ^= b, c -= ROTATE(b, 16);
	a ^= c, a -= ROTATE(c, 4);
	b ^= a, b -= ROTATE(a, 14);
	c ^= b, c -= ROTATE(b, 24);
	return c;
}

/* From 5.17 to 6.0 the table is behind a pointer, which isn't followed here. */
static __always_inline struct inet_hashinfo *listener_table(struct __sk_buff *ctx, struct net *net)
{
	if (bpf_core_field_exists(((struct net *)0)->ipv4.tcp_death_row.hashinfo))
		return BPF_CORE_READ(net, ipv4.tcp_death_row.hashinfo);
	return BPF_CORE_READ(sending_protocol(ctx, IPPROTO_TCP), h.hashinfo);
}

/*
 * The listeners on the packet's address, or, if `any`, on any: inet_lhash2_bucket() of
 * include/net/inet_hashtables.h.
 */
static __noinline struct hlist_node *listeners(struct inet_hashinfo *table, struct net *net,
					       __u64 packet, bool any, __u16 port)
{
	struct inet_listen_hashbucket *bucket;
	__u32 address[4] = {}, slot;
	__u8 family = AF_INET;

	if (!any) {
		READ_PACKET(&family, packet, family);
		READ_PACKET(&address, packet, daddr);
	}
	slot = hash_address(address, family == AF_INET ? 1 : 4, BPF_CORE_READ(net, hash_mix));
	slot = (slot ^ port) & BPF_CORE_READ(table, lhash2_mask);
	bucket = (void *)BPF_CORE_READ(table, lhash2) +
		 slot * bpf_core_type_size(struct inet_listen_hashbucket);
	return BPF_CORE_READ(bucket, nulls_head.first);
}

/* Returns how far into a socket its node in the list is. */
static __always_inline __u64 node_offset(bool tcp)
{
	/* Until Linux 5.19 (commit cae3873c5b3a) listeners had a node of their own for it. */
	if (tcp && bpf_core_field_exists(struct inet_connection_sock, icsk_listen_portaddr_node))
		return bpf_core_field_offset(struct inet_connection_sock,
					     icsk_listen_portaddr_node);
	return bpf_core_field_offset(struct sock_common, skc_node);
}

/* Set in the address of a socket that shares its score with others. */
#define SEVERAL 2ULL

/*
 * Returns the socket of a list that matches best, perhaps with SEVERAL, or 0 if none does, or
 * SOCKET_NOT_KNOWN if the list is too long. The flag is kept in the address, and not beside it, so
 * that the verifier has one state to follow. `first` is a node of the list. A global function, as
 * score_socket().
 */
__noinline __u64 best_in_list(__u64 first, __u64 offset, __u64 packet, __u64 net, __u32 device)
{
	struct hlist_node *node = (struct hlist_node *)first;
	__u32 score, best_score = 0, shared_score = 0;
	__u64 best = 0;

	for (int i = 0; i < MAX_PORT_SOCKETS; i++) {
		if (is_end(node))
			break;
		score = score_socket((__u64)node - offset, packet, net, device);
		if (shared_score && score & SCORE_REUSEPORT && score != shared_score)
			return SOCKET_NOT_KNOWN;
		if (score && (score & ~SCORE_REUSEPORT) == (best_score & ~SCORE_REUSEPORT))
			best |= SEVERAL;
		if ((score & ~SCORE_REUSEPORT) > (best_score & ~SCORE_REUSEPORT)) {
			best_score = score;
			best = (__u64)node - offset;
		}
		if (score & SCORE_REUSEPORT)
			shared_score = score;
		node = BPF_CORE_READ(node, next);
	}
	/* The kernel ends its search at the first socket that shares its port, a better one or not.
	 */
	if (!is_end(node) || (shared_score && shared_score != best_score))
		return SOCKET_NOT_KNOWN;
	return best;
}

static __always_inline __u64 best_listener(struct __sk_buff *ctx, struct net *net, __u64 packet,
					   __u16 port, __u32 device)
{
	struct inet_hashinfo *table = listener_table(ctx, net);
	__u64 offset = node_offset(true), best;

	if (!table)
		return SOCKET_NOT_KNOWN;
	best = best_in_list((__u64)listeners(table, net, packet, false, port), offset, packet,
			    (__u64)net, device);
	if (best)
		return best;
	return best_in_list((__u64)listeners(table, net, packet, true, port), offset, packet,
			    (__u64)net, device);
}

__noinline __u64 find_at_own_address(struct __sk_buff *ctx, __u64 packet, __u32 device, __u64 hint)
{
	struct net_device *lo = context_device(ctx);
	struct net *net = BPF_CORE_READ(lo, nd_net.net);
	struct hlist_node *list;
	__u8 protocol = 0;
	__be16 port = 0;
	__u64 best;

	READ_PACKET(&protocol, packet, protocol);
	READ_PACKET(&port, packet, dport);
	if (protocol == IPPROTO_TCP) {
		best = best_listener(ctx, net, packet, bpf_ntohs(port), device);
	} else {
		list = udp_sockets(ctx, net, bpf_ntohs(port));
		best = list == NO_LIST ? SOCKET_NOT_KNOWN
				       : best_in_list((__u64)list, node_offset(false), packet,
						      (__u64)net, device);
	}
	if (!(best & SEVERAL))
		return best;
	if (hint && score_socket(hint, packet, (__u64)net, device) ==
			    score_socket(best & ~SEVERAL, packet, (__u64)net, device))
		return hint;
	return SOCKET_NOT_KNOWN;
}
