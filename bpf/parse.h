/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parses what attribution needs of a packet's headers. context_load checks each length, and reads
 * from any of a packet's pieces. What can't be read stays zero; without readable ports the
 * packet's kind isn't KIND_PORTS.
 */
#ifndef PIDCAP_PARSE_H
#define PIDCAP_PARSE_H

#include "context.h"

/* include/uapi/linux/if_ether.h, in.h, icmp.h, icmpv6.h */
#define ETH_HLEN	    14
#define ETH_P_IP	    0x0800
#define ETH_P_ARP	    0x0806
#define ETH_P_IPV6	    0x86dd
#define ETH_P_8021Q	    0x8100
#define ETH_P_8021AD	    0x88a8
#define IPPROTO_HOPOPTS	    0
#define IPPROTO_ICMP	    1
#define IPPROTO_IGMP	    2
#define IPPROTO_UDP	    17
#define IPPROTO_ROUTING	    43
#define IPPROTO_FRAGMENT    44
#define IPPROTO_ICMPV6	    58
#define IPPROTO_DSTOPTS	    60
#define IPPROTO_SCTP	    132
#define IPPROTO_UDPLITE	    136
#define ICMP_ECHOREPLY	    0
#define ICMP_ECHO	    8
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY   129

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

/* Protocols of tunnels: include/uapi/linux/in.h */
#define IPPROTO_IPIP 4
#define IPPROTO_IPV6 41
#define IPPROTO_GRE  47
#define IPPROTO_ESP  50
#define IPPROTO_AH   51

/* Two tags: 802.1ad around 802.1Q. Extension headers: as many as hosts accept in practice. */
#define MAX_VLAN_TAGS	2
#define MAX_EXT_HEADERS 6

enum packet_kind {
	KIND_OTHER = 0,	     /* no addresses, or none that name a flow */
	KIND_PORTS,	     /* addresses and ports */
	KIND_ECHO_REQUEST,   /* addresses, identifier in sport, sequence number in dport */
	KIND_ECHO_REPLY,     /* likewise */
	KIND_ICMP_ERROR,     /* quotes another packet at `payload` */
	KIND_LATER_FRAGMENT, /* addresses, identification in id */
	KIND_ARP,	     /* no addresses */
};

struct packet {
	struct pidcap_interface interface;
	__u32 saddr[4]; /* IPv4 in the first word */
	__u32 daddr[4];
	__u32 id;      /* identification of a fragmented packet */
	__u32 payload; /* offset of what follows the ICMP header, or the IP header before GRE */
	__u16 sport;   /* network byte order, as are the addresses */
	__u16 dport;
	__u8 family; /* AF_INET, AF_INET6, 0: not IP */
	__u8 protocol;
	__u8 kind; /* enum packet_kind */
	__u8 tcp_flags;
	bool first_fragment;
};

struct ipv4_header {
	__u8 version_ihl;
	__u8 tos;
	__be16 length;
	__be16 id;
	__be16 frag;
	__u8 ttl;
	__u8 protocol;
	__be16 check;
	__be32 saddr;
	__be32 daddr;
};

struct ipv6_header {
	__be32 flow;
	__be16 length;
	__u8 next;
	__u8 hops;
	__be32 saddr[4];
	__be32 daddr[4];
};

/* Clears all but the interface, to parse another packet of it. */
static __always_inline void reset_packet(struct packet *packet)
{
	struct pidcap_interface interface = packet->interface;

	__builtin_memset(packet, 0, sizeof(*packet));
	packet->interface = interface;
}

static __always_inline bool opens_connection(const struct packet *packet)
{
	return (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static __always_inline void parse_icmp(context *ctx, __u32 offset, struct packet *packet)
{
	struct {
		__u8 type;
		__u8 code;
		__be16 check;
		__be16 id;
		__be16 sequence;
	} icmp;
	bool v6 = packet->protocol == IPPROTO_ICMPV6;

	if (context_load(ctx, offset, &icmp, sizeof(icmp)))
		return;
	packet->payload = offset + sizeof(icmp);
	packet->sport = icmp.id;
	packet->dport = icmp.sequence;
	if (icmp.type == (v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO))
		packet->kind = KIND_ECHO_REQUEST;
	else if (icmp.type == (v6 ? ICMPV6_ECHO_REPLY : ICMP_ECHOREPLY))
		packet->kind = KIND_ECHO_REPLY;
	/* Errors: RFC 4443, below 128; RFC 792, unreachable, quench, redirect, time, parameter. */
	else if (v6 ? icmp.type < 128
		    : icmp.type == 3 || icmp.type == 4 || icmp.type == 5 || icmp.type == 11 ||
				 icmp.type == 12)
		packet->kind = KIND_ICMP_ERROR;
}

static __always_inline void parse_transport(context *ctx, __u32 offset, struct packet *packet)
{
	__be16 ports[2];

	switch (packet->protocol) {
	case IPPROTO_TCP:
		context_load(ctx, offset + 13, &packet->tcp_flags, 1);
		break;
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
	case IPPROTO_UDPLITE:
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		parse_icmp(ctx, offset, packet);
		return;
	case IPPROTO_GRE:
		packet->payload = offset;
		return;
	default:
		return;
	}
	if (context_load(ctx, offset, ports, sizeof(ports)))
		return;
	packet->sport = ports[0];
	packet->dport = ports[1];
	packet->kind = KIND_PORTS;
}

static __always_inline bool is_extension_header(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_FRAGMENT;
}

/*
 * Parses an IPv4 header at `offset`, and what follows it. Returns false, and leaves `packet`
 * unchanged, if the packet ends before the header does.
 */
static __noinline bool parse_ipv4(context *ctx, __u32 offset, struct packet *packet)
{
	struct ipv4_header ip;
	__u16 frag;

	if (context_load(ctx, offset, &ip, sizeof(ip)))
		return false;
	packet->family = AF_INET;
	packet->protocol = ip.protocol;
	packet->saddr[0] = ip.saddr;
	packet->daddr[0] = ip.daddr;
	frag = bpf_ntohs(ip.frag);
	packet->id = ip.id;
	if (frag & 0x1fff) {
		packet->kind = KIND_LATER_FRAGMENT;
		return true;
	}
	packet->first_fragment = frag & 0x2000;
	parse_transport(ctx, offset + (ip.version_ihl & 0xf) * 4, packet);
	return true;
}

/* The same for IPv6, with its extension headers. */
static __noinline bool parse_ipv6(context *ctx, __u32 offset, struct packet *packet)
{
	struct ipv6_header ip;
	struct {
		__u8 next;
		__u8 length;
		__be16 frag;
		__be32 id;
	} ext;
	__u8 next;

	if (context_load(ctx, offset, &ip, sizeof(ip)))
		return false;
	packet->family = AF_INET6;
	__builtin_memcpy(packet->saddr, ip.saddr, sizeof(ip.saddr));
	__builtin_memcpy(packet->daddr, ip.daddr, sizeof(ip.daddr));
	next = ip.next;
	offset += sizeof(ip);
	for (int i = 0; i < MAX_EXT_HEADERS; i++) {
		if (!is_extension_header(next))
			break;
		if (context_load(ctx, offset, &ext, sizeof(ext)))
			return true;
		if (next == IPPROTO_FRAGMENT) {
			packet->id = ext.id;
			packet->protocol = ext.next;
			if (ext.frag & bpf_htons(0xfff8)) {
				packet->kind = KIND_LATER_FRAGMENT;
				return true;
			}
			packet->first_fragment = ext.frag & bpf_htons(1);
			offset += sizeof(ext);
		} else {
			offset += (ext.length + 1) * 8;
		}
		next = ext.next;
	}
	packet->protocol = next;
	parse_transport(ctx, offset, packet);
	return true;
}

#ifndef PIDCAP_XDP
/* The begin of most packets: TCP, or UDP with some data, over IPv4 without options. */
struct plain_headers {
	struct ipv4_header ip;
	__be16 sport;
	__be16 dport;
	__u8 tcp[10]; /* up to the flags */
};

/*
 * Parses such a packet, without a helper's calls, if it isn't a fragment, and its headers lie in
 * its first piece. Returns false for others, and then leaves `packet` unchanged.
 */
static __always_inline bool parse_plain(context *ctx, __u32 hook, struct packet *packet)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 offset = hook & HOOK_ETHERNET ? ETH_HLEN : 0;
	struct plain_headers *headers = data + offset;

	if ((void *)(headers->tcp + sizeof(headers->tcp)) > end)
		return false;
	if ((hook & HOOK_ETHERNET ? *(__be16 *)(data + ETH_HLEN - 2) : ctx->protocol) !=
		    bpf_htons(ETH_P_IP) ||
	    headers->ip.version_ihl != 0x45 || headers->ip.frag & bpf_htons(0x3fff) ||
	    (headers->ip.protocol != IPPROTO_TCP && headers->ip.protocol != IPPROTO_UDP))
		return false;
	packet->family = AF_INET;
	packet->protocol = headers->ip.protocol;
	packet->saddr[0] = headers->ip.saddr;
	packet->daddr[0] = headers->ip.daddr;
	packet->id = headers->ip.id;
	packet->sport = headers->sport;
	packet->dport = headers->dport;
	packet->kind = KIND_PORTS;
	if (packet->protocol == IPPROTO_TCP)
		packet->tcp_flags = headers->tcp[9];
	return true;
}
#endif

/* Fills in `packet`, which has to be zero. `hook`: enum hook_flags. */
static __always_inline void parse_packet(context *ctx, __u32 hook, struct packet *packet)
{
	__u32 offset = 0;
	__be16 type = 0;

	packet->interface = context_interface(ctx);
#ifndef PIDCAP_XDP
	if (parse_plain(ctx, hook, packet))
		return;
	type = ctx->protocol;
#endif
	if (hook & HOOK_ETHERNET) {
		offset = ETH_HLEN;
		if (context_load(ctx, offset - 2, &type, sizeof(type)))
			return;
		for (int i = 0; i < MAX_VLAN_TAGS; i++) {
			if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
				break;
			offset += 4;
			if (context_load(ctx, offset - 2, &type, sizeof(type)))
				return;
		}
	}
	if (type == bpf_htons(ETH_P_IP))
		parse_ipv4(ctx, offset, packet);
	else if (type == bpf_htons(ETH_P_IPV6))
		parse_ipv6(ctx, offset, packet);
	else if (type == bpf_htons(ETH_P_ARP))
		packet->kind = KIND_ARP;
}

#endif
