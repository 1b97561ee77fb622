/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notes that the current process uses a socket. There are three ways to see that it does, one of
 * which is attached: fentry.bpf.c, kprobe.bpf.c, syscall.bpf.c.
 */
#ifndef PIDCAP_USE_H
#define PIDCAP_USE_H

#include "event.h"
#include "rings.h"
#include "shared_socket.h"

/* How many uses could not be noted because sk_user is full. Those sockets keep their owner. */
extern __u64 sk_user_full;

/* Not inlined, as its callers' stack has no room for its entry. */
static __noinline int note_packet_use(struct task_struct *task, __u64 key)
{
	struct sk_user *known = bpf_map_lookup_elem(&packet_user, &key);
	struct sk_user user = {};

	if (known && is_current(&known->owner, task, bpf_get_current_pid_tgid()))
		return 0;
	current_owner(&user.owner);
	user.sk = key;
	user.check = pidcap_owner_check(&user.owner);
	bpf_map_update_elem(&packet_user, &key, &user, BPF_ANY);
	return 0;
}

static __always_inline void write_user(struct task_struct *task, struct sock *sk,
				       const struct sk_user *known, enum users users, bool passive)
{
	__u64 key = (__u64)sk;
	struct sk_user user = {.users = users, .passive = passive};

	current_owner(&user.owner);
	user.sk = key;
	user.task = (__u64)task;
	user.netns = KERNEL_READ(sk, __sk_common.skc_net.net, ns.inum);
	user.born = known ? known->born : bpf_ktime_get_ns();
	user.check = pidcap_owner_check(&user.owner);
	if (known && users == SEVERAL_PROCESSES) {
		user.others = known->others;
		if (known->owner.tgid != user.owner.tgid &&
		    KERNEL_READ(sk, sk_protocol) == IPPROTO_TCP)
			user.others = written_on(sk);
	}
	if (bpf_map_update_elem(&sk_user, &key, &user, BPF_ANY))
		__sync_fetch_and_add(&sk_user_full, 1);
	note_change_of_owner(sk);
}

/*
 * Asks user space to have the ends of calls seen. It may be asleep: then a record wakes it that
 * comes to nothing.
 */
static __noinline int want_call_ends(void)
{
	void *ring, *record;

	if (wants_call_ends)
		return 0;
	wants_call_ends = 1;
	ring = own_ring(sizeof(__u64));
	record = ring ? bpf_ringbuf_reserve(ring, sizeof(__u64), 0) : NULL;
	if (record)
		bpf_ringbuf_discard(record, BPF_RB_FORCE_WAKEUP);
	return 0;
}

/* Returns who has used a socket, once the current thread has, too. */
static __always_inline enum users with_current(const struct sk_user *known,
					       struct task_struct *task, __u64 id)
{
	bool same_thread = known->owner.tid == (__u32)id && known->owner.tgid == id >> 32;

	/* Who has only bound or accepted it has sent nothing on it: the next one is the first. */
	if (known->passive)
		return ONE_THREAD;
	if (same_thread || known->users == SEVERAL_PROCESSES)
		return known->users;
	return is_current_process(&known->owner, task, id) ? SEVERAL_THREADS : SEVERAL_PROCESSES;
}

/*
 * Notes a use that says something new: of a socket that has another user, or several, or none yet.
 *
 * Not inlined: such uses are few, and what all others run should be small. What begin_call() and
 * write_user() keep on the stack takes the same place: with its callers it has 512 bytes.
 */
static __noinline int note_new_use(struct task_struct *task, struct sock *sk, enum use use)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u64 key = (__u64)sk;
	struct sk_user *known = bpf_map_lookup_elem(&sk_user, &key);
	enum users users;

	if (!known) {
		write_user(task, sk, NULL, ONE_THREAD, use == USE);
		return 0;
	}
	users = with_current(known, task, id);
	if (users == SEVERAL_PROCESSES) {
		have_shared = 1;
		if (known->users != SEVERAL_PROCESSES)
			note_earlier_call(known, key);
		if (use == CALL_SENDS && !sees_call_ends && needs_call_ends(task, sk))
			want_call_ends();
		if (use != USE)
			begin_call(task, id, sk, use, known);
	}
	if (!is_current(&known->owner, task, id))
		write_user(task, sk, known, users, known->passive && use == USE);
	return 0;
}

/*
 * Returns whether a use says nothing new. Of several threads of one process the last that did
 * anything but send counts: who receives what comes in. Who sends, the packet's program sees.
 */
static __always_inline bool is_known_use(struct sk_user *known, struct task_struct *task,
					 enum use use)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (known->users == SEVERAL_PROCESSES)
		return false;
	if (known->owner.tid != (__u32)id && (known->users != SEVERAL_THREADS || use != CALL_SENDS))
		return false;
	if (!is_current_process(&known->owner, task, id))
		return false;
	/* If the entry is another socket's by now, that one counts as shared earlier. */
	if (known->passive && use != USE)
		known->passive = 0;
	return true;
}

/* Notes the current process as the last user of a socket. */
static __always_inline void note_use(struct task_struct *task, struct sock *sk, enum use use)
{
	__u64 key = (__u64)sk;
	struct sk_user *known;
	unsigned short family;

	if (!sk)
		return;
	family = KERNEL_READ(sk, __sk_common.skc_family);
	if (family == AF_PACKET)
		note_packet_use(task, key);
	if (family != AF_INET && family != AF_INET6)
		return;
	known = bpf_map_lookup_elem(&sk_user, &key);
	if (!known || !is_known_use(known, task, use))
		note_new_use(task, sk, use);
}

/*
 * The same for the argument of a kernel function. Leaves out a socket that the kernel itself uses
 * in the process's context, as network file systems do: it belongs to no process.
 */
static __always_inline void note_socket_use(struct socket *socket, enum use use)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct sock *sk = KERNEL_READ(socket, sk);

	if (!sk || KERNEL_READ(task, flags) & PF_KTHREAD ||
	    BPF_CORE_READ_BITFIELD_PROBED(sk, sk_kern_sock))
		return;
	note_use(task, sk, use);
}

/*
 * Reports that the current thread may have changed its network namespace. Calls that change other
 * namespaces are reported, too; such an event changes nothing.
 */
static __always_inline void report_namespace(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	bool leads = KERNEL_READ(task, pid) == KERNEL_READ(task, tgid);
	enum report report = report_change_of(task);
	struct pidcap_event *event = report == UNREPORTED ? NULL : reserve_event();

	if (!event) {
		if (leads)
			note_change_of(task, NULL);
		return;
	}
	fill_event(event, PIDCAP_EVENT_NETNS, task);
	event->more = report == REPORTED_MORE_TO_COME;
	if (leads)
		note_change_of(task, event);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

#endif
