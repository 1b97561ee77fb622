// SPDX-License-Identifier: GPL-2.0-only
/*
 * Searches a set of memory_entry.h's map, which says why. A file of its own, because a global
 * function, which the verifier looks at once, must stand in one object only.
 */
#include "memory_entry.h"

char LICENSE[] SEC("license") = "GPL";

__noinline __u32 way_of_tag(__u32 set, __u64 tag)
{
	struct memory_set *known = bpf_map_lookup_elem(&memory, &set);
	__u32 way;

	if (!known)
		return MEMORY_WAYS;
	for (way = 0; way < MEMORY_WAYS; way++)
		if (known->tags[way] == tag)
			break;
	return way;
}

__noinline __u32 way_to_replace(__u32 set)
{
	struct memory_set *known = bpf_map_lookup_elem(&memory, &set);
	__u32 oldest = 0;

	if (!known)
		return 0;
	for (__u32 way = 1; way < MEMORY_WAYS; way++)
		if (known->written[way] < known->written[oldest])
			oldest = way;
	return oldest;
}
