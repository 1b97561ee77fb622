// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds a living thread by its number in a PID namespace, for a capture that isn't in the initial
 * one: /proc has no number there that the other programs report. Attached to nothing: user space
 * runs it by BPF_PROG_TEST_RUN, in its own context.
 */
#include "contract.h"
#include "pid_namespace.h"

/* The answer to the latest question. */
struct pidcap_pids looked_up;

/* More than a number of 22 bits (PID_MAX_LIMIT) needs, at 4 bits a node. */
#define TREE_DEPTH 8

/*
 * An entry of an xarray that points to a node, as xa_is_node() of include/linux/xarray.h has it.
 */
static __always_inline bool is_node(__u64 entry)
{
	return (entry & 3) == 2 && entry > 4096;
}

/* find_pid_ns() of kernel/pid.c. The programs run within RCU, which keeps what is found. */
static __always_inline const struct pid *find_pid(const struct pid_namespace *ns, __u32 number)
{
	const __u32 slots = bpf_core_field_size(struct xa_node, slots) / sizeof(void *);
	__u64 entry = (__u64)BPF_CORE_READ(ns, idr.idr_rt.xa_head);

	for (int depth = 0; depth < TREE_DEPTH && is_node(entry); depth++) {
		const struct xa_node *node = (const struct xa_node *)(entry - 2);
		__u32 index = number >> BPF_CORE_READ(node, shift);

		if (depth == 0 && index >= slots)
			return NULL;
		index &= slots - 1;
		if (bpf_probe_read_kernel(&entry, sizeof(entry),
					  (const void *)node +
						  bpf_core_field_offset(struct xa_node, slots) +
						  index * sizeof(void *)))
			return NULL;
	}
	return entry & 3 ? NULL : (const struct pid *)entry;
}

/* Returns the thread that has this number, or NULL if there is none any more. */
static __always_inline const struct task_struct *thread_of(const struct pid *pid)
{
	const struct hlist_node *first = BPF_CORE_READ(pid, tasks[0].first); /* PIDTYPE_PID */

	return first ? (const void *)first - bpf_core_field_offset(struct task_struct, pid_links)
		     : NULL;
}

SEC("raw_tp")
int look_up_pid(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *current = (struct task_struct *)bpf_get_current_task();
	const struct pid *own = BPF_CORE_READ(current, thread_pid);
	const struct upid *reader =
		ctx->args[1] == PIDCAP_OWN_NUMBERS ? own_upid(own) : upid_at(own, 0);
	const struct task_struct *task, *leader;
	const struct pid *pid;

	__builtin_memset(&looked_up, 0, sizeof(looked_up));
	if (!reader)
		return 0;
	pid = find_pid(BPF_CORE_READ(reader, ns), ctx->args[0]);
	task = pid ? thread_of(pid) : NULL;
	if (!task)
		return 0;
	leader = BPF_CORE_READ(task, group_leader);
	looked_up.start_boot = BPF_CORE_READ(leader, start_boottime);
	looked_up.tgid = BPF_CORE_READ(task, tgid);
	looked_up.tid = BPF_CORE_READ(task, pid);
	looked_up.own_tgid = own_number(leader);
	looked_up.own_tid = own_number(task);
	return 0;
}
