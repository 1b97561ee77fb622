/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sockets that several processes use at the same time: whose call sends this packet?
 *
 * Programs that see a use note each thread's call on such a socket, from its beginning to its end
 * (maps socket_call, shared_calls: owner.h). Programs that see a packet ask which of them sent it.
 */
#ifndef PIDCAP_SHARED_SOCKET_H
#define PIDCAP_SHARED_SOCKET_H

#include "owner.h"
#include "softirq.h"

/* Set once several processes have used a socket. */
extern __u32 have_shared;

/*
 * Whether the end of each call is seen, and end_call() called then. User space sets it once this is
 * so: from the start, or once wants_call_ends is set (capture/kernel/call_ends.h). Until then a
 * thread's call on a shared socket stays noted until its next call of any kind.
 */
extern __u32 sees_call_ends;
extern __u32 wants_call_ends;

/* How a socket is used. Those that begin with CALL_ have an end. */
enum use {
	USE, /* sends no data: bind, accept */
	CALL_RECEIVES,
	CALL_SENDS, /* or sends and receives */
};

/*
 * Returns whether it matters where a call that sends on a shared socket ends. It doesn't for TCP:
 * what leaves in the context of a thread that has used the socket is its call's, anything else the
 * last user's. But then may_be_softirq() has to know.
 */
static __always_inline bool needs_call_ends(struct task_struct *task, struct sock *sk)
{
	return bpf_core_field_exists(task->softirq_disable_cnt) ||
	       KERNEL_READ(sk, sk_protocol) != IPPROTO_TCP;
}

/* Counters of other CPUs change while they are read. */
static __always_inline __u64 read_counter(const __u64 *counter)
{
	return *(const volatile __u64 *)counter;
}

/* Returns whether something that was sent on the socket hasn't left the machine, or arrived. */
static __always_inline bool is_under_way(struct sock *sk)
{
	/* The socket itself counts as 1 (sk_alloc of net/core/sock.c). */
	return KERNEL_READ(sk, sk_wmem_alloc.refs.counter) != 1;
}

/*
 * Returns whether the last user may be in a call that isn't counted, as those that began before the
 * socket was shared. A thread that sleeps either isn't, or has something under way.
 */
static __always_inline bool may_be_sending(const struct sk_user *user)
{
	struct task_struct *task = (struct task_struct *)user->task;

	if (user->users == SEVERAL_THREADS)
		return true; /* Any of them may. */
	if ((__u32)KERNEL_READ(task, pid) != user->owner.tid ||
	    (__u32)KERNEL_READ(task, tgid) != user->owner.tgid)
		return false; /* It has gone. */
	if (bpf_core_field_exists(task->__state))
		return KERNEL_READ(task, __state) == TASK_RUNNING;
	return KERNEL_READ(task, state) == TASK_RUNNING;
}

/* How much a TCP socket's peer will have acknowledged once it has all that has been written. */
static __always_inline __u64 written_on(struct sock *sk)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;

	return KERNEL_READ(tcp, bytes_acked) +
	       (__u32)(KERNEL_READ(tcp, write_seq) - KERNEL_READ(tcp, snd_una));
}

/*
 * Returns whether a TCP socket may have data left to send, or to send again, that other processes
 * than its last user have written.
 */
static __always_inline bool has_others_data(struct sock *sk, const struct sk_user *user)
{
	return KERNEL_READ((struct tcp_sock *)sk, bytes_acked) < user->others;
}

static __always_inline __u64 switches_of(struct task_struct *task)
{
	return KERNEL_READ(task, nvcsw) + KERNEL_READ(task, nivcsw);
}

/*
 * Counts a call that sends, and notes what else the socket has under way, see is_sent_by(). `last`:
 * the socket's last user.
 */
static __always_inline void count_begin(struct socket_call *call, struct task_struct *task,
					struct sock *sk, const struct sk_user *last)
{
	__u64 key = (__u64)sk;
	struct shared_calls *calls = bpf_map_lookup_elem(&shared_calls, &key);
	struct shared_calls none = {};
	bool is_new = !calls;
	bool is_next;
	__u64 number;

	if (is_new) {
		bpf_map_update_elem(&shared_calls, &key, &none, BPF_NOEXIST);
		calls = bpf_map_lookup_elem(&shared_calls, &key);
	}
	call->switches = switches_of(task);
	call->is_first = !is_under_way(sk);
	if (!calls) {
		call->is_alone = false;
		call->sent_on = 0;
		return;
	}
	__sync_fetch_and_add(&calls->begun, 1);
	number = read_counter(&calls->begun);
	is_next = call->sent_on == key && number == call->number + 1;
	call->is_alone = !(is_new && may_be_sending(last)) &&
			 number - read_counter(&calls->ended) == 1 &&
			 (!is_under_way(sk) || (call->is_alone && is_next));
	call->sent_on = key;
	call->number = number;
}

static __always_inline void count_end(const struct socket_call *call)
{
	struct shared_calls *calls;
	__u64 key = call->sk;

	if (!key || call->receives || call->sent_on != key)
		return;
	calls = bpf_map_lookup_elem(&shared_calls, &key);
	if (calls)
		__sync_fetch_and_add(&calls->ended, 1);
}

/*
 * Notes that the only user that a socket has had until now may be in a call on it, which began when
 * no calls needed to be noted. Its thread may run at the same time, so this keeps off what is noted
 * of its other calls. Several threads of a process have one entry for this, under the thread 0.
 */
static __always_inline void note_earlier_call(const struct sk_user *user, __u64 sk)
{
	struct socket_call earlier = {.unnoted = sk};
	struct socket_call *call;
	__u64 id;

	if (!read_user(user, sk, &earlier.owner))
		return;
	id = (__u64)earlier.owner.tgid << 32;
	if (user->users == ONE_THREAD)
		id |= earlier.owner.tid;
	call = bpf_map_lookup_elem(&socket_call, &id);
	if (call)
		call->unnoted = sk;
	else
		bpf_map_update_elem(&socket_call, &id, &earlier, BPF_NOEXIST);
}

/* Notes the begin of the current thread's call on a socket that is shared with its `last` user. */
static __always_inline void begin_call(struct task_struct *task, __u64 id, struct sock *sk,
				       enum use use, const struct sk_user *last)
{
	struct socket_call *call = bpf_map_lookup_elem(&socket_call, &id);
	struct socket_call fresh = {};
	__u64 key = (__u64)sk;

	if (call && call->sk == key && !call->receives)
		return; /* One call may send and receive: then it sends. */
	if (call)
		count_end(call);
	if (!call || !is_current(&call->owner, task, id)) {
		current_owner(&fresh.owner);
		bpf_map_update_elem(&socket_call, &id, &fresh, BPF_ANY);
		call = bpf_map_lookup_elem(&socket_call, &id);
		if (!call)
			return;
	}
	call->is_seen = sees_call_ends;
	if (use == CALL_SENDS && KERNEL_READ(sk, sk_protocol) != IPPROTO_TCP)
		count_begin(call, task, sk, last);
	call->receives = use == CALL_RECEIVES;
	call->unnoted = 0;
	call->sk = key;
}

/* Returns the current thread's entry in socket_call, or NULL if no socket is shared. */
static __always_inline struct socket_call *current_call(void)
{
	__u64 id;

	if (!have_shared)
		return NULL;
	id = bpf_get_current_pid_tgid();
	return bpf_map_lookup_elem(&socket_call, &id);
}

/* Called at a call's end, or, where ends aren't seen, as the thread's next call begins. */
static __always_inline void end_call(void)
{
	struct socket_call *call = current_call();

	if (!call)
		return;
	count_end(call);
	call->unnoted = 0;
	call->sk = 0;
}

/* Ends a call on this socket only: the kernel may use another one in the middle of a call. */
static __always_inline void end_call_on(struct socket *socket)
{
	struct socket_call *call = current_call();

	if (!call)
		return;
	call->unnoted = 0;
	if (call->sk != (__u64)KERNEL_READ(socket, sk))
		return;
	count_end(call);
	call->sk = 0;
}

/*
 * Where may_be_softirq(): a softirq may have interrupted the call to go on with another thread's
 * datagram, which waited: for this CPU, for the next hop's link-layer address, in a queue.
 * `is_here`: this CPU has sent the packet. Returns whether it is certainly the call's:
 *
 * - nothing was under way as the call began, the thread has kept its CPU since, and this CPU has
 *   sent the packet, or
 * - no other thread's call was under way as the call began, and none has begun since.
 */
static __always_inline bool is_sent_by(const struct socket_call *call, struct task_struct *task,
				       bool is_here)
{
	struct shared_calls *calls;
	__u64 key = call->sk;

	if (is_here && call->is_first && call->switches == switches_of(task))
		return true;
	if (!call->is_alone)
		return false;
	calls = bpf_map_lookup_elem(&shared_calls, &key);
	return calls && read_counter(&calls->begun) == call->number;
}

/* Returns whether the kernel sends for a TCP socket that is being closed, which isn't a use. */
static __always_inline bool is_closing(struct bpf_sock *sk)
{
	return sk->protocol == IPPROTO_TCP && sk->state != BPF_TCP_ESTABLISHED &&
	       sk->state != BPF_TCP_CLOSE_WAIT && sk->state != BPF_TCP_SYN_SENT &&
	       sk->state != BPF_TCP_SYN_RECV;
}

/* Whether a call sends a packet. */
enum in_call {
	NOT_IN_CALL,
	MAYBE_IN_CALL,
	IN_CALL,
};

/*
 * Tells whether the call of the current thread that is noted sends this packet of the socket. If
 * its end wouldn't have been seen, it may be over where a softirq has interrupted the thread, or be
 * of an earlier thread with the same number.
 */
static __always_inline enum in_call is_in_call(const struct socket_call *call, struct bpf_sock *sk,
					       struct task_struct *task, __u64 id, bool is_here)
{
	bool noted = call->sk == (__u64)(long)sk;
	bool receives = noted && call->receives && sk->protocol != IPPROTO_TCP;
	bool softirq = may_be_softirq();

	if (receives || (!noted && call->unnoted != (__u64)(long)sk))
		return NOT_IN_CALL;
	if (noted && call->is_seen) {
		if (!softirq || sk->protocol == IPPROTO_TCP || is_sent_by(call, task, is_here))
			return IN_CALL;
		return NOT_IN_CALL;
	}
	if (is_closing(sk) ||
	    call->owner.start_boot != KERNEL_READ(current_leader(task, id), start_boottime))
		return NOT_IN_CALL;
	return softirq ? MAYBE_IN_CALL : IN_CALL;
}

#endif
