/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What does the kernel's connection tracking know of a packet: which addresses and ports did it
 * have before they were translated? The packet points to its connection after the netfilter hooks,
 * so on its way out. On its way in it reaches us before them, and only the rules of the network
 * namespace say whether it may be translated yet.
 */
#ifndef PIDCAP_CONNTRACK_H
#define PIDCAP_CONNTRACK_H

#include "parse.h"

/* include/uapi/linux/netfilter/nf_conntrack_common.h: enum ip_conntrack_info, ip_conntrack_status
 */
#define IP_CT_IS_REPLY 3
#define IPS_SRC_NAT    0x10
#define IPS_DST_NAT    0x20

/* include/linux/skbuff.h: the lowest bits of _nfct are the enum ip_conntrack_info. */
#define NFCT_INFOMASK 7UL

/* include/uapi/linux/netfilter.h, netfilter_ipv4.h: where incoming packets are translated. */
#define NF_INET_PRE_ROUTING 0
#define NF_IP_PRI_NAT_DST   (-100)
#define MAX_NF_HOOKS	    16

#if !defined(PIDCAP_XDP) && !defined(PIDCAP_CGROUP)
#define SEES_TRANSLATION
/*
 * Returns the address of the packet's connection with its state in the lowest bits, or 0 if it
 * isn't tracked, or if the module that has the type was not loaded before our programs.
 */
static __always_inline unsigned long connection_of(context *ctx)
{
	struct sk_buff *packet = context_packet(ctx);

	if (!bpf_core_field_exists(struct sk_buff, _nfct) || !bpf_core_type_exists(struct nf_conn))
		return 0;
	return KERNEL_READ(packet, _nfct);
}

/* Returns whether the addresses of this connection's packets change. `nfct`: from connection_of().
 */
static __always_inline bool is_translated(unsigned long nfct)
{
	struct nf_conn *connection = (struct nf_conn *)(nfct & ~NFCT_INFOMASK);

	return connection && BPF_CORE_READ(connection, status) & (IPS_SRC_NAT | IPS_DST_NAT);
}

/*
 * Fills in `before`: the packet as it was before its addresses were translated. Returns false if
 * they weren't. The packet has to have ports, or to be an echo request.
 */
static __always_inline bool before_translation(context *ctx, const struct packet *packet,
					       struct packet *before)
{
	struct nf_conntrack_tuple *tuple;
	struct nf_conn *connection;
	unsigned long nfct = connection_of(ctx);

	if (!is_translated(nfct))
		return false;
	connection = (struct nf_conn *)(nfct & ~NFCT_INFOMASK);
	/* Each direction's tuple is that of its packets when they come in. */
	if ((nfct & NFCT_INFOMASK) >= IP_CT_IS_REPLY)
		tuple = &connection->tuplehash[1].tuple;
	else
		tuple = &connection->tuplehash[0].tuple;
	*before = *packet;
	BPF_CORE_READ_INTO(&before->saddr, tuple, src.u3.all);
	BPF_CORE_READ_INTO(&before->daddr, tuple, dst.u3.all);
	before->sport = BPF_CORE_READ(tuple, src.u.all); /* of ICMP: the identifier */
	if (packet->kind == KIND_PORTS)
		before->dport = BPF_CORE_READ(tuple, dst.u.all);
	return true;
}
#endif

/* Returns whether an incoming packet may get another destination than it has now. */
static __always_inline bool translates_incoming(context *ctx, __u8 family)
{
#ifdef PIDCAP_CGROUP
	return false; /* it has its socket already */
#else
	struct net_device *device = context_device(ctx);
	struct nf_hook_entries *entries;
	struct nf_hook_ops **operations, *one;
	__u32 count;

	if (!bpf_core_field_exists(struct netns_nf, hooks_ipv4))
		return false;
	if (family == AF_INET)
		entries = KERNEL_READ(device, nd_net.net, nf.hooks_ipv4[NF_INET_PRE_ROUTING]);
	else
		entries = KERNEL_READ(device, nd_net.net, nf.hooks_ipv6[NF_INET_PRE_ROUTING]);
	if (!entries)
		return false;
	/* They stand behind the entries: nf_hook_entries_get_hook_ops() of
	 * include/linux/netfilter.h */
	count = KERNEL_READ(entries, num_hook_entries);
	operations = (void *)entries + bpf_core_field_offset(struct nf_hook_entries, hooks) +
		     count * bpf_core_type_size(struct nf_hook_entry);
	for (__u32 i = 0; i < MAX_NF_HOOKS && i < count; i++) {
		if (!bpf_probe_read_kernel(&one, sizeof(one), operations + i) &&
		    KERNEL_READ(one, priority) == NF_IP_PRI_NAT_DST)
			return true;
	}
	return count > MAX_NF_HOOKS;
#endif
}

#endif
