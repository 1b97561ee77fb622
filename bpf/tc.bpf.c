// SPDX-License-Identifier: GPL-2.0-only
/*
 * Captures at the traffic control hooks of an interface (tcx or clsact), in both directions. Every
 * packet goes on.
 */
#define PIDCAP_TC
#include "count.h"

/* TCX_NEXT of include/uapi/linux/bpf.h, TC_ACT_UNSPEC of pkt_cls.h: other programs decide. */
#define NEXT -1

static __always_inline int capture(struct __sk_buff *skb, __u32 hook)
{
	bool incoming = hook & HOOK_INGRESS;
	struct attribution *ends;

	/* The stack's own copy of a multicast that just went out, without its link layer. */
	if (incoming && skb->pkt_type == PACKET_LOOPBACK)
		return NEXT;
	/* Attribution runs for both directions, whatever is captured: each learns for the other. */
	ends = attribute(skb, hook);
	if (ends && directions & (incoming ? PIDCAP_IN : PIDCAP_OUT))
		take_packet(skb, incoming ? hook : hook | HOOK_OUTWARD, ends);
	return NEXT;
}

SEC("tc")
int ethernet_in(struct __sk_buff *skb)
{
	return capture(skb, HOOK_ETHERNET | HOOK_INGRESS);
}

SEC("tc")
int ethernet_out(struct __sk_buff *skb)
{
	return capture(skb, HOOK_ETHERNET | HOOK_EGRESS);
}

SEC("tc")
int ip_in(struct __sk_buff *skb)
{
	return capture(skb, HOOK_INGRESS);
}

SEC("tc")
int ip_out(struct __sk_buff *skb)
{
	return capture(skb, HOOK_EGRESS);
}

/* Captures lo at one hook: a packet has its sender's socket on its way out only. */
SEC("tc")
int loopback(struct __sk_buff *skb)
{
	__u32 hook = HOOK_ETHERNET | HOOK_LOOPBACK;
	struct attribution *ends = attribute(skb, hook);

	if (ends)
		take_packet(skb, loopback_direction == PIDCAP_OUT ? hook | HOOK_OUTWARD : hook,
			    ends);
	return NEXT;
}

/*
 * For packets that a filter has refused: they aren't captured, but a later one that is may need
 * what is learned from them.
 */
static __always_inline int learn_only(struct __sk_buff *skb, __u32 hook)
{
	if (hook & HOOK_INGRESS && skb->pkt_type == PACKET_LOOPBACK)
		return NEXT;
	if (updates_flow_memory(skb, hook))
		attribute(skb, hook);
	return NEXT;
}

SEC("tc")
int learn_ethernet_in(struct __sk_buff *skb)
{
	return learn_only(skb, HOOK_ETHERNET | HOOK_INGRESS);
}

SEC("tc")
int learn_ethernet_out(struct __sk_buff *skb)
{
	return learn_only(skb, HOOK_ETHERNET | HOOK_EGRESS);
}

SEC("tc")
int learn_ip_in(struct __sk_buff *skb)
{
	return learn_only(skb, HOOK_INGRESS);
}

SEC("tc")
int learn_ip_out(struct __sk_buff *skb)
{
	return learn_only(skb, HOOK_EGRESS);
}

SEC("tc")
int learn_loopback(struct __sk_buff *skb)
{
	return learn_only(skb, HOOK_ETHERNET | HOOK_LOOPBACK);
}
