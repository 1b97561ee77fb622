/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The entries of memory.h: their keys, where they are kept, how they are written and read while
 * other CPUs do the same. memory.h says what they mean.
 */
#ifndef PIDCAP_MEMORY_ENTRY_H
#define PIDCAP_MEMORY_ENTRY_H

#include "end.h"
#include "parse.h"

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
	__u32 pad2;
};

#define MEMORY_KEY_WORDS (sizeof(struct memory_key) / 8)

/* CPUs may write an entry at the same time, or read it meanwhile: `check` shows whether it is
 * whole. */
struct memory {
	struct memory_key key;
	struct pidcap_owner owner;
	__u64 sk; /* flows: the sender's socket with `born`, see struct sk_user; or 0 */
	__u64 born;
	__u64 seen; /* memory_time(); 0: forgotten */
	__u64 check;
	__u64 from; /* NETNS kinds: its interface; 0: several, so nobody is the sender */
};

/*
 * A key has two sets, in which its entry may have any way; its tag, a hash of it, stands there. A
 * new entry takes the one that was written the longest time ago. With two sets that is nearly the
 * oldest of all; with one, a few sets would give up what is young. An LRU hash does the same, but
 * costs five times as much: it takes locks, and searches for what to give up.
 */
#define MEMORY_WAYS 8
#define MEMORY_SETS 2048

struct memory_set {
	__u64 tags[MEMORY_WAYS];
	__u64 written[MEMORY_WAYS]; /* memory_time() */
	struct memory entries[MEMORY_WAYS];
};

/* Echoes have sets of their own, because each ping has an entry, and must not push flows out. */
struct memory_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * MEMORY_SETS);
	__type(key, __u32);
	__type(value, struct memory_set);
};

extern struct memory_map memory SEC(".maps");

/* Set before loading, to a random number: so nobody can choose addresses that meet in one set. */
extern const volatile __u64 memory_seed;

/* Set before loading: how long a tick of the kernel's lasts, in ns. */
extern const volatile __u64 tick_ns;

/*
 * The time up to the last tick, in ns since about five minutes before the boot. The verifier makes
 * two instructions of it; for the exact time the kernel calls several functions.
 */
static __always_inline __u64 memory_time(void)
{
	return bpf_jiffies64() * tick_ns;
}

/* A slot is a set's number times MEMORY_WAYS, and a way. */
#define MEMORY_NO_SLOT (~0U)

/*
 * memory.bpf.c: return the slot of a tag in two sets, or MEMORY_NO_SLOT; and the slot to write a
 * new entry to. Global functions, which the verifier looks at once, not at each call.
 */
__u32 slot_of_tag(__u32 set, __u32 other_set, __u64 tag);
__u32 slot_to_replace(__u32 set, __u32 other_set);

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

/* Where a key's entry is, or may be. */
struct memory_place {
	__u64 tag;
	__u32 set;
	__u32 other_set;
	__u32 slot; /* MEMORY_NO_SLOT: it has none */
};

static __always_inline __u64 hash_of_end(const __u32 *address, __u16 port)
{
	__u64 hash = mix(memory_seed, port);

	hash = mix(hash, (__u64)address[0] << 32 | address[1]);
	return mix(hash, (__u64)address[2] << 32 | address[3]);
}

/*
 * What all entries of a conversation have in common chooses the sets, whatever their kind,
 * interface and direction: one packet asks for several of them, which are in the cache after the
 * first.
 */
static __always_inline void find_place(const struct memory_key *key, struct memory_place *place)
{
	bool echo = key->kind == MEMORY_ECHO || key->kind == MEMORY_NETNS_ECHO;
	__u64 source = hash_of_end(key->saddr, key->sport);
	__u64 both = mix(source + hash_of_end(key->daddr, key->dport), key->id);
	__u64 tag = mix(both, source);

	tag = mix(tag, (__u64)key->interface.netns << 32 | key->interface.ifindex);
	tag = mix(tag, (__u32)key->kind << 16 | (__u32)key->family << 8 | key->protocol);
	place->tag = tag;
	place->set = both % MEMORY_SETS + (echo ? MEMORY_SETS : 0);
	place->other_set = (both >> 32) % MEMORY_SETS + (echo ? MEMORY_SETS : 0);
	place->slot = slot_of_tag(place->set, place->other_set, tag);
}

/* Returns the set of a slot, NULL if there is none. `way`: the slot's in it. */
static __always_inline struct memory_set *set_of_slot(__u32 slot, __u64 *way)
{
	__u32 number = slot / MEMORY_WAYS;

	*way = slot;
	barrier_var(*way);
	*way %= MEMORY_WAYS;
	return bpf_map_lookup_elem(&memory, &number);
}

static __always_inline bool is_same_key(const struct memory_key *one,
					const struct memory_key *other)
{
	const __u64 *left = (const __u64 *)one, *right = (const __u64 *)other;
	__u64 difference = 0;

	for (__u32 i = 0; i < MEMORY_KEY_WORDS; i++)
		difference |= left[i] ^ right[i];
	return !difference;
}

/* Finds the entry of a key; NULL if it has none. `place`: where it is, or may be. */
static __always_inline struct memory *find_memory(const struct memory_key *key,
						  struct memory_place *place)
{
	struct memory_set *set;
	struct memory *known;
	__u64 way;

	find_place(key, place);
	if (place->slot == MEMORY_NO_SLOT)
		return NULL;
	set = set_of_slot(place->slot, &way);
	if (!set)
		return NULL;
	known = &set->entries[way];
	return is_same_key(&known->key, key) ? known : NULL;
}

/* What `check` has to be. `tag` stands for the key. */
static __always_inline __u64 memory_check(__u64 tag, const struct pidcap_owner *owner, __u64 sk,
					  __u64 born)
{
	return ((tag ^ pidcap_owner_check(owner)) * 31 + sk) * 31 + born;
}

/* Writes an entry. `check` isn't memory_check()'s where nobody is to be found by it. */
static __always_inline void write_memory(const struct memory_key *key, struct memory_place *place,
					 const struct pidcap_owner *owner, __u64 sk, __u64 born,
					 __u64 from, __u64 check)
{
	__u32 slot = place->slot != MEMORY_NO_SLOT ? place->slot
						   : slot_to_replace(place->set, place->other_set);
	struct memory *entry;
	struct memory_set *set;
	__u64 way;

	set = set_of_slot(slot, &way);
	if (!set)
		return;
	entry = &set->entries[way];
	entry->key = *key;
	entry->owner = *owner;
	entry->sk = sk;
	entry->born = born;
	entry->seen = memory_time();
	entry->check = check;
	entry->from = from;
	set->tags[way] = place->tag;
	set->written[way] = entry->seen;
}

/*
 * Returns how long ago an entry was written, in ns, up to a tick; if it was forgotten, longer than
 * any.
 */
static __always_inline __u64 memory_age(const struct memory *entry)
{
	__u64 seen = entry->seen, now = memory_time();

	if (!seen)
		return ~0ULL;
	return now > seen ? now - seen : 0; /* another CPU has just written it */
}

/* Takes the owner from an entry. Returns false, and an empty owner, if it isn't whole or has none.
 */
static __always_inline bool read_memory(const struct memory *known, __u64 tag, struct end *end)
{
	/* Again, if another CPU was just writing it. */
	for (int i = 0; i < 2; i++) {
		end->owner = known->owner;
		end->sk = known->sk;
		end->born = known->born;
		if (known->check == memory_check(tag, &end->owner, end->sk, end->born))
			return end->owner.tgid;
	}
	return false;
}

#endif
