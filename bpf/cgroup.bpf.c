// SPDX-License-Identifier: GPL-2.0-only
/*
 * Captures what sockets send and receive, in every network namespace, at the cgroup of the socket:
 * IP packets, without a link layer. Outgoing packets are seen before fragmentation, incoming ones
 * after reassembly. Every packet goes on.
 *
 * Another of these programs can interrupt or preempt one on the same CPU. So nothing of a packet is
 * kept in a per-CPU map, and counters are atomic. An attribution isn't kept on the stack either:
 * the verifier follows every value there, and soon exceeds its limit.
 */
#define PIDCAP_CGROUP
#include "attribution_room.h"
#include "count.h"
#include "sent_packet.h"

#define PASS 1

/*
 * A packet from one network namespace to another is seen at each of its sockets by itself, unless
 * the sender's program leaves word for the receiver's: for the first packets of a counter. Where
 * many are under way, the receiver's first ones were sent before that; so it asks longer, until it
 * is told.
 */
#define PACKETS_NOTED 16
#define PACKETS_ASKED 4096

/* Returns whether the caller has the place now, and has to give it back. */
static __always_inline bool claim(__u32 *claimants)
{
	__sync_fetch_and_add(claimants, 1);
	if (*(volatile __u32 *)claimants == 1)
		return true;
	__sync_fetch_and_add(claimants, -1);
	return false;
}

__noinline __u32 claim_place(__u32 cpu)
{
	struct attribution_places *places = bpf_map_lookup_elem(&attribution_places, &cpu);

	for (__u32 i = 0; places && i < PIDCAP_ATTRIBUTION_PLACES; i++)
		if (claim(&places->claimants[i]))
			return i;
	return PIDCAP_ATTRIBUTION_PLACES;
}

/* The names of devices in network namespaces that user space isn't in. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct pidcap_interface);
	__type(value, struct pidcap_device);
} devices SEC(".maps");

static __noinline int name_device(struct net_device *device,
				  const struct pidcap_interface *interface)
{
	struct pidcap_device now = {};
	struct pidcap_device *known;

	BPF_CORE_READ_STR_INTO(&now.name, device, name);
	known = bpf_map_lookup_elem(&devices, interface);
	if (!known || known->words[0] != now.words[0] || known->words[1] != now.words[1])
		bpf_map_update_elem(&devices, interface, &now, BPF_ANY);
	return 0;
}

/*
 * Returns whether a TCP segment that has reached a listener is to open a connection: a SYN, or the
 * last ACK of a handshake, for which there is a request. Any other is of no connection, or answers
 * a SYN cookie: nobody knows yet.
 */
static __noinline bool is_for_listener(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple;
	struct packet packet = {};
	struct bpf_sock *sk;
	bool requested;

	parse_packet(skb, HOOK_INGRESS, &packet);
	if (opens_connection(&packet))
		return true;
	sk = bpf_skc_lookup_tcp(skb, &tuple, fill_tuple(&tuple, &packet), BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return false;
	requested = sk->state == BPF_TCP_NEW_SYN_RECV;
	bpf_sk_release(sk);
	return requested;
}

static __always_inline void receiver_by_own_socket(struct __sk_buff *skb, struct end *receiver)
{
	struct bpf_sock *sk = skb->sk;
	struct bpf_sock *full = sk ? bpf_sk_fullsock(sk) : NULL;

	if (full && (full->protocol != IPPROTO_TCP || full->state != BPF_TCP_LISTEN ||
		     is_for_listener(skb)))
		find_owner(skb, full, RECEIVER, PIDCAP_VIA_SOCKET, receiver);
}

static __always_inline void count_in(struct __sk_buff *skb)
{
	__u32 place = 0;
	struct attribution *ends = take_attribution_room(&place);
	struct pidcap_count *count;

	if (!ends) {
		count_unattributed(skb, HOOK_INGRESS);
		return;
	}
	__builtin_memset(ends, 0, sizeof(*ends));
	parse_packet(skb, HOOK_INGRESS, &ends->packet);
	receiver_by_own_socket(skb, &ends->receiver);
	count = count_packet(skb, HOOK_INGRESS, ends);
	if (count && !count->peer.tgid && count->in.packets <= PACKETS_ASKED &&
	    ends->receiver.owner.tgid && ends->packet.kind == KIND_PORTS)
		find_sent_packet(skb, &ends->packet, count);
	give_attribution_room_back(place);
}

SEC("cgroup_skb/ingress")
int socket_in(struct __sk_buff *skb)
{
	struct net_device *device = context_device(skb);
	struct attribution ends = {};

	/* On lo it was captured on its way out, where both ends are known. */
	if (KERNEL_READ(device, flags) & IFF_LOOPBACK)
		return PASS;
	if (counting) {
		count_in(skb);
		return PASS;
	}
	ends.packet.interface = context_interface(skb);
	receiver_by_own_socket(skb, &ends.receiver);
	if (directions & PIDCAP_IN) {
		name_device(device, &ends.packet.interface);
		record_packet(skb, HOOK_INGRESS, &ends);
	}
	return PASS;
}

/*
 * Returns room for an attribution in the ring, or NULL if it is full. The caller has to discard
 * it, so that user space passes over it.
 */
static __always_inline struct attribution *reserve_attribution(void)
{
	void *ring = own_ring(sizeof(struct attribution));

	return ring ? bpf_ringbuf_reserve(ring, sizeof(struct attribution), 0) : NULL;
}

static __always_inline __u32 egress_hook(struct net_device *device)
{
	return KERNEL_READ(device, flags) & IFF_LOOPBACK ? HOOK_LOOPBACK : HOOK_EGRESS;
}

static __always_inline void count_out(struct __sk_buff *skb, __u32 hook)
{
	__u32 place = 0;
	struct attribution *ends = take_attribution_room(&place);
	struct pidcap_count *count;

	if (!ends) {
		count_unattributed(skb, hook);
		return;
	}
	find_ends(skb, hook, ends);
	count = count_packet(skb, hook, ends);
	if (count && !(hook & HOOK_LOOPBACK) && count->out.packets <= PACKETS_NOTED &&
	    ends->sender.owner.tgid && ends->packet.kind == KIND_PORTS)
		note_sent_packet(skb, &ends->packet, &ends->sender.owner);
	give_attribution_room_back(place);
}

SEC("cgroup_skb/egress")
int socket_out(struct __sk_buff *skb)
{
	struct net_device *device = context_device(skb);
	struct pidcap_interface interface = context_interface(skb);
	__u32 hook = egress_hook(device);
	bool outward = !(hook & HOOK_LOOPBACK) || loopback_direction == PIDCAP_OUT;
	bool wanted = directions & (outward ? PIDCAP_OUT : PIDCAP_IN);
	struct attribution *ends;

	if (counting) {
		count_out(skb, hook);
		return PASS;
	}
	if (wanted)
		name_device(device, &interface);
	ends = reserve_attribution();
	if (!ends) {
		if (wanted)
			count_drop(&interface, PIDCAP_DROP_RING_FULL, 0);
		return PASS;
	}
	find_ends(skb, hook, ends);
	if (wanted)
		record_packet(skb, outward ? HOOK_OUTWARD : 0, ends);
	bpf_ringbuf_discard(ends, BPF_RB_NO_WAKEUP);
	return PASS;
}

/*
 * For packets that a filter has refused, as in tc.bpf.c. What comes in needs no such program: it
 * has its socket here, and nothing is learned from it.
 */
SEC("cgroup_skb/egress")
int learn_socket_out(struct __sk_buff *skb)
{
	struct net_device *device = context_device(skb);
	struct attribution *ends;
	__u32 place = 0;

	if (!updates_flow_memory(skb, HOOK_EGRESS))
		return PASS;
	if (counting) {
		ends = take_attribution_room(&place);
		if (ends) {
			find_ends(skb, egress_hook(device), ends);
			give_attribution_room_back(place);
		}
		return PASS;
	}
	ends = reserve_attribution();
	if (!ends)
		return PASS;
	find_ends(skb, egress_hook(device), ends);
	bpf_ringbuf_discard(ends, BPF_RB_NO_WAKEUP);
	return PASS;
}
