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

#include "memory_entry.h"

/* Set once a packet came in with its sender's socket: some interface leads to local peers. */
extern __u32 have_local_peers;

/*
 * How often a connection has begun, or what is remembered of a flow got another owner, for
 * flow_cache.h: a counter is of all flows with the same hash, in both directions.
 */
#define FLOW_VERSIONS 4096
struct flow_version_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FLOW_VERSIONS);
	__type(key, __u32);
	__type(value, __u64);
};

extern struct flow_version_map flow_versions SEC(".maps");

/* The first and last words of the addresses: of IPv4, the address and 0. */
static __always_inline __u64 *flow_version_of(const __u32 *saddr, const __u32 *daddr, __u16 sport,
					      __u16 dport)
{
	__u64 both = (__u64)(saddr[0] ^ daddr[0] ^ saddr[3] ^ daddr[3]) << 16 | (sport ^ dport);
	__u32 index = mix(0, both) % FLOW_VERSIONS;

	return bpf_map_lookup_elem(&flow_versions, &index);
}

static __always_inline void note_change_of_flow(const __u32 *saddr, const __u32 *daddr, __u16 sport,
						__u16 dport)
{
	__u64 *version = flow_version_of(saddr, daddr, sport, dport);

	if (version)
		__sync_fetch_and_add(version, 1);
}

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

enum recalled {
	NOT_RECALLED,
	RECALLED,
	RECALLED_ELSEWHERE, /* there is an entry, but of another interface */
};

/*
 * Does the same as recall(). `from`: the interface at which the sender has to have been learned,
 * for the NETNS kinds; 0: any. Only RECALLED fills in `end`.
 */
static __noinline enum recalled recall_from(__u32 from, __u8 kind, const struct packet *packet,
					    enum key_direction direction, struct end *end)
{
	bool fragment = kind == MEMORY_FRAGMENT_SENDER || kind == MEMORY_FRAGMENT_RECEIVER;
	bool flow = kind == MEMORY_FLOW || kind == MEMORY_TRANSLATED || kind == MEMORY_NETNS_FLOW;
	struct memory_place place;
	struct memory_key key;
	struct memory *known;

	memory_key(&key, kind, packet, direction);
	known = find_memory(&key, &place);
	if (!known || memory_age(known) > (fragment ? FRAGMENT_MEMORY_NS : MEMORY_NS))
		return NOT_RECALLED;
	if (from && known->from != from)
		return RECALLED_ELSEWHERE;
	if (read_memory(known, place.tag, end) &&
	    (!flow || recall_user(end->sk, end->born, packet->protocol, &end->owner)))
		return RECALLED;
	__builtin_memset(&end->owner, 0, sizeof(end->owner));
	end->sk = 0;
	end->born = 0;
	return NOT_RECALLED;
}

/*
 * Finds the sender that is remembered under the packet's key, or, for MEMORY_FRAGMENT_RECEIVER, the
 * receiver. Returns false, and leaves end->owner empty, if none is known. The caller sets end->via.
 */
static __always_inline bool recall(__u8 kind, const struct packet *packet,
				   enum key_direction direction, struct end *end)
{
	return recall_from(0, kind, packet, direction, end) == RECALLED;
}

/* Remembers `owner` under a key. `sk` and `born` are a flow's socket, if it is open; else 0. */
static __noinline void remember(struct memory_key *key, const struct pidcap_owner *owner, __u64 sk,
				__u64 born)
{
	struct memory_place place;
	struct memory *known = find_memory(key, &place);
	__u64 check = memory_check(place.tag, owner, sk, born);

	if (known && known->check == check && memory_age(known) < MEMORY_REFRESH_NS)
		return;
	write_memory(key, &place, owner, sk, born, 0, check);
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
static __noinline __attribute__((unused)) bool is_served(const struct packet *packet)
{
	struct memory_place place;
	struct memory_key key;
	struct memory *known;

	served_key(&key, packet, OPPOSITE_WAY);
	known = find_memory(&key, &place);
	return known && memory_age(known) <= MEMORY_NS;
}

/*
 * Does the same as remember() for the NETNS kinds. If another owner has the same addresses at
 * another interface, as another container may, the key has no owner until it expires. Returns
 * whether it has this one.
 */
static __noinline __attribute__((unused)) bool remember_in_netns(struct memory_key *key,
								 const struct pidcap_owner *owner,
								 __u64 sk, __u64 born,
								 __u32 ifindex)
{
	struct memory_place place;
	struct memory *known = find_memory(key, &place);
	__u64 check = memory_check(place.tag, owner, sk, born);
	__u64 age = known ? memory_age(known) : ~0ULL;
	struct pidcap_owner nobody = {};

	if (age < MEMORY_NS && !known->from)
		return false;
	if (age < MEMORY_REFRESH_NS && known->check == check)
		return true;
	if (!known || known->check != check)
		note_change_of_flow(key->saddr, key->daddr, key->sport, key->dport);
	if (age >= MEMORY_NS || known->from == ifindex || is_same_owner(&known->owner, owner)) {
		write_memory(key, &place, owner, sk, born, ifindex, check);
		return true;
	}
	write_memory(key, &place, &nobody, 0, 0, 0, 0);
	return false;
}

static __always_inline void forget(const struct memory_key *key)
{
	struct memory_place place;
	struct memory *known = find_memory(key, &place);

	if (known)
		known->seen = 0;
}

/*
 * Remembers one end of a first fragment. An end without an owner is forgotten, so that later
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
		forget(&key);
}

/* Forgets one direction of a flow, because a new connection begins on it. */
static __noinline __attribute__((unused)) void forget_flow(const struct packet *packet,
							   enum key_direction direction)
{
	struct memory_key key;

	memory_key(&key, MEMORY_FLOW, packet, direction);
	forget(&key);
}

#endif
