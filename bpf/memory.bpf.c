// SPDX-License-Identifier: GPL-2.0-only
/*
 * Searches the sets of memory_entry.h's map, which says why. A file of its own, because a global
 * function, which the verifier looks at once, must stand in one object only.
 */
#include "memory_entry.h"

static __always_inline __u32 search(__u32 set, __u64 tag)
{
	struct memory_set *known = bpf_map_lookup_elem(&memory, &set);

	for (__u32 way = 0; known && way < MEMORY_WAYS; way++)
		if (known->tags[way] == tag)
			return set * MEMORY_WAYS + way;
	return MEMORY_NO_SLOT;
}

__noinline __u32 slot_of_tag(__u32 set, __u32 other_set, __u64 tag)
{
	__u32 slot = search(set, tag);

	return slot != MEMORY_NO_SLOT ? slot : search(other_set, tag);
}

struct oldest {
	__u64 written;
	__u32 slot;
};

static __always_inline void find_oldest(__u32 set, struct oldest *oldest)
{
	struct memory_set *known = bpf_map_lookup_elem(&memory, &set);

	for (__u32 way = 0; known && way < MEMORY_WAYS; way++) {
		if (known->written[way] < oldest->written) {
			oldest->written = known->written[way];
			oldest->slot = set * MEMORY_WAYS + way;
		}
	}
}

__noinline __u32 slot_to_replace(__u32 set, __u32 other_set)
{
	struct oldest oldest = {.written = ~0ULL};

	find_oldest(set, &oldest);
	find_oldest(other_set, &oldest);
	return oldest.slot;
}
