/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers of processes and threads in PID namespaces. A process has one in its own namespace and in
 * each one above, up to the initial one, whose numbers the kernel calls pid and tgid.
 */
#ifndef PIDCAP_PID_NAMESPACE_H
#define PIDCAP_PID_NAMESPACE_H

#include "kernel.h"

/* MAX_PID_NS_LEVEL of include/linux/pid_namespace.h */
#define PID_NAMESPACE_LEVELS 32

/*
 * Inode number of the capture's own PID namespace; 0: that is the initial one. Set by user space.
 */
extern const volatile __u32 pid_namespace;

/* Returns the number at a level from 0, the initial namespace's, to pid->level, its own one's. */
static __always_inline const struct upid *upid_at(const struct pid *pid, __u32 level)
{
	/* Neither the array's length nor its stride is known here: no indexing. */
	return (const void *)pid + bpf_core_field_offset(struct pid, numbers) +
	       level * bpf_core_type_size(struct upid);
}

/* Returns the number that stands for the capture's own namespace, or NULL if `pid` isn't in it. */
static __always_inline const struct upid *own_upid(const struct pid *pid)
{
	__u32 levels = KERNEL_READ(pid, level);

	for (__u32 level = 1; level <= PID_NAMESPACE_LEVELS && level <= levels; level++) {
		const struct upid *upid = upid_at(pid, level);

		if (KERNEL_READ(upid, ns, ns.inum) == pid_namespace)
			return upid;
	}
	return NULL;
}

/*
 * Returns a thread's number in the capture's own PID namespace, or 0 if it isn't in there. A
 * group's leader has the process's.
 */
static __always_inline __u32 own_number(const struct task_struct *task)
{
	const struct upid *upid;

	if (!pid_namespace)
		return KERNEL_READ(task, pid);
	upid = own_upid(KERNEL_READ(task, thread_pid));
	return upid ? KERNEL_READ(upid, nr) : 0;
}

#endif
