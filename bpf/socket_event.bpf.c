// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of sockets: attempts to connect, bind and listen that failed, and, on request, connections
 * that were opened and closed.
 *
 * The error of a call stands in its result. That of an attempt to connect which goes on after the
 * call is the socket's (sk_err), at the change of its state. So that no failure is recorded twice,
 * `connections` says whether a thread waits in connect(2): then its result is recorded.
 */
#include "event_record.h"
#include "socket_address.h"
#include "socket_of_fd.h"
#include "socket_owner.h"

char LICENSE[] SEC("license") = "GPL";

extern const volatile struct pidcap_own_events own_events;
const volatile struct pidcap_socket_calls native_socket_calls, compat_socket_calls;

__u64 socket_operations;

/* SYS_… of include/uapi/linux/net.h, for socketcall(2) */
#define SYS_BIND    2
#define SYS_CONNECT 3
#define SYS_LISTEN  4
#define SYS_ACCEPT  5
#define SYS_ACCEPT4 18

/* include/net/tcp_states.h */
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT	2
#define TCP_SYN_RECV	3
#define TCP_CLOSE	7
#define TCP_LISTEN	10

/* include/uapi/linux/in.h */
#define IPPROTO_MPTCP 262

/* include/uapi/asm-generic/errno.h; and include/linux/errno.h: the call will be restarted */
#define EINTR		      4
#define EISCONN		      106
#define EALREADY	      114
#define EINPROGRESS	      115
#define ERESTARTSYS	      512
#define ERESTART_RESTARTBLOCK 516

/* enum sock_flags of include/net/sock.h: a FIN has come, and counts as a byte. */
#define SOCK_DONE 1

/* A thread's connect(2) that is under way, by bpf_get_current_pid_tgid(). */
struct connect_call {
	__u64 began; /* mono */
	__u64 sk;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct connect_call);
} connect_calls SEC(".maps");

/*
 * An attempt to connect, or a connection, by the address of its socket. Beyond the file's inode
 * number tells whether that is still the same socket.
 */
struct connection {
	struct pidcap_owner owner; /* who began it; tgid 0: it was accepted */
	struct pidcap_address remote;
	struct pidcap_address local; /* as the attempt ended, before the socket lost it */
	__u64 inode;
	__u64 began;	   /* mono, as are the next two */
	__u64 ended;	   /* while a thread waited; 0: not yet */
	__u64 established; /* 0: not yet */
	__u32 waiting;	   /* a thread is in connect(2) */
	__u32 reported;	   /* the end of the attempt is recorded */
	__u32 error;	   /* that ended it */
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct connection);
} connections SEC(".maps");

enum call_kind { CALL_OTHER, CALL_CONNECT, CALL_BIND, CALL_LISTEN, CALL_ACCEPT };

struct call {
	__u64 kind; /* enum call_kind */
	__u64 fd;
	__u64 address;
	__u64 length; /* of the address; listen: the backlog */
};

static __always_inline __u64 kind_of(const volatile struct pidcap_socket_calls *calls, __u32 number)
{
	if (number == calls->connect)
		return CALL_CONNECT;
	if (number == calls->bind)
		return CALL_BIND;
	if (number == calls->listen)
		return CALL_LISTEN;
	if (number == calls->accept || number == calls->accept4)
		return CALL_ACCEPT;
	return CALL_OTHER;
}

static __always_inline bool may_be_socket_call(__u32 number)
{
	return kind_of(&native_socket_calls, number) || kind_of(&compat_socket_calls, number) ||
	       number == compat_socket_calls.socketcall;
}

static __always_inline __u64 socketcall_kind(__u32 which)
{
	switch (which) {
	case SYS_BIND:
		return CALL_BIND;
	case SYS_CONNECT:
		return CALL_CONNECT;
	case SYS_LISTEN:
		return CALL_LISTEN;
	case SYS_ACCEPT:
	case SYS_ACCEPT4:
		return CALL_ACCEPT;
	default:
		return CALL_OTHER;
	}
}

/* The registers hold the arguments at the exit of the call, too. */
static __always_inline void read_call(struct pt_regs *regs, __u32 number, struct call *call)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 arguments[3] = {};

	if (!IN_COMPAT_SYSCALL(task)) {
		call->kind = kind_of(&native_socket_calls, number);
		call->fd = (__u32)SYSCALL_ARG1(regs);
		call->address = SYSCALL_ARG2(regs);
		call->length = (__u32)SYSCALL_ARG3(regs);
		if (call->kind == CALL_LISTEN)
			call->length = (__u32)call->address;
		return;
	}
	arguments[0] = COMPAT_ARG1(regs);
	arguments[1] = COMPAT_ARG2(regs);
	arguments[2] = COMPAT_ARG3(regs);
	call->kind = kind_of(&compat_socket_calls, number);
	if (number == compat_socket_calls.socketcall) {
		call->kind = socketcall_kind(arguments[0]);
		if (bpf_probe_read_user(arguments, sizeof(arguments), (void *)(__u64)arguments[1]))
			call->kind = CALL_OTHER;
	}
	call->fd = arguments[0];
	call->address = arguments[1];
	call->length = call->kind == CALL_LISTEN ? arguments[1] : arguments[2];
}

static __always_inline struct sock *inet_socket_of_fd(__u64 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct sock *sk = socket_of_fd(task, fd);
	unsigned short family = sk ? BPF_CORE_READ(sk, __sk_common.skc_family) : 0;

	return family == AF_INET || family == AF_INET6 ? sk : NULL;
}

static __always_inline __u64 inode_of(struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
}

/* Returns what is known at the socket's address, or NULL. */
static __always_inline struct connection *connection_of(struct sock *sk)
{
	__u64 key = (__u64)sk;

	return bpf_map_lookup_elem(&connections, &key);
}

static __always_inline void forget_connection(struct sock *sk)
{
	__u64 key = (__u64)sk;

	bpf_map_delete_elem(&connections, &key);
}

static __always_inline void record_of_current(__u32 number, const void *fixed, __u64 size)
{
	struct event event = {.number = number, .via = PIDCAP_VIA_EVENT};
	struct event_bytes bytes = {.fixed = fixed, .fixed_size = size};

	current_owner(&event.owner);
	record_event(&event, &bytes);
}

/* Of the socket's owner, or, if it has none any more, of `other`. */
static __always_inline void record_of_socket(struct sock *sk, __u32 number,
					     const struct pidcap_owner *other, const void *fixed,
					     __u64 size)
{
	struct event event = {.number = number, .via = PIDCAP_VIA_SOCKET};
	struct event_bytes bytes = {.fixed = fixed, .fixed_size = size};
	struct end end = {};

	if (owner_at(sk, &end)) {
		event.owner = end.owner;
	} else if (other && other->tgid) {
		event.owner = *other;
		event.via = PIDCAP_VIA_EVENT;
	} else {
		event.via = PIDCAP_VIA_UNKNOWN;
	}
	record_event(&event, &bytes);
}

SEC("raw_tp/sys_enter")
int socket_call_begins(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx->args[0];
	__u32 number = ctx->args[1] & ~(__u64)X32_SYSCALL_BIT;
	__u64 id = bpf_get_current_pid_tgid();
	struct connect_call begun = {};
	struct connection *known;
	struct call call = {};
	struct sock *sk;

	if (!may_be_socket_call(number))
		return 0;
	read_call(regs, number, &call);
	sk = call.kind == CALL_CONNECT ? inet_socket_of_fd(call.fd) : NULL;
	if (!sk)
		return 0;
	begun.began = bpf_ktime_get_ns();
	begun.sk = (__u64)sk;
	bpf_map_update_elem(&connect_calls, &id, &begun, BPF_ANY);
	known = connection_of(sk);
	if (known && !known->reported && !known->established)
		known->waiting = 1;
	return 0;
}

/* Returns whether connect(2) says that the attempt goes on, or that it has succeeded before. */
static __always_inline bool is_unfinished(__u32 error)
{
	return error == EINPROGRESS || error == EALREADY || error == EINTR ||
	       (error >= ERESTARTSYS && error <= ERESTART_RESTARTBLOCK);
}

/*
 * Fills in how an attempt has ended while connect(2) was on its way out with EINPROGRESS: on lo the
 * answer comes at once. Returns false if it hasn't.
 */
static __always_inline bool has_ended(struct connection *known, struct pidcap_connect *record)
{
	if (!known)
		return false;
	known->waiting = 0;
	if (!known->error || known->reported)
		return false;
	known->reported = 1;
	record->duration_ns = known->ended - known->began;
	record->error = known->error;
	record->stage = PIDCAP_STAGE_LATER;
	record->local = known->local;
	record->remote = known->remote;
	return true;
}

static __noinline void connect_ends(const struct call *call, struct sock *sk, __u32 error)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct connect_call *begun = bpf_map_lookup_elem(&connect_calls, &id);
	struct connection *known = connection_of(sk);
	struct pidcap_connect record = {.protocol = BPF_CORE_READ(sk, sk_protocol)};
	bool reported;

	if (error == EISCONN)
		return;
	if (known && known->inode != inode_of(sk))
		known = NULL;
	if (is_unfinished(error)) {
		if (has_ended(known, &record))
			record_of_current(own_events.connect, &record, sizeof(record));
		return;
	}
	if (begun && begun->sk == (__u64)sk)
		record.duration_ns = bpf_ktime_get_ns() - begun->began;
	if (error) {
		reported = known && known->reported;
		if (known) {
			record.local = known->local;
			forget_connection(sk);
		}
		if (reported)
			return;
		record.error = error;
		record.stage = PIDCAP_STAGE_CALL;
	} else if (!own_events.all_sockets || record.protocol == IPPROTO_TCP ||
		   record.protocol == IPPROTO_MPTCP) {
		return; /* TCP: recorded as the state changed. */
	}
	given_address(call->address, call->length, &record.remote);
	if (!error && !record.remote.family)
		return; /* AF_UNSPEC: it is disconnected. */
	if (!record.local.family)
		local_address(sk, &record.local);
	record_of_current(own_events.connect, &record, sizeof(record));
}

static __noinline void bind_ends(const struct call *call, struct sock *sk, __u32 error)
{
	struct pidcap_bind record = {
		.error = error,
		.protocol = BPF_CORE_READ(sk, sk_protocol),
	};

	if (!error)
		return;
	given_address(call->address, call->length, &record.address);
	record_of_current(own_events.bind, &record, sizeof(record));
}

static __noinline void listen_ends(const struct call *call, struct sock *sk, __u32 error)
{
	struct pidcap_listen record = {
		.error = error,
		.protocol = BPF_CORE_READ(sk, sk_protocol),
		.backlog = call->length,
	};

	if (!error && !own_events.all_sockets)
		return;
	local_address(sk, &record.local);
	record_of_current(own_events.listen, &record, sizeof(record));
}

static __noinline void accept_ends(__u64 fd)
{
	struct sock *sk = inet_socket_of_fd(fd);
	struct pidcap_accept record = {};

	if (!sk)
		return;
	record.protocol = BPF_CORE_READ(sk, sk_protocol);
	local_address(sk, &record.local);
	remote_address(sk, &record.remote);
	record_of_current(own_events.accept, &record, sizeof(record));
}

SEC("raw_tp/sys_exit")
int socket_call_ends(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx->args[0];
	__u32 number = SYSCALL_NUMBER(regs) & ~(__u64)X32_SYSCALL_BIT;
	long result = ctx->args[1];
	struct call call = {};
	struct sock *sk;
	__u32 error;

	if (!may_be_socket_call(number))
		return 0;
	read_call(regs, number, &call);
	if (call.kind == CALL_OTHER)
		return 0;
	if (call.kind == CALL_ACCEPT) {
		if (own_events.all_sockets && result >= 0)
			accept_ends(result);
		return 0;
	}
	sk = inet_socket_of_fd(call.fd);
	if (!sk)
		return 0;
	error = result < 0 ? -result : 0;
	if (call.kind == CALL_CONNECT)
		connect_ends(&call, sk, error);
	else if (call.kind == CALL_BIND)
		bind_ends(&call, sk, error);
	else
		listen_ends(&call, sk, error);
	return 0;
}

/* The current thread is in connect(2), or in a call that sends with MSG_FASTOPEN. */
static __noinline void attempt_begins(struct sock *sk)
{
	__u64 id = bpf_get_current_pid_tgid(), key = (__u64)sk;
	struct connect_call *begun = bpf_map_lookup_elem(&connect_calls, &id);
	struct connection fresh = {};

	fresh.began = bpf_ktime_get_ns();
	if (begun && begun->sk == key && begun->began) {
		fresh.began = begun->began;
		fresh.waiting = 1;
	}
	current_owner(&fresh.owner);
	fresh.inode = inode_of(sk);
	remote_address(sk, &fresh.remote);
	bpf_map_update_elem(&connections, &key, &fresh, BPF_ANY);
}

static __noinline void attempt_fails(struct sock *sk)
{
	struct connection *known = connection_of(sk);
	struct pidcap_connect record = {
		.error = BPF_CORE_READ(sk, sk_err),
		.protocol = BPF_CORE_READ(sk, sk_protocol),
		.stage = PIDCAP_STAGE_LATER,
	};
	__u64 now = bpf_ktime_get_ns();

	if (!record.error)
		record.stage = PIDCAP_STAGE_GIVEN_UP;
	if (known) {
		if (known->waiting) {
			known->ended = now;
			local_address(sk, &known->local);
			known->error = record.error;
			/* The thread has left connect(2) meanwhile, and hasn't seen this. */
			if (*(volatile __u32 *)&known->waiting)
				return;
		}
		if (known->reported)
			return;
		known->reported = 1;
		record.duration_ns = now - known->began;
		record.remote = known->remote;
	} else {
		remote_address(sk, &record.remote);
	}
	/* Not at the end of a call on the socket that we don't see, as io_uring's. */
	if (!record.error && !BPF_CORE_READ(sk, sk_shutdown))
		return;
	local_address(sk, &record.local);
	record_of_socket(sk, own_events.connect, known ? &known->owner : NULL, &record,
			 sizeof(record));
}

/* A function of its own, for its room on the stack. */
static __noinline void note_connection(struct sock *sk, __u64 now)
{
	struct connection fresh = {.established = now};
	__u64 key = (__u64)sk;

	bpf_map_update_elem(&connections, &key, &fresh, BPF_ANY);
}

static __noinline void connection_opens(struct sock *sk, bool accepted)
{
	struct connection *known = connection_of(sk);
	struct pidcap_connect record = {.protocol = BPF_CORE_READ(sk, sk_protocol)};
	__u64 now = bpf_ktime_get_ns();

	if (!own_events.all_sockets) {
		if (known)
			forget_connection(sk);
		return;
	}
	if (accepted || !known) {
		note_connection(sk, now);
		known = NULL;
	} else {
		known->established = now;
		known->waiting = 0;
		record.duration_ns = now - known->began;
	}
	if (accepted)
		return;
	local_address(sk, &record.local);
	remote_address(sk, &record.remote);
	record_of_socket(sk, own_events.connect, known ? &known->owner : NULL, &record,
			 sizeof(record));
}

static __noinline void connection_closes(struct sock *sk)
{
	struct connection *known = connection_of(sk);
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	struct pidcap_close record = {
		.error = BPF_CORE_READ(sk, sk_err),
		.protocol = BPF_CORE_READ(sk, sk_protocol),
	};

	if (known && known->established)
		record.duration_ns = bpf_ktime_get_ns() - known->established;
	/* MPTCP's connection is no TCP socket: these are its subflows'. */
	if (record.protocol == IPPROTO_TCP) {
		record.sent = BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans);
		record.received = BPF_CORE_READ(tcp, bytes_received);
		if (record.received &&
		    BPF_CORE_READ(sk, __sk_common.skc_flags) & (1UL << SOCK_DONE))
			record.received--;
		record.rtt_us = BPF_CORE_READ(tcp, srtt_us) >> 3;
		record.retransmissions = BPF_CORE_READ(tcp, total_retrans);
	}
	local_address(sk, &record.local);
	if (known && known->established && known->remote.family)
		record.remote = known->remote;
	else
		remote_address(sk, &record.remote);
	record_of_socket(sk, own_events.close, known ? &known->owner : NULL, &record,
			 sizeof(record));
	forget_connection(sk);
}

/* A subflow of Multipath TCP isn't a connection of a process's: see is_mptcp_subflow(). */
static __always_inline bool is_connection(struct sock *sk)
{
	__u16 protocol = BPF_CORE_READ(sk, sk_protocol);

	if (protocol == IPPROTO_MPTCP)
		return true;
	return protocol == IPPROTO_TCP && !(bpf_core_field_exists(struct tcp_sock, is_mptcp) &&
					    BPF_CORE_READ((struct tcp_sock *)sk, is_mptcp));
}

/* What is to be accepted has no file yet. */
static __always_inline bool is_attempt(struct sock *sk)
{
	struct connection *known = connection_of(sk);

	return known && known->inode && known->inode == inode_of(sk);
}

/*
 * inet_sock_set_state(sk, oldstate, newstate), of Linux 4.16: the state hasn't changed yet. It may
 * be in a softirq: the current thread has nothing to do with it then.
 */
SEC("raw_tp/inet_sock_set_state")
int socket_state(struct bpf_raw_tracepoint_args *ctx)
{
	struct sock *sk = (struct sock *)ctx->args[0];
	__u32 before = ctx->args[1], after = ctx->args[2];
	bool attempt;

	if (!is_connection(sk))
		return 0;
	/* In SYN_RECV is what will be accepted, or both ends have sent a SYN. */
	attempt = before == TCP_SYN_SENT || (before == TCP_SYN_RECV && is_attempt(sk));
	if (after == TCP_SYN_SENT)
		attempt_begins(sk);
	else if (after == TCP_ESTABLISHED)
		connection_opens(sk, !attempt);
	else if (after != TCP_CLOSE || before == TCP_LISTEN || before == TCP_CLOSE)
		return 0;
	else if (attempt)
		attempt_fails(sk);
	else if (own_events.all_sockets && before != TCP_SYN_RECV)
		connection_closes(sk);
	return 0;
}
