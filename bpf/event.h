/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes events of processes into the ring of events, which all CPUs share.
 */
#ifndef PIDCAP_EVENT_H
#define PIDCAP_EVENT_H

#include "contract.h"
#include "kernel.h"
#include "verdict.h"

/* Size set by user space. */
struct event_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

extern struct event_map events SEC(".maps");
extern __u64 events_lost;

static __always_inline void fill_event(struct pidcap_event *event, __u32 type,
				       struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);
	/* Neither the array's length nor its stride is known here: no indexing. */
	const void *innermost = (const void *)pid + bpf_core_field_offset(struct pid, numbers) +
				BPF_CORE_READ(pid, level) * bpf_core_type_size(struct upid);

	__builtin_memset(event, 0, sizeof(*event));
	event->time_mono = bpf_ktime_get_ns();
	event->start_boot = BPF_CORE_READ(leader, start_boottime);
	event->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	event->type = type;
	event->tgid = BPF_CORE_READ(leader, tgid);
	event->tid = BPF_CORE_READ(task, pid);
	event->ppid = BPF_CORE_READ(leader, real_parent, tgid);
	event->uid = BPF_CORE_READ(task, cred, euid.val);
	event->gid = BPF_CORE_READ(task, cred, egid.val);
	event->netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	event->nspid = BPF_CORE_READ((const struct upid *)innermost, nr);
	BPF_CORE_READ_STR_INTO(&event->comm, leader, comm);
}

static __always_inline struct pidcap_event *reserve_event(void)
{
	struct pidcap_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		__sync_fetch_and_add(&events_lost, 1);
	return event;
}

/*
 * Notes that `task` changed so that user space's process filter has to decide again. `event`: the
 * event that reports it. If there was no room for one, and NULL is given, user space will never
 * know of this change, and the process stays undecided.
 */
static __always_inline void note_change_of(struct task_struct *task,
					   const struct pidcap_event *event)
{
	note_change(BPF_CORE_READ(task, tgid), BPF_CORE_READ(task, group_leader, start_boottime),
		    event ? event->time_mono : bpf_ktime_get_ns());
}

#endif
