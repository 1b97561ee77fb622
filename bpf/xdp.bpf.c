// SPDX-License-Identifier: GPL-2.0-only
/*
 * Captures incoming packets before the stack sees them, at the XDP hook of an Ethernet interface.
 * Outgoing packets have no such hook: tc.bpf.c captures them. Every packet goes on.
 */
#define PIDCAP_XDP
#include "count.h"

#define MIN_IPV4_HLEN 20
#define MAX_IPV4_HLEN 60
#define IPV6_HLEN     40

/* The hook is only for Ethernet interfaces. */
#define XDP_IN (HOOK_ETHERNET | HOOK_INGRESS)

/* RFC 791: the sum of an IPv4 header's words, with its checksum, is all ones. */
static __always_inline bool is_checksummed(const __u16 *header)
{
	__u32 sum = 0;

	for (int i = 0; i < MAX_IPV4_HLEN / 2; i++)
		sum += header[i];
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

/*
 * Returns whether this is the stack's own copy of a multicast that just went out. (tc.bpf.c knows
 * it by its type.) The copy has no link layer (dev_loopback_xmit() of net/core/dev.c), but the
 * generic hook shows it as if it had one. So it is taken for a copy if it is an IP packet from its
 * first byte to its last, and not a frame to this device. IPv6 has no header checksum: there it has
 * to be a packet to a group.
 */
static __always_inline bool is_looped_copy(context *ctx)
{
	__u8 header[MAX_IPV4_HLEN] __attribute__((aligned(2))) = {};
	__u32 length, total, version;

	if (context_load(ctx, 0, header, 1))
		return false;
	version = header[0] >> 4;
	if (version != 4 && version != 6)
		return false;
	length = version == 6 ? IPV6_HLEN : (header[0] & 0xf) * 4;
	if (length < MIN_IPV4_HLEN || context_load(ctx, 0, header, length) ||
	    context_packet_type(ctx) == PACKET_HOST)
		return false;
	if (version == 6) {
		total = IPV6_HLEN + (header[4] << 8 | header[5]);
		return total == context_length(ctx) && header[24] == 0xff;
	}
	total = header[2] << 8 | header[3];
	return total == context_length(ctx) && is_checksummed((const __u16 *)header);
}

SEC("xdp")
int xdp_in(struct xdp_md *ctx)
{
	struct attribution *ends;

	if (is_looped_copy(ctx))
		return XDP_PASS;
	ends = attribute(ctx, XDP_IN);
	if (ends && directions & PIDCAP_IN)
		take_packet(ctx, XDP_IN, ends);
	return XDP_PASS;
}

/* For packets that a filter has refused, as in tc.bpf.c. */
SEC("xdp")
int learn_xdp_in(struct xdp_md *ctx)
{
	if (!is_looped_copy(ctx) && updates_flow_memory(ctx, XDP_IN))
		attribute(ctx, XDP_IN);
	return XDP_PASS;
}
