/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A packet with both its ends: what attribute.h finds out.
 */
#ifndef PIDCAP_ATTRIBUTION_H
#define PIDCAP_ATTRIBUTION_H

#include "end.h"
#include "parse.h"

struct attribution {
	struct packet packet;
	struct end sender;
	struct end receiver;
};

/*
 * An attribution is too large for the stack, which all calls share. There is one for each CPU: a
 * program at a traffic control or XDP hook runs with softirqs off, and no other of them starts
 * before it ends.
 */
struct attribution_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct attribution);
};

extern struct attribution_map attributions SEC(".maps");

/* Returns this CPU's. NULL only for the verifier. */
static __always_inline struct attribution *own_attribution(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&attributions, &zero);
}

#endif
