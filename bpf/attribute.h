/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the processes at both ends of a packet. Every hook on an interface asks attribute(); what
 * differs between hooks is in its arguments.
 */
#ifndef PIDCAP_ATTRIBUTE_H
#define PIDCAP_ATTRIBUTE_H

#include "learn.h"
#include "reason.h"
#include "receiver.h"
#include "sender.h"

/* A packet on its way through our programs. */
struct attribution {
	struct packet packet;
	struct end sender;
	struct end receiver;
};

/* Room for a packet as it was before it was translated, see attribution_map. */
struct before_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct packet);
};

extern struct before_map before_packets SEC(".maps");

/* Set before loading. False: packets are only copied, to measure what the rest costs. */
extern const volatile __u32 finds_processes;

/*
 * The packet's own socket is a process's, but nobody can tell whose: what was remembered of earlier
 * packets can't either. The kernel's own sockets answer for those that are gone.
 */
static __always_inline bool is_ownerless(const struct end *sender)
{
	return sender->has_socket && sender->via != PIDCAP_VIA_KERNEL;
}

/* Both ends of a packet, or why there is none at this one. On lo, `looped`, both are here. */
static __always_inline void find_ends(context *ctx, bool ethernet, bool incoming, bool looped,
				      struct attribution *result)
{
#ifdef SEES_TRANSLATION
	struct packet *before;
	__u32 zero = 0;
#endif
	bool sent, received;

	__builtin_memset(result, 0, sizeof(*result));
	if (!finds_processes) {
		result->packet.interface = context_interface(ctx);
		return;
	}
	parse_packet(ctx, ethernet, &result->packet);
	if (result->packet.kind == KIND_PORTS && opens_connection(&result->packet))
		forget_flow(&result->packet);
	sent = sender_by_socket(ctx, &result->sender);
#ifdef SEES_TRANSLATION
	/* Before this interface's memory, which would not know that an address has a new user. */
	before = bpf_map_lookup_elem(&before_packets, &zero);
	if (!before)
		return;
	if (!sent && !is_ownerless(&result->sender) && have_local_peers)
		sent = sender_elsewhere(ctx, &result->packet, before, &result->sender);
#endif
	if (!sent && !is_ownerless(&result->sender))
		sent = find_sender(&result->packet, incoming, &result->sender);
	received =
		find_receiver(ctx, &result->packet, incoming || looped, looped, &result->receiver);
	learn(&result->packet, incoming, &result->sender, &result->receiver);
#ifdef SEES_TRANSLATION
	if (!incoming)
		learn_translation(ctx, &result->packet, before, &result->sender);
#endif
	if (!sent && !received) {
		if (incoming && result->receiver.via == PIDCAP_VIA_UNKNOWN)
			result->receiver.via =
				no_receiver(ctx, &result->packet, result->receiver.has_socket);
#ifndef PIDCAP_XDP
		if (!incoming && result->sender.via == PIDCAP_VIA_UNKNOWN)
			result->sender.via = no_sender(ctx, &result->packet);
#endif
	}
}

/*
 * An attribution is too much for the stack, which all calls share. One for each CPU: a program at a
 * traffic control or XDP hook runs with softirqs off, and no other of them starts before it ends.
 */
struct attribution_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct attribution);
};

extern struct attribution_map attributions SEC(".maps");

static __always_inline const struct attribution *attribute(context *ctx, bool ethernet,
							   bool incoming, bool looped)
{
	__u32 zero = 0;
	struct attribution *result = bpf_map_lookup_elem(&attributions, &zero);

	if (result)
		find_ends(ctx, ethernet, incoming, looped, result);
	return result;
}

#endif
