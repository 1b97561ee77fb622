/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which process sent a packet that a socket of another network namespace of this machine gets?
 *
 * The program of the sender's socket notes the kernel's struct of the packet, which comes out of a
 * veth as the same one. That of the receiver's socket finds it there, if the packet still has the
 * same addresses, ports and length, and the hash that the kernel gave the sender's connection. So
 * it is this packet: the same addresses and ports in two other namespaces prove nothing. Where
 * something in between has copied, cut, joined or translated it, nobody is found.
 */
#ifndef PIDCAP_SENT_PACKET_H
#define PIDCAP_SENT_PACKET_H

#include "memory_entry.h"

/* Longer than a packet waits for its receiver's CPU; the kernel uses the struct again after it. */
#define SENT_PACKET_NS (1ULL * 1000000000)

struct sent_packet {
	__u64 identity; /* of the packet and what must not have changed; 0: none */
	struct pidcap_process sender;
	__u32 netns;
	__u32 hash;  /* the kernel's, of the sender's connection; 0: it has none */
	__u64 time;  /* mono */
	__u64 check; /* of all that: other CPUs may write it meanwhile */
};

/* By address of the kernel's struct: where two meet, the latest stays. User space sets the size. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sent_packet);
} sent_packets SEC(".maps");

static __always_inline struct sent_packet *place_of_sent_packet(context *ctx)
{
	__u64 address = address_of(context_packet(ctx));
	__u32 index = mix(memory_seed, address >> 6) % PIDCAP_SENT_PACKETS;

	return bpf_map_lookup_elem(&sent_packets, &index);
}

static __always_inline __u64 identity_of_packet(context *ctx, const struct packet *packet)
{
	__u64 identity =
		mix(hash_of_end(packet->saddr, packet->sport), address_of(context_packet(ctx)));

	identity = mix(identity, hash_of_end(packet->daddr, packet->dport));
	return mix(identity, context_length(ctx) << 16 | packet->family << 8 | packet->protocol);
}

static __always_inline __u64 check_of_sent_packet(const struct sent_packet *sent)
{
	__u64 check = mix(sent->identity, sent->sender.start_boot);

	check = mix(check, (__u64)sent->sender.tgid << 32 | sent->netns);
	return mix(check, sent->time) ^ sent->hash;
}

static __noinline int note_sent_packet(context *ctx, const struct packet *packet,
				       const struct pidcap_owner *sender)
{
	struct sent_packet *place = place_of_sent_packet(ctx);
	struct sent_packet sent = {
		.identity = identity_of_packet(ctx, packet),
		.sender = {.start_boot = sender->start_boot, .tgid = sender->tgid},
		.netns = packet->interface.netns,
		.hash = ctx->hash,
		.time = bpf_ktime_get_ns(),
	};

	if (!place)
		return 0;
	sent.check = check_of_sent_packet(&sent);
	*place = sent;
	return 0;
}

/* Sets the peer of the receiver's counter if the sender is known. */
static __noinline int find_sent_packet(context *ctx, const struct packet *packet,
				       struct pidcap_count *count)
{
	struct sent_packet *place = place_of_sent_packet(ctx);
	struct sent_packet sent;

	if (!place)
		return 0;
	sent = *place;
	if (sent.identity != identity_of_packet(ctx, packet) ||
	    sent.check != check_of_sent_packet(&sent) || (sent.hash && sent.hash != ctx->hash) ||
	    bpf_ktime_get_ns() - sent.time > SENT_PACKET_NS)
		return 0;
	place->identity = 0;
	count->peer = sent.sender;
	count->peer_netns = sent.netns;
	return 0;
}

#endif
