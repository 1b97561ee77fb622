// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports processes as they fork, exec, change their name and exit, so that a process that lived
 * for a millisecond still has its executable and command line.
 */
#include "event.h"

char LICENSE[] SEC("license") = "GPL";

struct event_map events SEC(".maps");
struct report_window_map report_windows SEC(".maps");

/*
 * Whether execs tell the working directory, and exits the end and what was used. Set before
 * loading.
 */
const volatile __u32 describes_processes = 0;

/* Events that found no room in the ring. */
__u64 events_lost;

/* The longest name of a directory entry, with its NUL: NAME_MAX of include/uapi/linux/limits.h. */
#define NAME_LEN 256
/* How many path components and mounts are walked at most: the verifier needs a bound. */
#define PATH_DEPTH 48

/* An EXEC that is being written: path_len bytes of the text are the path, then come args_len. */
struct exec_event {
	struct pidcap_event event;
	char text[PIDCAP_PATH_LEN + PIDCAP_ARGS_LEN];
};

struct described_exec_event {
	struct exec_event exec;
	char cwd[PIDCAP_CWD_LEN];
};

/* include/linux/sched/signal.h: group_exit_code holds how the process ends. */
#define SIGNAL_GROUP_EXIT 4

/*
 * Writes the path's names from the leaf to the root, across mounts. The root is that of the mount
 * namespace, not a process's chroot, as d_path() has it for a path that the caller can't reach.
 *
 * The running length is kept in the record, where the verifier doesn't track its value: in a
 * register, each way through the loop's body would be a state of its own.
 */
static __always_inline void fill_path(struct vfsmount *vfsmount, struct dentry *dentry, char *text,
				      __u16 *text_length, __u8 *truncated)
{
	struct mount *mount = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);

	*truncated = 1;
	for (int i = 0; i < PATH_DEPTH; i++) {
		struct dentry *root = BPF_CORE_READ(mount, mnt.mnt_root);
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		__u32 length = *text_length;
		long size;

		if (dentry == root) {
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (above == mount)
				goto complete;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			continue;
		}
		if (length > PIDCAP_PATH_LEN - NAME_LEN)
			return;
		size = bpf_probe_read_kernel_str(text + length, NAME_LEN,
						 BPF_CORE_READ(dentry, d_name.name));
		if (size <= 0)
			return;
		*text_length = length + size;
		/* Its own parent, but no root: a memfd, or another file without a place in the
		 * tree. */
		if (dentry == parent)
			goto complete;
		dentry = parent;
	}
	return;
complete:
	*truncated = 0;
}

/*
 * Tells which file it is that stands at the path. A mount that belongs to no namespace (any more)
 * has a path all the same: then the process's own namespace is told.
 */
static __always_inline void fill_file(struct pidcap_event *event, struct task_struct *task,
				      struct file *file)
{
	struct vfsmount *vfsmount = BPF_CORE_READ(file, f_path.mnt);
	struct mount *mount = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);

	event->exe_inode = BPF_CORE_READ(file, f_inode, i_ino);
	event->exe_device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	event->mntns = BPF_CORE_READ(mount, mnt_ns, ns.inum);
	if (!event->mntns)
		event->mntns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

static __always_inline void fill_args(struct exec_event *exec, struct mm_struct *mm)
{
	unsigned long start = BPF_CORE_READ(mm, arg_start);
	unsigned long length = BPF_CORE_READ(mm, arg_end) - start;
	__u32 offset = exec->event.path_len;

	if (length > PIDCAP_ARGS_LEN) {
		length = PIDCAP_ARGS_LEN;
		exec->event.args_truncated = 1;
	}
	if (offset > PIDCAP_PATH_LEN)
		return;
	/* Again, beside the call: the verifier has forgotten the bound of `length` by now. */
	if (length == 0 || length > PIDCAP_ARGS_LEN)
		return;
	if (bpf_probe_read_user(exec->text + offset, length, (void *)start) == 0)
		exec->event.args_len = length;
	else
		exec->event.args_truncated = 1;
}

/*
 * sched_process_fork(parent, child): the child hasn't run yet. The event names the process that
 * forked it as its parent, even if CLONE_PARENT makes them siblings: the child's executable and
 * command line come from there.
 */
SEC("raw_tp/sched_process_fork")
int process_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *parent = (struct task_struct *)ctx->args[0];
	struct task_struct *child = (struct task_struct *)ctx->args[1];
	struct pidcap_event *event;

	if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid))
		return 0;
	event = reserve_event();
	if (!event)
		return 0;
	fill_event(event, PIDCAP_EVENT_FORK, child);
	event->ppid = BPF_CORE_READ(parent, tgid);
	event->own_ppid = own_number(BPF_CORE_READ(parent, group_leader));
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}

/* sched_process_exec(task, old_pid, bprm): the new image is in place, nothing of it has run yet. */
SEC("raw_tp/sched_process_exec")
int process_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct file *file = BPF_CORE_READ(mm, exe_file);
	struct described_exec_event *described = NULL;
	struct exec_event *exec;

	/* One of the two branches is dead, as the verifier knows. */
	if (describes_processes) {
		described = bpf_ringbuf_reserve(&events, sizeof(*described), 0);
		exec = (struct exec_event *)described;
	} else {
		exec = bpf_ringbuf_reserve(&events, sizeof(*exec), 0);
	}
	if (!exec) {
		__sync_fetch_and_add(&events_lost, 1);
		note_change_of(task, NULL);
		return 0;
	}
	fill_event(&exec->event, PIDCAP_EVENT_EXEC, task);
	note_change_of(task, &exec->event);
	fill_file(&exec->event, task, file);
	fill_path(BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry), exec->text,
		  &exec->event.path_len, &exec->event.path_truncated);
	fill_args(exec, mm);
	if (described)
		fill_path(BPF_CORE_READ(task, fs, pwd.mnt), BPF_CORE_READ(task, fs, pwd.dentry),
			  described->cwd, &exec->event.cwd_len, &exec->event.cwd_truncated);
	bpf_ringbuf_submit(exec, BPF_RB_NO_WAKEUP);
	return 0;
}

/* task_rename(task, comm): comm is the new name, task->comm still the old one. */
SEC("raw_tp/task_rename")
int process_rename(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];
	struct pidcap_event *event;
	enum report report;

	if (BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
		return 0;
	report = report_change_of(task);
	event = report == UNREPORTED ? NULL : reserve_event();
	if (!event) {
		note_change_of(task, NULL);
		return 0;
	}
	fill_event(event, PIDCAP_EVENT_RENAME, task);
	note_change_of(task, event);
	event->more = report == REPORTED_MORE_TO_COME;
	event->in_exec = !bpf_core_field_exists(task->in_execve) ||
			 BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
	bpf_probe_read_kernel_str(event->comm, sizeof(event->comm), (const void *)ctx->args[1]);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}

/* `task` is the last thread, whose own time hasn't been added to its process's yet. */
static __always_inline void fill_end(struct pidcap_event *event, struct task_struct *task)
{
	event->exit_status = BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT
				     ? BPF_CORE_READ(task, signal, group_exit_code)
				     : BPF_CORE_READ(task, group_leader, exit_code);
	event->cpu_ns = BPF_CORE_READ(task, signal, sum_sched_runtime) +
			BPF_CORE_READ(task, se.sum_exec_runtime);
	event->peak_pages = BPF_CORE_READ(task, signal, maxrss);
}

/* sched_process_exit(task, …): a process ends with its last thread. */
SEC("raw_tp/sched_process_exit")
int process_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];
	struct pidcap_event *event;

	if (BPF_CORE_READ(task, signal, live.counter) != 0)
		return 0;
	event = reserve_event();
	if (!event)
		return 0;
	fill_event(event, PIDCAP_EVENT_EXIT, task);
	if (describes_processes)
		fill_end(event, task);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}
