/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The three steps to a packet's ends: who sent it, who receives it, what is learned from it for
 * later ones. Each fills in or reads an attribution of which the steps before it have been made.
 *
 * At interfaces each is a global function, about the packet in own_attribution(): the verifier
 * looks at it once, and not again for each way in which the steps before may have ended, which
 * takes half of the time in which a capture starts. The cgroup hook's attributions are in other
 * places, and before Linux 5.13 a global function can't have pointers as arguments.
 */
#ifndef PIDCAP_ATTRIBUTION_STEPS_H
#define PIDCAP_ATTRIBUTION_STEPS_H

#include "attribution.h"
#include "learn.h"
#include "receiver.h"
#include "sender.h"

#ifdef PIDCAP_CGROUP
static __always_inline bool sender_step(context *ctx, __u32 hook, struct attribution *result)
{
	return find_sender(ctx, &result->packet, hook, &result->sender);
}

static __always_inline bool receiver_step(context *ctx, __u32 hook, struct attribution *result)
{
	return find_receiver(ctx, &result->packet, hook, &result->receiver);
}

static __always_inline bool learning_step(context *ctx, __u32 hook, struct attribution *result)
{
	return learn_from_packet(ctx, &result->packet, hook, &result->sender, &result->receiver);
}
#else
#ifdef PIDCAP_XDP
#define own_sender_step	  xdp_own_sender_step
#define own_receiver_step xdp_own_receiver_step
#define own_learning_step xdp_own_learning_step
#endif

#define sender_step(ctx, hook, result)	 own_sender_step(ctx, hook)
#define receiver_step(ctx, hook, result) own_receiver_step(ctx, hook)
#define learning_step(ctx, hook, result) own_learning_step(ctx, hook)

int own_sender_step(context *ctx, __u32 hook);
int own_receiver_step(context *ctx, __u32 hook);
int own_learning_step(context *ctx, __u32 hook);

#if defined(PIDCAP_TC) || defined(PIDCAP_XDP)
__noinline int own_sender_step(context *ctx, __u32 hook)
{
	struct attribution *own = own_attribution();

	/* Or clang passes nothing for it in XDP, where it isn't used: the verifier refuses that. */
	barrier_var(ctx);
	return own && find_sender(ctx, &own->packet, hook, &own->sender);
}

__noinline int own_receiver_step(context *ctx, __u32 hook)
{
	struct attribution *own = own_attribution();

	barrier_var(ctx);
	return own && find_receiver(ctx, &own->packet, hook, &own->receiver);
}

__noinline int own_learning_step(context *ctx, __u32 hook)
{
	struct attribution *own = own_attribution();

	barrier_var(ctx);
	return own && learn_from_packet(ctx, &own->packet, hook, &own->sender, &own->receiver);
}
#endif
#endif

#endif
