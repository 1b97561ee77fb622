/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Verdicts of user space's process filter: the processes whose packets are left out. User space
 * decides on a process once, after its first packet; until then packets pass, and user space keeps
 * them or throws them away. A process that changes (exec, a new name) is undecided at once.
 */
#ifndef PIDCAP_VERDICT_H
#define PIDCAP_VERDICT_H

#include "contract.h"
#include "kernel.h"
#include "shared.h"

/*
 * The processes that are left out. The value is the time of the process's last change that the
 * verdict takes into account, or 0. Written by user space.
 */
struct unwanted_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PIDCAP_UNWANTED_MAX);
	__type(key, struct pidcap_subject);
	__type(value, __u64);
};

/* When a process last changed, mono. No entry: not since the capture began. */
struct change_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 20);
	__type(key, struct pidcap_process);
	__type(value, __u64);
};

extern struct unwanted_map unwanted SEC(".maps");
extern struct change_map changes SEC(".maps");

/* Has to be called before the changed process can send or receive. */
static __always_inline void note_change(__u32 tgid, __u64 start_boot, __u64 time)
{
	struct pidcap_process process = {.start_boot = start_boot, .tgid = tgid};

	if (bpf_map_update_elem(&changes, &process, &time, BPF_ANY))
		shared.changes_lost = 1;
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
