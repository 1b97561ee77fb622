/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hash of numbers, for places in tables.
 */
#ifndef PIDCAP_HASH_H
#define PIDCAP_HASH_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* Returns the hash of what `hash` is the hash of, followed by `word`. */
static __always_inline __u64 mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

#endif
