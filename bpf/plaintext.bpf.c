// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bytes that programs hand to TLS libraries, and get from them. At the entry of a function that
 * passes them, notes where they are; at its return, takes as many as were passed into the packet
 * rings. Between the two, notes the socket that the same thread uses: it is the connection's.
 *
 * A return is an instruction with a probe of its own. It ends the call whose entry had the same
 * stack pointer, whatever else was called in between. Nothing is written into the process, and no
 * return address is changed, which Go and programs with a seccomp filter wouldn't survive.
 *
 * An object of its own: without --tls-plaintext none of it is loaded.
 */
#include "event_record.h"
#include "own_event.h"
#include "owner.h"
#include "socket_address.h"
#include "socket_of_fd.h"
#include "tls.h"

const volatile __u32 has_cookies = 1;

/* The point's number, if there are no cookies. */
const volatile __u32 only_point = 0;

const volatile __u32 only_uid = 0;
const volatile __u32 has_only_uid = 0;
const volatile __u32 small_ring_bytes = 0;

/* The event's number in this capture. */
const volatile __u32 event_number = 0;

/* The system calls that send or receive on their first argument: a bit each. */
#define TRANSFER_WORDS 8
const volatile __u64 native_transfers[TRANSFER_WORDS] = {};
const volatile __u64 compat_transfers[TRANSFER_WORDS] = {};

__u64 socket_operations;
struct pidcap_shared shared SEC(".data.shared");

struct ring_map rings SEC(".maps");
struct drop_map drops SEC(".maps");
struct unwanted_map unwanted SEC(".maps");
struct change_map changes SEC(".maps");

/* By number; written by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PIDCAP_PLAINTEXT_POINTS_MAX);
	__type(key, __u32);
	__type(value, struct pidcap_plaintext_point);
} points SEC(".maps");

/* Made by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PIDCAP_TLS_MISSES);
	__type(key, __u32);
	__type(value, __u64);
} secrets_missed SEC(".maps");

/* Who calls: a thread, or a goroutine, which threads take turns with. */
struct caller {
	__u64 id; /* bpf_get_current_pid_tgid(), or the goroutine's address */
	__u32 tgid;
	__u32 is_routine;
};

/* A socket that was used: 0: none; 1: that one; 2: several, so nobody knows which is meant. */
struct used_socket {
	__u64 inode; /* which no other socket ever has */
	__s32 fd;
	__u32 number;
};

/* A call that hasn't returned. depth 0: there is none. */
struct call {
	/*
	 * The stack pointer at the entry. Of a goroutine, whose stack may be moved, its distance to
	 * the stack's end.
	 */
	__u64 depth;
	__u64 object;
	__u64 buffer;
	__u64 asked;
	__u64 passed_at; /* where the number of bytes will be; 0: it is returned */
	struct used_socket socket;
	__u32 point;
	__u16 direction; /* enum pidcap_direction */
	__u16 is_silent; /* what it passes, another call passes, too */
};

/* How many calls of one caller can be under way: TLS in TLS, and functions that call others. */
#define MAX_NESTED 4
struct calls {
	struct call nested[MAX_NESTED];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct caller);
	__type(value, struct calls);
} callers SEC(".maps");

/* The socket that a connection used last: a call that finds all in the library's memory uses none.
 */
struct connection {
	__u64 object;
	__u32 tgid;
	__u32 pad;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct connection);
	__type(value, struct used_socket);
} connections SEC(".maps");

/*
 * What a thread is about to record. In a map, as the stacks of a program and the function that it
 * calls have 512 bytes together (MAX_BPF_STACK).
 */
struct passing {
	struct event event;
	struct pidcap_plaintext fixed;
	__u64 buffer;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct passing);
} passings SEC(".maps");

static const struct calls no_calls = {};
static const struct passing no_passing = {};

static __always_inline const struct pidcap_plaintext_point *point_of(void *ctx, __u32 *number)
{
	*number = has_cookies ? bpf_get_attach_cookie(ctx) : only_point;
	return bpf_map_lookup_elem(&points, number);
}

/* runtime/runtime2.go, type g: begins with the stack's low and high end. */
#define GO_STACK_END 8

/* Fills in who calls, and how deep its stack is. False: it can't be read. */
static __always_inline bool find_caller(__u64 registers, const struct pidcap_plaintext_point *point,
					struct caller *caller, __u64 *depth)
{
	__u64 id = bpf_get_current_pid_tgid(), stack = 0, end = 0;

	caller->id = id;
	caller->tgid = id >> 32;
	caller->is_routine = point->has_routine;
	if (!evaluate(registers, &point->stack, false, &stack))
		return false;
	*depth = stack;
	if (!point->has_routine)
		return true;
	if (!evaluate(registers, &point->routine, false, &caller->id) ||
	    bpf_probe_read_user(&end, sizeof(end), (void *)(caller->id + GO_STACK_END)))
		return false;
	*depth = end - stack;
	return true;
}

static __always_inline bool is_around(const struct call *one, __u64 depth, bool is_routine)
{
	return is_routine ? one->depth < depth : one->depth > depth;
}

static __always_inline void begin_passing(struct calls *calls, const struct call *call,
					  bool is_routine)
{
	struct call *slot = NULL;
	bool is_silent = call->is_silent;

	for (int i = 0; i < MAX_NESTED; i++) {
		struct call *other = &calls->nested[i];

		if (other->depth == call->depth)
			slot = other; /* It never returned, or has jumped to this one. */
		else if (other->depth && other->object == call->object &&
			 other->direction == call->direction &&
			 is_around(other, call->depth, is_routine))
			is_silent = true;
	}
	for (int i = 0; i < MAX_NESTED && !slot; i++) {
		if (!calls->nested[i].depth)
			slot = &calls->nested[i];
	}
	if (!slot)
		slot = &calls->nested[MAX_NESTED - 1];
	*slot = *call;
	slot->is_silent = is_silent;
}

/* nspr's prio.h, PR_MSG_PEEK: the call leaves the bytes, which another one gets, too. */
#define NSPR_PEEK 0x2

SEC("uprobe")
int plaintext_begin(void *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 registers = address_of(ctx);
	struct caller caller = {};
	struct call call = {};
	const struct pidcap_plaintext_point *point = point_of(ctx, &call.point);
	struct calls *calls;
	__u64 flags = 0;
	bool narrow;

	if (!point || is_left_out(task, BPF_CORE_READ(task, group_leader, start_boottime)))
		return 0;
	narrow = point->pointers_of_32_bits;
	if (!find_caller(registers, point, &caller, &call.depth) ||
	    !evaluate(registers, &point->object, narrow, &call.object) ||
	    !evaluate(registers, &point->buffer, narrow, &call.buffer) ||
	    !evaluate(registers, &point->length, narrow, &call.asked))
		return 0;
	if (!point->has_wide_length)
		call.asked &= 0xffffffff;
	if (point->has_passed && !evaluate(registers, &point->passed, narrow, &call.passed_at))
		return 0;
	if (point->has_flags && !evaluate(registers, &point->flags, narrow, &flags))
		return 0;
	call.direction = point->direction;
	call.is_silent = point->is_repeating || flags & NSPR_PEEK;
	calls = bpf_map_lookup_elem(&callers, &caller);
	if (!calls) {
		bpf_map_update_elem(&callers, &caller, &no_calls, BPF_ANY);
		calls = bpf_map_lookup_elem(&callers, &caller);
	}
	if (calls)
		begin_passing(calls, &call, point->has_routine);
	return 0;
}

/* Returns the number of the socket's inode; 0: the descriptor is no socket of a connection. */
static __always_inline __u64 connection_inode(struct task_struct *task, __s32 fd,
					      struct sock **socket)
{
	struct file *file = file_of_fd(task, (__u32)fd);
	struct sock *sk = file ? socket_of_file(file) : NULL;
	unsigned short family;

	if (!sk)
		return 0;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
		return 0;
	*socket = sk;
	return BPF_CORE_READ(file, f_inode, i_ino);
}

static __always_inline void note_socket(struct calls *calls, __u64 inode, __s32 fd)
{
	for (int i = 0; i < MAX_NESTED; i++) {
		struct call *call = &calls->nested[i];

		if (!call->depth)
			continue;
		if (!call->socket.number) {
			call->socket.inode = inode;
			call->socket.fd = fd;
			call->socket.number = 1;
		} else if (call->socket.inode != inode) {
			call->socket.number = 2;
		}
	}
}

static __always_inline bool is_transfer(const volatile __u64 *transfers, __u64 call)
{
	return call < TRANSFER_WORDS * 64 && transfers[call / 64] & (1ULL << (call % 64));
}

SEC("raw_tp/sys_enter")
int plaintext_socket(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *registers = (struct pt_regs *)ctx->args[0];
	__u64 number = ctx->args[1], id = bpf_get_current_pid_tgid(), inode;
	struct caller caller = {.id = id, .tgid = id >> 32};
	struct task_struct *task;
	struct calls *calls;
	struct sock *sk;
	bool is_compat;
	__s32 fd;

	if (!is_transfer(native_transfers, number) && !is_transfer(compat_transfers, number))
		return 0;
	calls = bpf_map_lookup_elem(&callers, &caller);
	if (!calls) {
		caller.id = GO_ROUTINE(registers);
		caller.is_routine = 1;
		calls = bpf_map_lookup_elem(&callers, &caller);
	}
	if (!calls)
		return 0;
	task = (struct task_struct *)bpf_get_current_task();
	is_compat = IN_COMPAT_SYSCALL(task);
	if (!is_transfer(is_compat ? compat_transfers : native_transfers, number))
		return 0;
	fd = is_compat ? COMPAT_ARG1(registers) : SYSCALL_ARG1(registers);
	inode = connection_inode(task, fd, &sk);
	if (inode)
		note_socket(calls, inode, fd);
	return 0;
}

/*
 * Finds the connection's socket: the one that this call has used, else the one of an earlier call,
 * if the descriptor still is that one.
 */
static __always_inline void find_socket(struct passing *passing, const struct call *call)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct connection connection = {
		.object = call->object,
		.tgid = bpf_get_current_pid_tgid() >> 32,
	};
	struct used_socket used = call->socket, *known;
	struct sock *sk = NULL;

	passing->fixed.descriptor = -1;
	if (used.number > 1)
		return;
	if (!used.number) {
		known = bpf_map_lookup_elem(&connections, &connection);
		if (!known)
			return;
		used = *known;
	}
	if (connection_inode(task, used.fd, &sk) != used.inode)
		return;
	if (call->socket.number)
		bpf_map_update_elem(&connections, &connection, &used, BPF_ANY);
	passing->fixed.descriptor = used.fd;
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX)
		return;
	local_address(sk, &passing->fixed.local);
	remote_address(sk, &passing->fixed.remote);
}

/* A global function, which the verifier looks at once, not for each piece. */
__noinline int record_piece(__u32 index)
{
	__u64 id = bpf_get_current_pid_tgid(), offset, left;
	struct passing *passing = bpf_map_lookup_elem(&passings, &id);
	struct event_bytes bytes = {.fixed_size = sizeof(passing->fixed), .rest_is_user = true};

	if (!passing) {
		count_event_drop(event_number, PIDCAP_DROP_COPY);
		return 0;
	}
	offset = (__u64)index * PIDCAP_PLAINTEXT_PIECE;
	if (offset >= passing->fixed.passed)
		return 0;
	left = passing->fixed.passed - offset;
	bytes.rest = (const void *)(passing->buffer + offset);
	bytes.rest_size = left < PIDCAP_PLAINTEXT_PIECE ? left : PIDCAP_PLAINTEXT_PIECE;
	passing->fixed.offset = offset;
	passing->fixed.bytes = bytes.rest_size << 16 | sizeof(passing->fixed);
	if (index == PIDCAP_PLAINTEXT_PIECES - 1)
		passing->fixed.missing = left - bytes.rest_size;
	bytes.fixed = &passing->fixed;
	record_event(&passing->event, &bytes);
	return 0;
}

static __always_inline void record_passing(const struct pidcap_plaintext_point *point,
					   const struct call *call, __u64 passed)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct passing *passing;

	bpf_map_update_elem(&passings, &id, &no_passing, BPF_ANY);
	passing = bpf_map_lookup_elem(&passings, &id);
	if (!passing) {
		count_event_drop(event_number, PIDCAP_DROP_COPY);
		return;
	}
	passing->event.number = event_number;
	passing->event.via = PIDCAP_VIA_EVENT;
	current_owner(&passing->event.owner);
	passing->fixed.connection = call->object;
	passing->fixed.asked = call->asked;
	passing->fixed.passed = passed;
	passing->fixed.library = point->library;
	passing->fixed.call = point->call;
	passing->fixed.direction = point->direction;
	passing->buffer = call->buffer;
	find_socket(passing, call);
	for (__u32 i = 0; i < PIDCAP_PLAINTEXT_PIECES; i++) {
		if ((__u64)i * PIDCAP_PLAINTEXT_PIECE >= passed)
			break;
		record_piece(i);
	}
	bpf_map_delete_elem(&passings, &id);
}

/* Returns how many bytes a call has passed; 0: it has failed. */
static __always_inline __u64 bytes_passed(__u64 registers, const struct pidcap_plaintext_point *end,
					  const struct pidcap_plaintext_point *begin,
					  const struct call *call)
{
	__u64 result = 0, passed = 0;
	__u32 half = 0;

	if (!evaluate(registers, &end->result, false, &result))
		return 0;
	if (begin->has_wide_result ? (__s64)result <= 0 : (__s32)result <= 0)
		return 0;
	if (!begin->has_passed)
		return begin->has_wide_result ? result : (__u32)result;
	if (begin->pointers_of_32_bits)
		return bpf_probe_read_user(&half, sizeof(half), (void *)call->passed_at) ? 0 : half;
	return bpf_probe_read_user(&passed, sizeof(passed), (void *)call->passed_at) ? 0 : passed;
}

/* A call that had begun before its entry had a probe: what it passes can't be found. */
static __always_inline void note_unbegun(__u64 registers,
					 const struct pidcap_plaintext_point *point)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 cause = PIDCAP_TLS_UNBEGUN;
	__u64 *missed, result = 0;

	if (!point->owns_returns || !evaluate(registers, &point->result, false, &result) ||
	    (point->has_wide_result ? (__s64)result <= 0 : (__s32)result <= 0) ||
	    is_left_out(task, BPF_CORE_READ(task, group_leader, start_boottime)))
		return;
	missed = bpf_map_lookup_elem(&secrets_missed, &cause);
	if (missed)
		__sync_fetch_and_add(missed, 1);
}

/* Takes the call of this depth out. False: there is none. */
static __always_inline bool end_passing(struct calls *calls, __u64 depth, struct call *call)
{
	for (int i = 0; i < MAX_NESTED; i++) {
		if (calls->nested[i].depth == depth) {
			*call = calls->nested[i];
			calls->nested[i].depth = 0;
			return true;
		}
	}
	return false;
}

SEC("uprobe")
int plaintext_end(void *ctx)
{
	__u64 registers = address_of(ctx), depth = 0, passed;
	const struct pidcap_plaintext_point *end, *begin;
	struct caller caller = {};
	struct call call = {};
	struct calls *calls;
	__u32 number;

	end = point_of(ctx, &number);
	if (!end || !find_caller(registers, end, &caller, &depth) || !depth)
		return 0;
	calls = bpf_map_lookup_elem(&callers, &caller);
	if (!calls || !end_passing(calls, depth, &call)) {
		note_unbegun(registers, end);
		return 0;
	}
	begin = bpf_map_lookup_elem(&points, &call.point);
	if (!begin || call.is_silent)
		return 0;
	passed = bytes_passed(registers, end, begin, &call);
	if (passed)
		record_passing(begin, &call, passed);
	return 0;
}
