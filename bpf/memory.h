/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was learnt from one packet for the sake of a later one that has no socket to ask: the
 * process behind an echo request, a TCP connection that is closing, a container's end of a veth, a
 * fragment.
 *
 * Entries are of one interface: what crosses it in both directions is one conversation, whatever
 * name the same addresses have in another network namespace. They expire, so that an address used
 * again by another process isn't taken for the first.
 */
#ifndef PIDCAP_MEMORY_H
#define PIDCAP_MEMORY_H

#include "contract.h"
#include "parse.h"

/* TIME_WAIT lasts 60 s (TCP_TIMEWAIT_LEN); an answer may take as long again. */
#define MEMORY_NS	  (120ULL * 1000000000)
#define MEMORY_REFRESH_NS (1ULL * 1000000000)

enum memory_kind {
	MEMORY_FLOW = 1,	/* the sender of packets with these addresses and ports */
	MEMORY_ECHO,		/* the sender of echo requests with this identifier */
	MEMORY_FRAGMENT_SENDER, /* of packets with this identification */
	MEMORY_FRAGMENT_RECEIVER,
};

struct memory_key {
	__u32 ifindex;
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

/* The LRU may give an entry to another key while it is read: `check` ties it to its own. */
struct memory {
	struct pidcap_owner owner;
	__u64 seen; /* mono */
	__u64 check;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct memory_key);
	__type(value, struct memory);
} memory SEC(".maps");

/* The key under which a packet's sender is remembered; `reverse`: under which its receiver is. */
static __always_inline void memory_key(struct memory_key *key, __u32 ifindex, __u8 kind,
				       const struct packet *packet, bool reverse)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->ifindex = ifindex;
	key->kind = kind;
	key->family = packet->family;
	key->protocol = packet->protocol;
	if (kind == MEMORY_FRAGMENT_SENDER || kind == MEMORY_FRAGMENT_RECEIVER)
		key->id = packet->id;
	else if (kind == MEMORY_ECHO)
		key->sport = packet->sport;
	else {
		key->sport = reverse ? packet->dport : packet->sport;
		key->dport = reverse ? packet->sport : packet->dport;
	}
	__builtin_memcpy(key->saddr, reverse ? packet->daddr : packet->saddr, sizeof(key->saddr));
	__builtin_memcpy(key->daddr, reverse ? packet->saddr : packet->daddr, sizeof(key->daddr));
}

static __always_inline __u64 memory_check(const struct memory_key *key,
					  const struct pidcap_owner *owner)
{
	__u64 check = owner->start_boot ^ ((__u64)owner->tgid << 32 | owner->tid);

	check = check * 31 + key->ifindex + ((__u64)key->sport << 48 | (__u64)key->dport << 32);
	check = check * 31 + ((__u64)key->kind << 16 | key->family << 8 | key->protocol) + key->id;
	for (int i = 0; i < 4; i++)
		check = check * 31 + ((__u64)key->saddr[i] << 32 | key->daddr[i]);
	return check;
}

static __noinline bool recall(__u32 ifindex, __u8 kind, const struct packet *packet, bool reverse,
			      struct pidcap_owner *owner)
{
	struct memory_key key;
	struct memory *known;

	memory_key(&key, ifindex, kind, packet, reverse);
	known = bpf_map_lookup_elem(&memory, &key);
	if (!known || bpf_ktime_get_ns() - known->seen > MEMORY_NS)
		return false;
	*owner = known->owner;
	if (known->check == memory_check(&key, owner))
		return true;
	__builtin_memset(owner, 0, sizeof(*owner));
	return false;
}

static __noinline void remember(__u32 ifindex, __u8 kind, const struct packet *packet,
				const struct pidcap_owner *owner)
{
	struct memory_key key;
	struct memory *known;
	struct memory fresh = {};
	__u64 now = bpf_ktime_get_ns();

	memory_key(&key, ifindex, kind, packet, false);
	known = bpf_map_lookup_elem(&memory, &key);
	if (known && known->owner.tgid == owner->tgid && known->owner.tid == owner->tid &&
	    known->owner.start_boot == owner->start_boot && now - known->seen < MEMORY_REFRESH_NS)
		return;
	fresh.owner = *owner;
	fresh.seen = now;
	fresh.check = memory_check(&key, owner);
	bpf_map_update_elem(&memory, &key, &fresh, BPF_ANY);
}

/* A new connection begins on these addresses and ports: what was known of an old one is void. */
static __noinline void forget_flow(__u32 ifindex, const struct packet *packet)
{
	struct memory_key key;

	memory_key(&key, ifindex, MEMORY_FLOW, packet, false);
	bpf_map_delete_elem(&memory, &key);
	memory_key(&key, ifindex, MEMORY_FLOW, packet, true);
	bpf_map_delete_elem(&memory, &key);
}

#endif
