/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes events of processes into the ring of events, which all CPUs share.
 */
#ifndef PIDCAP_EVENT_H
#define PIDCAP_EVENT_H

#include "contract.h"
#include "kernel.h"
#include "pid_namespace.h"
#include "verdict.h"

/* Size set by user space. */
struct event_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

/*
 * The changes of a process that were reported within PIDCAP_REPORT_WINDOW_NS. One that is forgotten
 * because of many others begins anew.
 */
struct report_window {
	__u64 began; /* mono */
	__u64 reported;
};

struct report_window_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct pidcap_process);
	__type(value, struct report_window);
};

extern struct event_map events SEC(".maps");
extern struct report_window_map report_windows SEC(".maps");
extern __u64 events_lost;

static __always_inline void fill_event(struct pidcap_event *event, __u32 type,
				       struct task_struct *task)
{
	struct task_struct *leader = KERNEL_READ(task, group_leader);
	struct pid *pid = KERNEL_READ(leader, thread_pid);
	const struct upid *innermost = upid_at(pid, KERNEL_READ(pid, level));

	__builtin_memset(event, 0, sizeof(*event));
	event->time_mono = bpf_ktime_get_ns();
	event->start_boot = KERNEL_READ(leader, start_boottime);
	event->cgroup_id = KERNEL_READ(task, cgroups, dfl_cgrp, kn, id);
	event->type = type;
	event->tgid = KERNEL_READ(leader, tgid);
	event->tid = KERNEL_READ(task, pid);
	event->ppid = KERNEL_READ(leader, real_parent, tgid);
	event->uid = KERNEL_READ(task, cred, euid.val);
	event->gid = KERNEL_READ(task, cred, egid.val);
	event->netns = KERNEL_READ(task, nsproxy, net_ns, ns.inum);
	event->nspid = KERNEL_READ(innermost, nr);
	event->own_tgid = own_number(leader);
	event->own_ppid = own_number(KERNEL_READ(leader, real_parent, group_leader));
	event->own_tid = task == leader ? event->own_tgid : own_number(task);
	BPF_CORE_READ_STR_INTO(&event->comm, leader, comm);
}

static __always_inline struct pidcap_event *reserve_event(void)
{
	struct pidcap_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		__sync_fetch_and_add(&events_lost, 1);
	return event;
}

/* Most of the ring is left to forks and execs, which happen once, and to exits. */
static __always_inline bool has_room_for_changes(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) <
	       bpf_ringbuf_query(&events, BPF_RB_RING_SIZE) / 8;
}

enum report { UNREPORTED, REPORTED, REPORTED_MORE_TO_COME };

/*
 * Returns whether a change of the process is to be reported, and whether those after it may be left
 * out. CPUs that count at the same time may report a few more, but none is left out before one was
 * reported with that mark.
 */
static __always_inline enum report report_change_of(struct task_struct *task)
{
	struct pidcap_process process = {
		.start_boot = KERNEL_READ(task, group_leader, start_boottime),
		.tgid = KERNEL_READ(task, tgid),
	};
	struct report_window *known = bpf_map_lookup_elem(&report_windows, &process);
	__u64 now = bpf_ktime_get_ns();
	struct report_window fresh = {.began = now, .reported = 1};

	if (!known) {
		bpf_map_update_elem(&report_windows, &process, &fresh, BPF_ANY);
		return REPORTED;
	}
	if (now - known->began >= PIDCAP_REPORT_WINDOW_NS) {
		*known = fresh;
		return REPORTED;
	}
	if (known->reported >= PIDCAP_REPORTED_CHANGES_MOST ||
	    (known->reported >= PIDCAP_REPORTED_CHANGES && !has_room_for_changes()))
		return UNREPORTED;
	known->reported++;
	return known->reported >= PIDCAP_REPORTED_CHANGES ? REPORTED_MORE_TO_COME : REPORTED;
}

/*
 * Notes that `task` changed so that user space's process filter has to decide again. `event`: the
 * event that reports it. If there is none, and NULL is given, the process stays undecided until
 * user space has found the change by its time.
 */
static __always_inline void note_change_of(struct task_struct *task,
					   const struct pidcap_event *event)
{
	note_change(KERNEL_READ(task, tgid), KERNEL_READ(task, group_leader, start_boottime),
		    event ? event->time_mono : bpf_ktime_get_ns());
}

#endif
