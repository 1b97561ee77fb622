// SPDX-License-Identifier: GPL-2.0-only
/*
 * Captures what comes in before the stack sees it, at the XDP hook of an Ethernet interface. What
 * goes out has no such hook: tc.bpf.c captures it. Every packet goes on.
 */
#define PIDCAP_XDP
#include "record.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int xdp_in(struct xdp_md *ctx)
{
	const struct attribution *ends = attribute(ctx, true, true, false);

	if (ends && directions & PIDCAP_IN)
		record_packet(ctx, INCOMING, ends);
	return XDP_PASS;
}
