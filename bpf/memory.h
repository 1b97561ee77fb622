/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps what one packet says about a later one that has no socket to ask: the process behind an
 * echo request, a TCP connection that is closing, a container's end of a veth, a first fragment, a
 * raw socket's probe.
 *
 * An entry is for packets of one interface, or of one network namespace, because the same addresses
 * may be somebody else's elsewhere. Entries expire, so that a process isn't taken for the one that
 * used its addresses before. learn.h decides what is remembered.
 */
#ifndef PIDCAP_MEMORY_H
#define PIDCAP_MEMORY_H

#include "end.h"
#include "parse.h"

/* Set once a packet came in with its sender's socket: some interface leads to local peers. */
extern __u32 have_local_peers;

/* Set once a peer's packet left with translated addresses. */
extern __u32 have_translated;

/* Set once a raw or AF_PACKET socket has sent a packet with ports, or of another protocol of IP. */
extern __u32 have_probes;

/* Set once a socket has sent that a look-up at the packet's interface doesn't find. */
extern __u32 have_hidden;

/* TIME_WAIT lasts 60 s (TCP_TIMEWAIT_LEN); an answer may take as long again. */
#define MEMORY_NS (120ULL * 1000000000)
/* ipfrag_time, ip6frag_time: a packet that isn't complete by then is given up. */
#define FRAGMENT_MEMORY_NS (30ULL * 1000000000)
#define MEMORY_REFRESH_NS  (1ULL * 1000000000)

enum memory_kind {
	MEMORY_FLOW = 1,	/* the sender of packets with these addresses and ports */
	MEMORY_ECHO,		/* the sender of the echo request with this id and sequence */
	MEMORY_FRAGMENT_SENDER, /* the sender of the packet with this identification */
	MEMORY_FRAGMENT_RECEIVER,
	MEMORY_TRANSLATED, /* the sender of packets that leave with these translated addresses */
	MEMORY_SERVED,	   /* who answered from an address and port that weren't translated */
	/* The same as FLOW and ECHO for a sender behind a veth, at any interface. */
	MEMORY_NETNS_FLOW,
	MEMORY_NETNS_ECHO,
	MEMORY_PROBE, /* who sent such a packet by a raw or AF_PACKET socket: it may be forged */
};

struct memory_key {
	struct pidcap_interface interface;
	__u8 kind; /* enum memory_kind */
	__u8 family;
	__u8 protocol;
	__u8 pad;
	__u32 id;
	__u32 saddr[4];
	__u32 daddr[4];
	__u16 sport;
	__u16 dport;
};

/*
 * The LRU map may give an entry to another key while it is read: `check` shows whether the value
 * belongs to the key.
 */
struct memory {
	struct pidcap_owner owner;
	__u64 sk; /* flows: the sender's socket with `born`, see struct sk_user; or 0 */
	__u64 born;
	__u64 seen; /* mono */
	__u64 check;
	__u64 from; /* NETNS kinds: its interface; 0: several, so nobody is the sender */
};

struct memory_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct memory_key);
	__type(value, struct memory);
};

/* Two maps, because each ping has its own entry, and a flood of them must not push flows out. */
extern struct memory_map memory SEC(".maps"), echo_memory SEC(".maps");

/*
 * SAME_WAY: the key of packets with the same addresses and ports. OPPOSITE_WAY: the key of the
 * packets that this one answers, which have them the other way round. An echo's identifier and
 * sequence number are the same both ways.
 */
enum key_direction { SAME_WAY, OPPOSITE_WAY };

static __always_inline void memory_key(struct memory_key *key, __u8 kind,
				       const struct packet *packet, enum key_direction direction)
{
	bool reverse = direction == OPPOSITE_WAY;

	__builtin_memset(key, 0, sizeof(*key));
	key->interface = packet->interface;
	if (kind == MEMORY_NETNS_FLOW || kind == MEMORY_NETNS_ECHO)
		key->interface.ifindex = 0;
	key->kind = kind;
	key->family = packet->family;
	if (kind == MEMORY_FRAGMENT_SENDER || kind == MEMORY_FRAGMENT_RECEIVER) {
		key->id = packet->id;
		/* RFC 8200 4.5: fragments of one IPv6 packet may differ in it. */
		key->protocol = packet->family == AF_INET6 ? 0 : packet->protocol;
	} else if (kind == MEMORY_ECHO || kind == MEMORY_NETNS_ECHO) {
		key->sport = packet->sport;
		key->dport = packet->dport;
	} else {
		key->protocol = packet->protocol;
		key->sport = reverse ? packet->dport : packet->sport;
		key->dport = reverse ? packet->sport : packet->dport;
	}
	__builtin_memcpy(key->saddr, reverse ? packet->daddr : packet->saddr, sizeof(key->saddr));
	__builtin_memcpy(key->daddr, reverse ? packet->saddr : packet->daddr, sizeof(key->daddr));
}

static __always_inline __u64 memory_check(const struct memory_key *key,
					  const struct pidcap_owner *owner)
{
	__u64 check = owner_check(owner);

	check = check * 31 + key->interface.netns;
	check = check * 31 + key->interface.ifindex +
		((__u64)key->sport << 48 | (__u64)key->dport << 32);
	check = check * 31 + ((__u64)key->kind << 16 | key->family << 8 | key->protocol) + key->id;
	for (int i = 0; i < 4; i++)
		check = check * 31 + ((__u64)key->saddr[i] << 32 | key->daddr[i]);
	return check;
}

static __always_inline struct memory *look_up_memory(const struct memory_key *key)
{
	if (key->kind == MEMORY_ECHO || key->kind == MEMORY_NETNS_ECHO)
		return bpf_map_lookup_elem(&echo_memory, key);
	return bpf_map_lookup_elem(&memory, key);
}

/*
 * Updates a remembered flow's sender to its socket's present user, if the socket is still open.
 * Returns whether `owner` may be believed. After the close, TCP's last packets belong to the
 * remembered one; on UDP the addresses and ports may be another socket's already.
 */
static __always_inline bool recall_user(__u64 sk, __u64 born, __u8 protocol,
					struct pidcap_owner *owner)
{
	struct sk_user *user = sk ? bpf_map_lookup_elem(&sk_user, &sk) : NULL;

	if (user && user->born == born)
		return read_user(user, sk, owner);
	return protocol == IPPROTO_TCP;
}

/*
 * Finds the sender that is remembered under the packet's key, or, for MEMORY_FRAGMENT_RECEIVER, the
 * receiver. Returns false, and leaves end->owner empty, if none is known. The caller sets end->via.
 */
static __noinline bool recall(__u8 kind, const struct packet *packet, enum key_direction direction,
			      struct end *end)
{
	bool fragment = kind == MEMORY_FRAGMENT_SENDER || kind == MEMORY_FRAGMENT_RECEIVER;
	bool flow = kind == MEMORY_FLOW || kind == MEMORY_TRANSLATED || kind == MEMORY_NETNS_FLOW;
	struct memory_key key;
	struct memory *known;
	__u64 sk, born;

	memory_key(&key, kind, packet, direction);
	known = look_up_memory(&key);
	if (!known ||
	    bpf_ktime_get_ns() - known->seen > (fragment ? FRAGMENT_MEMORY_NS : MEMORY_NS))
		return false;
	end->owner = known->owner;
	sk = known->sk;
	born = known->born;
	if (known->check == memory_check(&key, &end->owner) && end->owner.tgid &&
	    (!flow || recall_user(sk, born, packet->protocol, &end->owner))) {
		end->sk = sk;
		end->born = born;
		return true;
	}
	__builtin_memset(&end->owner, 0, sizeof(end->owner));
	return false;
}

/* Remembers `owner` under a key. `sk` and `born` are a flow's socket, if it is open; else 0. */
static __noinline void remember(struct memory_key *key, const struct pidcap_owner *owner, __u64 sk,
				__u64 born)
{
	struct memory *known = look_up_memory(key);
	struct memory fresh = {};
	__u64 now = bpf_ktime_get_ns();

	if (known && is_same_owner(&known->owner, owner) && known->sk == sk &&
	    known->born == born && now - known->seen < MEMORY_REFRESH_NS)
		return;
	fresh.owner = *owner;
	fresh.sk = sk;
	fresh.born = born;
	fresh.seen = now;
	fresh.check = memory_check(key, owner);
	if (key->kind == MEMORY_ECHO || key->kind == MEMORY_NETNS_ECHO)
		bpf_map_update_elem(&echo_memory, key, &fresh, BPF_ANY);
	else
		bpf_map_update_elem(&memory, key, &fresh, BPF_ANY);
}

/* The key of a local address and port, with any peer. */
static __always_inline void served_key(struct memory_key *key, const struct packet *packet,
				       enum key_direction direction)
{
	memory_key(key, MEMORY_SERVED, packet, direction);
	__builtin_memset(key->daddr, 0, sizeof(key->daddr));
	key->dport = 0;
}

/* Returns whether a process has sent, untranslated, from where this packet goes to. */
static __noinline bool is_served(const struct packet *packet)
{
	struct memory_key key;
	struct memory *known;

	served_key(&key, packet, OPPOSITE_WAY);
	known = look_up_memory(&key);
	return known && bpf_ktime_get_ns() - known->seen <= MEMORY_NS;
}

/*
 * Does the same as remember() for the NETNS kinds. If another owner has the same addresses at
 * another interface, as another container may, the key has no owner until it expires.
 */
static __noinline void remember_in_netns(struct memory_key *key, const struct pidcap_owner *owner,
					 __u64 sk, __u64 born, __u32 ifindex)
{
	struct memory *known = look_up_memory(key);
	struct memory fresh = {};
	__u64 now = bpf_ktime_get_ns();
	bool recent = known && now - known->seen < MEMORY_NS;

	if (recent && !known->from)
		return;
	if (recent && is_same_owner(&known->owner, owner) && known->sk == sk &&
	    known->born == born && now - known->seen < MEMORY_REFRESH_NS)
		return;
	if (!recent || known->from == ifindex || is_same_owner(&known->owner, owner)) {
		fresh.owner = *owner;
		fresh.sk = sk;
		fresh.born = born;
		fresh.from = ifindex;
	}
	fresh.seen = now;
	fresh.check = memory_check(key, &fresh.owner);
	if (key->kind == MEMORY_NETNS_ECHO)
		bpf_map_update_elem(&echo_memory, key, &fresh, BPF_ANY);
	else
		bpf_map_update_elem(&memory, key, &fresh, BPF_ANY);
}

/*
 * Remembers one end of a first fragment. An end without an owner deletes the entry, so that later
 * fragments don't find the owner of an earlier packet.
 */
static __always_inline void remember_fragment(__u8 kind, const struct packet *packet,
					      const struct pidcap_owner *owner)
{
	struct memory_key key;

	memory_key(&key, kind, packet, SAME_WAY);
	if (owner->tgid)
		remember(&key, owner, 0, 0);
	else
		bpf_map_delete_elem(&memory, &key);
}

/* Forgets both directions of a flow, because a new connection begins on it. */
static __noinline void forget_flow(const struct packet *packet)
{
	struct memory_key key;

	memory_key(&key, MEMORY_FLOW, packet, SAME_WAY);
	bpf_map_delete_elem(&memory, &key);
	memory_key(&key, MEMORY_FLOW, packet, OPPOSITE_WAY);
	bpf_map_delete_elem(&memory, &key);
}

#endif
