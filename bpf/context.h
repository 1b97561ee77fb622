/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet that a program is given, whatever the hook: its bytes, its interface, its type.
 * Before it includes this, xdp.bpf.c defines PIDCAP_XDP, cgroup.bpf.c PIDCAP_CGROUP, and tc.bpf.c
 * PIDCAP_TC. In other sources a packet is one of traffic control, too.
 */
#ifndef PIDCAP_CONTEXT_H
#define PIDCAP_CONTEXT_H

#include "contract.h"
#include "kernel.h"

/* include/uapi/linux/if_packet.h */
#define PACKET_HOST	 0
#define PACKET_BROADCAST 1
#define PACKET_MULTICAST 2
#define PACKET_OTHERHOST 3
#define PACKET_LOOPBACK	 5

/* include/uapi/linux/if.h */
#define IFF_LOOPBACK 0x8

/* What a hook's packets have in common: flags that a program passes on to what it calls. */
enum hook_flags {
	HOOK_EGRESS = 0,   /* packets go out */
	HOOK_INGRESS = 1,  /* packets come in */
	HOOK_ETHERNET = 2, /* packets begin with an Ethernet header; else with the IP header */
	HOOK_LOOPBACK = 4, /* packets go out on lo: both ends are on this machine */
	HOOK_OUTWARD = 8,  /* packets are recorded as PIDCAP_OUT; else as PIDCAP_IN */
};

/* The only network namespace that is captured; 0: several are. Set before loading. */
extern const volatile __u32 only_netns;

#ifdef PIDCAP_XDP
typedef struct xdp_md context;
#else
typedef struct __sk_buff context;
#endif

#ifdef PIDCAP_XDP
#define CONTEXT_STRUCT xdp_buff
#else
#define CONTEXT_STRUCT sk_buff
#endif

/*
 * The kernel's own struct, for the helpers that read kernel memory: a context is its address, which
 * the verifier lets a program add to, but not follow.
 */
static __always_inline struct CONTEXT_STRUCT *context_packet(context *ctx)
{
	return (struct CONTEXT_STRUCT *)ctx;
}

static __always_inline struct net_device *context_device(context *ctx)
{
	struct CONTEXT_STRUCT *packet = context_packet(ctx);

#ifdef PIDCAP_XDP
	return KERNEL_READ(packet, rxq, dev);
#else
	return KERNEL_READ(packet, dev);
#endif
}

#ifdef PIDCAP_XDP

/* Since 5.18 (commit 3f364222d032) packets may lie in several pieces, and helpers read them. */
static __always_inline bool has_xdp_helpers(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_xdp_load_bytes);
}

/* Without the helpers: where the packet is, as a number. */
static __always_inline __u64 linear_data(context *ctx)
{
	struct xdp_buff *packet = context_packet(ctx);

	return (__u64)KERNEL_READ(packet, data);
}

static __always_inline __u64 linear_length(context *ctx)
{
	struct xdp_buff *packet = context_packet(ctx);

	return (__u64)KERNEL_READ(packet, data_end) - linear_data(ctx);
}

static __always_inline __u64 context_length(context *ctx)
{
	return has_xdp_helpers() ? bpf_xdp_get_buff_len(ctx) : linear_length(ctx);
}

/* Copies `length` bytes from `offset` on. Returns an error if the packet has fewer. */
static __always_inline long context_load(context *ctx, __u32 offset, void *to, __u32 length)
{
	if (has_xdp_helpers())
		return bpf_xdp_load_bytes(ctx, offset, to, length);
	if ((__u64)offset + length > linear_length(ctx))
		return -1;
	return bpf_probe_read_kernel(to, length, (void *)(linear_data(ctx) + offset));
}

static __always_inline __u32 context_ifindex(context *ctx)
{
	return ctx->ingress_ifindex;
}

/* Returns the PACKET_ type that eth_type_trans() of net/ethernet/eth.c will set. */
static __always_inline __u32 context_packet_type(context *ctx)
{
	struct net_device *device = context_device(ctx);
	__u8 to[6], own[6] = {};

	if (context_load(ctx, 0, to, sizeof(to)))
		return PACKET_OTHERHOST;
	if (to[0] & 1)
		return (to[0] & to[1] & to[2] & to[3] & to[4] & to[5]) == 0xff ? PACKET_BROADCAST
									       : PACKET_MULTICAST;
	bpf_probe_read_kernel(own, sizeof(own), KERNEL_READ(device, dev_addr));
	for (int i = 0; i < 6; i++)
		if (to[i] != own[i])
			return PACKET_OTHERHOST;
	return PACKET_HOST;
}

#else

static __always_inline __u64 context_length(context *ctx)
{
	return ctx->len;
}

static __always_inline long context_load(context *ctx, __u32 offset, void *to, __u32 length)
{
	return bpf_skb_load_bytes(ctx, offset, to, length);
}

static __always_inline __u32 context_ifindex(context *ctx)
{
	return ctx->ifindex;
}

static __always_inline __u32 context_packet_type(context *ctx)
{
	return ctx->pkt_type;
}

#endif

/*
 * Returns whether this CPU was the one that sent the packet, as far as the kernel notes it (with
 * CONFIG_XPS; netdev_core_pick_tx() of net/core/dev.c).
 */
static __always_inline bool is_sent_here(context *ctx)
{
#ifdef PIDCAP_XDP
	return false;
#else
	struct sk_buff *packet = context_packet(ctx);

	return bpf_core_field_exists(packet->sender_cpu) &&
	       KERNEL_READ(packet, sender_cpu) == bpf_get_smp_processor_id() + 1;
#endif
}

/* Returns whether the segment that a TCP socket sends has data. */
static __always_inline bool has_data(context *ctx)
{
#ifdef PIDCAP_XDP
	return true;
#else
	struct sk_buff *packet = context_packet(ctx);
	__u64 header = (__u64)KERNEL_READ(packet, head) + KERNEL_READ(packet, transport_header);
	__u64 end = (__u64)KERNEL_READ(packet, data) + KERNEL_READ(packet, len);
	__u8 words = 0; /* in the upper half: the header's length, RFC 9293, section 3.1 */

	bpf_probe_read_kernel(&words, sizeof(words), (void *)(header + 12));
	return header + (words >> 4) * 4 != end;
#endif
}

static __always_inline struct pidcap_interface context_interface(context *ctx)
{
	struct pidcap_interface interface = {.netns = only_netns, .ifindex = context_ifindex(ctx)};
	struct net_device *device;

	if (!interface.netns) {
		device = context_device(ctx);
		interface.netns = KERNEL_READ(device, nd_net.net, ns.inum);
	}
	return interface;
}

#endif
