// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that the kernel throws away: the reason, the place in the kernel, the packet's first
 * bytes and its process. Without drops that belong to ordinary work, unless all are asked for.
 */
#include "event_record.h"
#include "memory.h"
#include "own_event.h"
#include "socket_owner.h"

extern const volatile struct pidcap_own_events own_events;

/* How many arguments the kernel's tracepoint has: see packet_dropped(). */
const volatile __u32 drop_arguments = 0;

/*
 * What belongs to ordinary work: reasons by bit, and the number of the one that says nothing, which
 * is shown of packets with a network header only, and not of data that nobody has read.
 */
const volatile __u64 hidden_reasons[PIDCAP_DROP_REASONS / 64] = {};
const volatile __u32 unspecified_reason = 0;
const volatile __u32 all_drops = 0;
/* Functions that empty queues: what tells that on kernels without the reason QUEUE_PURGE. */
const volatile struct pidcap_function purge_functions[PIDCAP_PURGE_FUNCTIONS] = {};

/* include/net/tcp_states.h: in these the socket is no whole one. */
#define TCP_TIME_WAIT	 6
#define TCP_NEW_SYN_RECV 12

/* The inode numbers of namespaces begin here: PROC_DYNAMIC_FIRST of fs/proc/generic.c. */
#define FIRST_NAMESPACE 0xF0000000U

static __always_inline bool is_whole_socket(struct sock *sk)
{
	unsigned char state = BPF_CORE_READ(sk, __sk_common.skc_state);

	return state != TCP_TIME_WAIT && state != TCP_NEW_SYN_RECV;
}

/* A packet that is dropped: where its headers are, and what of them attribution needs. */
struct dropped_packet {
	struct packet packet;
	__u64 start; /* address of the network header */
	__u64 size;  /* readable bytes from there; 0: there is no network header */
};

/* Reads the headers. Of fragments and behind extension headers it finds no ports. */
static __always_inline void parse_dropped(struct dropped_packet *dropped, __be16 type)
{
	struct packet *packet = &dropped->packet;
	struct ipv4_header ipv4;
	struct ipv6_header ipv6;
	__u32 header = 0;
	__be16 ports[2];
	__u8 flags = 0;

	if (type == bpf_htons(ETH_P_IP) &&
	    !bpf_probe_read_kernel(&ipv4, sizeof(ipv4), (void *)dropped->start)) {
		packet->family = AF_INET;
		packet->protocol = ipv4.protocol;
		packet->saddr[0] = ipv4.saddr;
		packet->daddr[0] = ipv4.daddr;
		header = ipv4.frag & bpf_htons(0x1fff) ? 0 : (ipv4.version_ihl & 0xf) * 4;
	} else if (type == bpf_htons(ETH_P_IPV6) &&
		   !bpf_probe_read_kernel(&ipv6, sizeof(ipv6), (void *)dropped->start)) {
		packet->family = AF_INET6;
		packet->protocol = ipv6.next;
		__builtin_memcpy(packet->saddr, ipv6.saddr, sizeof(packet->saddr));
		__builtin_memcpy(packet->daddr, ipv6.daddr, sizeof(packet->daddr));
		header = sizeof(ipv6);
	}
	if (!header || header + sizeof(ports) > dropped->size ||
	    (packet->protocol != IPPROTO_TCP && packet->protocol != IPPROTO_UDP))
		return;
	bpf_probe_read_kernel(&ports, sizeof(ports), (void *)(dropped->start + header));
	packet->sport = ports[0];
	packet->dport = ports[1];
	packet->kind = KIND_PORTS;
	if (packet->protocol == IPPROTO_TCP && header + 14 <= dropped->size)
		bpf_probe_read_kernel(&flags, 1, (void *)(dropped->start + header + 13));
	packet->tcp_flags = flags;
}

/* On receive the packet's data begins behind the IP header: so it is read from its own place. */
static __always_inline void find_headers(struct sk_buff *skb, struct dropped_packet *dropped)
{
	__u64 head = (__u64)BPF_CORE_READ(skb, head);
	__u32 header = BPF_CORE_READ(skb, network_header), tail = BPF_CORE_READ(skb, tail);

	if (!header || header == 0xffff || header >= tail)
		return;
	dropped->start = head + header;
	dropped->size = tail - header;
	parse_dropped(dropped, BPF_CORE_READ(skb, protocol));
}

/*
 * Fills in the device. A socket's queue keeps something else in skb->dev (dev_scratch, rbnode), so
 * it is believed only if it leads to a network namespace.
 */
static __always_inline void find_device(struct sk_buff *skb, struct pidcap_dropped *record)
{
	struct net_device *device = BPF_CORE_READ(skb, dev);
	__u32 netns = device ? BPF_CORE_READ(device, nd_net.net, ns.inum) : 0;

	if (netns < FIRST_NAMESPACE)
		return;
	record->netns = netns;
	record->ifindex = BPF_CORE_READ(device, ifindex);
	BPF_CORE_READ_STR_INTO(&record->device, device, name);
}

static __always_inline __u32 netns_of(struct sock *sk)
{
	return sk ? BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum) : 0;
}

/*
 * Returns whether a packet's own socket is the receiver's: early demultiplexing and receive queues
 * set it, too. The ports tell; without any it is the receiver's only if the kernel says so.
 */
static __always_inline bool is_receiver(const struct packet *packet, struct sock *sk,
					struct sock *receiver)
{
	__be16 port = bpf_htons(BPF_CORE_READ(sk, __sk_common.skc_num));

	if (packet->kind == KIND_PORTS && packet->sport != packet->dport)
		return port == packet->dport;
	return sk == receiver;
}

static __always_inline bool take_owner(struct sock *sk, struct event *event)
{
	struct end end = {};

	if (!sk || !is_whole_socket(sk) || !owner_at(sk, &end))
		return false;
	event->owner = end.owner;
	event->via = PIDCAP_VIA_SOCKET;
	return true;
}

static __always_inline bool take_remembered(struct packet *packet, struct event *event)
{
	struct end end = {};

	if (packet->kind != KIND_PORTS || !packet->interface.ifindex ||
	    !(recall(MEMORY_FLOW, packet, SAME_WAY, &end) ||
	      recall(MEMORY_NETNS_FLOW, packet, SAME_WAY, &end)))
		return false;
	event->owner = end.owner;
	event->via = PIDCAP_VIA_FLOW;
	return true;
}

/*
 * Finds the process: the receiver, if the packet has come as far as its socket; else the sender, by
 * the packet's socket or by what is remembered of its flow.
 */
static __always_inline void find_drop_owner(struct dropped_packet *dropped, struct sock *own,
					    struct sock *receiver, struct event *event,
					    struct pidcap_dropped *record)
{
	event->via = PIDCAP_VIA_UNKNOWN;
	if (take_owner(receiver, event)) {
		record->end = PIDCAP_DROP_RECEIVER;
	} else if (take_owner(own, event)) {
		record->end = is_receiver(&dropped->packet, own, receiver) ? PIDCAP_DROP_RECEIVER
									   : PIDCAP_DROP_SENDER;
	} else if (take_remembered(&dropped->packet, event)) {
		record->end = PIDCAP_DROP_SENDER;
	}
}

static __always_inline bool is_purge(__u64 location)
{
	for (int i = 0; i < PIDCAP_PURGE_FUNCTIONS; i++)
		if (location >= purge_functions[i].begin && location < purge_functions[i].end)
			return true;
	return false;
}

/* `placed`: a device, or a socket, shows where the packet was. */
static __always_inline bool is_hidden_drop(__u32 reason, __u64 location, __u16 protocol, __u64 size,
					   bool placed)
{
	if (all_drops)
		return false;
	if (!protocol)
		return true;
	if (reason <= unspecified_reason)
		return !size || !placed || is_purge(location);
	return reason < PIDCAP_DROP_REASONS &&
	       hidden_reasons[reason / 64] & (1ULL << (reason % 64));
}

/*
 * kfree_skb(skb, location); since Linux 5.17 with a reason (commit c504e5c2f964), since 6.11 with
 * the receiving socket (commit c53795d48ee8). Programs that read an argument which the kernel
 * doesn't have can't be attached: so it stands behind a constant.
 */
SEC("raw_tp/kfree_skb")
int packet_dropped(struct bpf_raw_tracepoint_args *ctx)
{
	struct sk_buff *skb = (struct sk_buff *)ctx->args[0];
	struct event event = {.number = own_events.dropped};
	struct dropped_packet dropped = {};
	struct pidcap_dropped record = {};
	struct event_bytes bytes = {.fixed = &record, .fixed_size = sizeof(record)};
	struct sock *own, *receiver = NULL;

	record.protocol = bpf_ntohs(BPF_CORE_READ(skb, protocol));
	if (drop_arguments >= 3)
		record.reason = (__u32)ctx->args[2];
	if (drop_arguments >= 4)
		receiver = (struct sock *)ctx->args[3];
	find_headers(skb, &dropped);
	own = BPF_CORE_READ(skb, sk);
	find_device(skb, &record);
	record.location = ctx->args[1];
	if (is_hidden_drop(record.reason, record.location, record.protocol, dropped.size,
			   record.netns || own || receiver))
		return 0;
	if (!record.netns)
		record.netns = receiver ? netns_of(receiver) : netns_of(own);
	dropped.packet.interface.netns = record.netns;
	dropped.packet.interface.ifindex = record.ifindex;
	find_drop_owner(&dropped, own, receiver, &event, &record);
	if (dropped.size) {
		record.length =
			(__u64)BPF_CORE_READ(skb, data) + BPF_CORE_READ(skb, len) - dropped.start;
		bytes.rest = (void *)dropped.start;
		bytes.rest_size =
			dropped.size < PIDCAP_DROP_BYTES ? dropped.size : PIDCAP_DROP_BYTES;
		record.data = (__u32)bytes.rest_size << 16 | sizeof(record);
	}
	record_event(&event, &bytes);
	return 0;
}
