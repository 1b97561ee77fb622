/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the processes at both ends of a packet, and updates what is remembered for later ones:
 * puts together what sender.h, receiver.h, learn.h and reason.h answer.
 *
 * Programs of an interface's hooks call attribute(), whose result is valid until the program ends.
 * Those of the cgroup hook have room of their own and call find_ends().
 */
#ifndef PIDCAP_ATTRIBUTE_H
#define PIDCAP_ATTRIBUTE_H

#include "learn.h"
#include "reason.h"
#include "receiver.h"
#include "sender.h"
#include "shared.h"

struct attribution {
	struct packet packet;
	struct end sender;
	struct end receiver;
};

/*
 * An attribution is too large for the stack, which all calls share. There is one for each CPU: a
 * program at a traffic control or XDP hook runs with softirqs off, and no other of them starts
 * before it ends.
 */
struct attribution_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct attribution);
};

extern struct attribution_map attributions SEC(".maps");

/* Set before loading. 0: packets are only copied, to measure what the rest costs. */
extern const volatile __u32 finds_processes;
/* Set before loading: whether packets are counted (count.h), not recorded. */
extern const volatile __u32 counting;

/* Sets `via` of the end at this hook, where no process is known at either end. */
static __always_inline void set_reason(context *ctx, __u32 hook, struct attribution *result)
{
	if (hook & HOOK_INGRESS) {
		if (result->receiver.via == PIDCAP_VIA_UNKNOWN)
			result->receiver.via = no_receiver_reason(ctx, &result->packet,
								  result->receiver.has_socket);
		return;
	}
#ifndef PIDCAP_XDP
	if (result->sender.via == PIDCAP_VIA_UNKNOWN)
		result->sender.via = no_sender_reason(ctx, &result->packet);
#endif
}

/*
 * Returns whether anybody asks for the receiver of a packet whose sender is known. Where packets go
 * out, only the sender's end is counted; the process filter and later fragments want both.
 */
static __always_inline bool needs_receiver(const struct packet *packet, __u32 hook)
{
	return !counting || hook & (HOOK_INGRESS | HOOK_LOOPBACK) || shared.filters_processes ||
	       packet->first_fragment;
}

/*
 * It is asked twice: a variable would have the verifier look at all that lies in between once for
 * each answer.
 */
static __always_inline bool begins_flow(const struct packet *packet)
{
	return packet->kind == KIND_PORTS && opens_connection(packet);
}

/* Fills in `result`. `hook`: enum hook_flags. */
static __always_inline void find_ends(context *ctx, __u32 hook, struct attribution *result)
{
	struct packet *packet = &result->packet;
	bool sent, received;

	__builtin_memset(result, 0, sizeof(*result));
	if (!finds_processes) {
		packet->interface = context_interface(ctx);
		return;
	}
	parse_packet(ctx, hook, packet);
	/* What was known of both directions of the flow is void. */
	if (begins_flow(packet))
		forget_flow(packet, OPPOSITE_WAY);
	sent = find_sender(ctx, packet, hook, &result->sender);
	received = (!sent || needs_receiver(packet, hook)) &&
		   find_receiver(ctx, packet, hook, &result->receiver);
	if (!learn_from_packet(ctx, packet, hook, &result->sender, &result->receiver) &&
	    begins_flow(packet))
		forget_flow(packet, SAME_WAY);
#ifdef SEES_TRANSLATION
	if (!(hook & HOOK_INGRESS))
		learn_translation(ctx, packet, &result->sender);
#endif
	if (!sent && !received)
		set_reason(ctx, hook, result);
}

/* Returns both ends of a packet, in this CPU's room for them. NULL only for the verifier. */
static __always_inline struct attribution *attribute(context *ctx, __u32 hook)
{
	__u32 zero = 0;
	struct attribution *result = bpf_map_lookup_elem(&attributions, &zero);

	if (result)
		find_ends(ctx, hook, result);
	return result;
}

#endif
