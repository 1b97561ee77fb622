// SPDX-License-Identifier: GPL-2.0-only
/*
 * Captures at the traffic control hooks of an interface (tcx or clsact), in both directions. The
 * verdict is always "go on": no packet's fate changes.
 */
#include "record.h"

char LICENSE[] SEC("license") = "GPL";

/* TCX_NEXT of include/uapi/linux/bpf.h, TC_ACT_UNSPEC of pkt_cls.h: what others decided stands. */
#define NEXT -1

static __always_inline int capture(struct __sk_buff *skb, bool ethernet, bool incoming)
{
	const struct attribution *ends;

	/* The stack's own copy of a multicast that just went out, without its link layer. */
	if (incoming && skb->pkt_type == PACKET_LOOPBACK)
		return NEXT;
	/* Both hooks run whatever was asked for, because each learns for the other. */
	ends = attribute(skb, ethernet, incoming, false);
	if (ends && directions & (incoming ? PIDCAP_IN : PIDCAP_OUT))
		record_packet(skb, incoming ? INCOMING : OUTWARD, ends);
	return NEXT;
}

SEC("tc")
int ethernet_in(struct __sk_buff *skb)
{
	return capture(skb, true, true);
}

SEC("tc")
int ethernet_out(struct __sk_buff *skb)
{
	return capture(skb, true, false);
}

SEC("tc")
int ip_in(struct __sk_buff *skb)
{
	return capture(skb, false, true);
}

SEC("tc")
int ip_out(struct __sk_buff *skb)
{
	return capture(skb, false, false);
}

/* Both ends of a packet on lo are here, but only on its way out does it still have its socket. */
SEC("tc")
int loopback(struct __sk_buff *skb)
{
	const struct attribution *ends = attribute(skb, true, false, true);

	if (ends)
		record_packet(skb, loopback_direction == PIDCAP_OUT ? OUTWARD : 0, ends);
	return NEXT;
}

/*
 * The same packets where a filter has refused them: they aren't captured, but a later one that is
 * may need what is learnt from them.
 */
static __always_inline int learn_only(struct __sk_buff *skb, bool ethernet, bool incoming,
				      bool looped)
{
	if (incoming && skb->pkt_type == PACKET_LOOPBACK)
		return NEXT;
	if (teaches(skb, ethernet, incoming))
		attribute(skb, ethernet, incoming, looped);
	return NEXT;
}

SEC("tc")
int learn_ethernet_in(struct __sk_buff *skb)
{
	return learn_only(skb, true, true, false);
}

SEC("tc")
int learn_ethernet_out(struct __sk_buff *skb)
{
	return learn_only(skb, true, false, false);
}

SEC("tc")
int learn_ip_in(struct __sk_buff *skb)
{
	return learn_only(skb, false, true, false);
}

SEC("tc")
int learn_ip_out(struct __sk_buff *skb)
{
	return learn_only(skb, false, false, false);
}

SEC("tc")
int learn_loopback(struct __sk_buff *skb)
{
	return learn_only(skb, true, false, true);
}
