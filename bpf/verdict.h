/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose packets user space has said that nobody wants. It decides from all that it knows of a
 * process, once, when a packet has come by; until then packets pass, and are kept or thrown away
 * there. A process that is about to become another one (exec, a new name) is undecided at once.
 */
#ifndef PIDCAP_VERDICT_H
#define PIDCAP_VERDICT_H

#include "contract.h"
#include "kernel.h"

/* There is a process filter. Set by user space, as are the others here but `changes_lost`. */
extern __u32 filters_processes;

/* By bit: which enum pidcap_via a packet without a process may have to be wanted. */
extern __u32 wanted_without_process;

/* A change of some process could not be noted: no verdict is safe any more. */
extern __u32 changes_lost;

/* Those that nobody wants. The value is the time of the process's last change that was known then.
 */
struct unwanted_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PIDCAP_UNWANTED_MAX);
	__type(key, struct pidcap_subject);
	__type(value, __u64);
};

/* When a process last changed, mono; none: not since the capture began. */
struct change_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 20);
	__type(key, struct pidcap_process);
	__type(value, __u64);
};

extern struct unwanted_map unwanted SEC(".maps");
extern struct change_map changes SEC(".maps");

/* To be called before the process can send or receive as what it has become. */
static __always_inline void note_change(__u32 tgid, __u64 start_boot, __u64 time)
{
	struct pidcap_process process = {.start_boot = start_boot, .tgid = tgid};

	if (bpf_map_update_elem(&changes, &process, &time, BPF_ANY))
		changes_lost = 1;
}

static __always_inline bool is_unwanted(const struct pidcap_owner *owner)
{
	struct pidcap_subject subject = {
		.start_boot = owner->start_boot,
		.cgroup_id = owner->cgroup_id,
		.tgid = owner->tgid,
		.uid = owner->uid,
		.gid = owner->gid,
	};
	struct pidcap_process process = {.start_boot = owner->start_boot, .tgid = owner->tgid};
	__u64 *known = bpf_map_lookup_elem(&unwanted, &subject);
	__u64 *changed;

	if (!known)
		return false;
	changed = bpf_map_lookup_elem(&changes, &process);
	return *known == (changed ? *changed : 0);
}

#endif
