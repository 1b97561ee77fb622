/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the processes at both ends of a packet, and updates what is remembered for later ones:
 * puts together what attribution_steps.h and reason.h answer.
 *
 * Programs of an interface's hooks call attribute(), whose result is valid until the program ends.
 * Those of the cgroup hook have room of their own and call find_ends().
 */
#ifndef PIDCAP_ATTRIBUTE_H
#define PIDCAP_ATTRIBUTE_H

#include "attribution.h"
#include "attribution_steps.h"
#include "flow_cache.h"
#include "learn.h"
#include "reason.h"
#include "shared.h"

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

/* Fills in what `result` has of the packet alone. Returns whether its ends are to be found. */
static __always_inline bool begin_attribution(context *ctx, __u32 hook, struct attribution *result)
{
	__builtin_memset(result, 0, sizeof(*result));
	if (!finds_processes) {
		result->packet.interface = context_interface(ctx);
		return false;
	}
	parse_packet(ctx, hook, &result->packet);
	return true;
}

/* Fills in the ends of a packet that begin_attribution() has parsed. */
static __always_inline void find_parsed_ends(context *ctx, __u32 hook, struct attribution *result)
{
	struct packet *packet = &result->packet;
	bool sent, received;

	/* What was known of both directions of the flow is void. */
	if (begins_flow(packet)) {
		note_change_of_flow(packet->saddr, packet->daddr, packet->sport, packet->dport);
		forget_flow(packet, OPPOSITE_WAY);
	}
	sent = sender_step(ctx, hook, result);
	received = (!sent || needs_receiver(packet, hook)) && receiver_step(ctx, hook, result);
	if (!learning_step(ctx, hook, result) && begins_flow(packet))
		forget_flow(packet, SAME_WAY);
#ifdef SEES_TRANSLATION
	if (!(hook & HOOK_INGRESS))
		learn_translation(ctx, packet, &result->sender);
#endif
	if (!sent && !received)
		set_reason(ctx, hook, result);
}

/* Fills in `result`. `hook`: enum hook_flags. */
static __always_inline void find_ends(context *ctx, __u32 hook, struct attribution *result)
{
	if (begin_attribution(ctx, hook, result))
		find_parsed_ends(ctx, hook, result);
}

/* Returns both ends of a packet, in this CPU's room for them. NULL only for the verifier. */
static __always_inline struct attribution *attribute(context *ctx, __u32 hook)
{
	struct attribution *result = own_attribution();
	bool both;

	if (!result || !begin_attribution(ctx, hook, result))
		return result;
	both = needs_receiver(&result->packet, hook);
	if (both && take_kept_ends(ctx, hook))
		return result;
	find_parsed_ends(ctx, hook, result);
	if (both)
		keep_ends(ctx, hook);
	return result;
}

#endif
