// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sees who uses a socket at the tracepoints of system calls, for kernels that allow nothing else.
 *
 * It sees the use at the entry of the system call, before a packet can leave because of it. So the
 * first packet after a socket changed hands (fork, SCM_RIGHTS, accept by a worker) has its new
 * owner already.
 */
#include "socket_of_fd.h"
#include "use.h"

/* include/uapi/linux/io_uring.h */
#define IORING_OP_POLL_ADD 6

/* include/linux/io_uring_types.h: REQ_F_FIXED_FILE, and FFS_MASK of io_uring/filetable.h */
#define REQ_F_FIXED_FILE 1
#define FILE_FLAGS	 7UL

/*
 * The system calls whose first argument is a file that they use as a socket: a bit each, and one in
 * receiving_calls for those that only receive. Calls that need more are named: splice reads from
 * its first argument and writes to its third; io_submit has its files in memory; socketcall(2) of
 * the 32-bit ABI makes any of them (SYS_… of include/uapi/linux/net.h) and has its arguments in
 * memory. User space, which knows the numbers of all ABIs, sets them before loading; those that an
 * ABI doesn't have are a number of no call. The native calls are those of x32, too, whose own
 * numbers begin at 512.
 */
#define SYSCALL_WORDS 9
const volatile struct {
	__u64 socket_calls[SYSCALL_WORDS];
	__u64 receiving_calls[SYSCALL_WORDS];
	__u32 splice;
	__u32 io_submit;
	__u32 x32_io_submit;
	__u32 bind;
	__u32 listen;
	__u32 accept;
	__u32 accept4;
	__u32 socketcall;
} native_calls, compat_calls;

/* The calls that bring a thread into another network namespace. */
const volatile __u32 setns_call, unshare_call;

#define SYS_SOCKET     1
#define SYS_ACCEPT     5
#define SYS_SOCKETPAIR 8
#define SYS_ACCEPT4    18

/*
 * Whether the bit of a call is set. The index is checked where it is used: before Linux 6.9 (commit
 * e67ddd9b1cff) the verifier doesn't see that a number on the stack is one that was checked later.
 */
static __always_inline bool is_in(const volatile __u64 *calls, __u64 call)
{
	__u64 word = call / 64;

	barrier_var(word);
	return word < SYSCALL_WORDS && calls[word] & (1ULL << (call % 64));
}

static __always_inline bool is_native_call(__u64 call)
{
	return is_in(native_calls.socket_calls, call);
}

static __always_inline bool is_compat_call(__u64 call)
{
	return is_in(compat_calls.socket_calls, call);
}

__u64 socket_operations;

/* Reads the descriptor of a socketcall(2). Returns false if the call makes a new socket. */
static __always_inline bool socketcall_fd(struct pt_regs *regs, __u32 *fd)
{
	__u32 which = COMPAT_ARG1(regs);

	return which != SYS_SOCKET && which != SYS_SOCKETPAIR &&
	       !bpf_probe_read_user(fd, sizeof(*fd), (void *)(__u64)(__u32)COMPAT_ARG2(regs));
}

static __always_inline enum use use_of(const volatile typeof(native_calls) *calls, __u64 call)
{
	if (is_in(calls->receiving_calls, call))
		return CALL_RECEIVES;
	return call == calls->bind || call == calls->listen ? USE : CALL_SENDS;
}

/* Global functions, which the verifier looks at once, not at each of their calls. */
__noinline int note_use_of_fd(__u64 current, __u32 fd, enum use use)
{
	struct task_struct *task = (struct task_struct *)current;

	note_use(task, socket_of_fd(task, fd), use);
	return 0;
}

/* How many requests of one io_submit(2) are looked at. */
#define MAX_SUBMITTED 128

/* include/uapi/linux/aio_abi.h: those of struct iocb, and of enum, that count. */
struct aio_request {
	__u64 data;
	__u64 key_and_flags;
	__u16 opcode;
	__u16 priority;
	__u32 fd;
};

#define IOCB_CMD_PREAD	 0
#define IOCB_CMD_PWRITE	 1
#define IOCB_CMD_PREADV	 7
#define IOCB_CMD_PWRITEV 8

/* Notes the use of a socket by the request that pointer `index` of a list leads to. */
__noinline int note_submitted(__u64 list, __u32 index, bool short_pointers)
{
	struct aio_request request = {};
	__u64 pointer = 0;
	__u32 size = short_pointers ? 4 : 8;
	bool receives;

	/* A short pointer is the lower half of a long one: both architectures are little-endian. */
	if (bpf_probe_read_user(&pointer, size, (void *)(list + index * size)) ||
	    bpf_probe_read_user(&request, sizeof(request), (void *)pointer))
		return 0;
	receives = request.opcode == IOCB_CMD_PREAD || request.opcode == IOCB_CMD_PREADV;
	if (!receives && request.opcode != IOCB_CMD_PWRITE && request.opcode != IOCB_CMD_PWRITEV)
		return 0;
	note_use_of_fd(bpf_get_current_task(), request.fd, receives ? CALL_RECEIVES : CALL_SENDS);
	return 0;
}

/* io_submit(context, number, list): what it sends leaves before the call returns. */
static __noinline int note_all_submitted(__u64 number, __u64 list, bool short_pointers)
{
	for (__u32 i = 0; i < MAX_SUBMITTED && i < number; i++)
		note_submitted(list, i, short_pointers);
	return 0;
}

static __always_inline void note_compat_call(__u64 task, struct pt_regs *regs, __u64 call)
{
	enum use use = use_of(&compat_calls, call);
	__u32 fd = COMPAT_ARG1(regs);

	if (call == compat_calls.io_submit) {
		note_all_submitted((__u32)COMPAT_ARG2(regs), (__u32)COMPAT_ARG3(regs), true);
		return;
	}
	if (call == compat_calls.socketcall && !socketcall_fd(regs, &fd))
		return;
	if (call == compat_calls.splice) {
		note_use_of_fd(task, fd, CALL_RECEIVES);
		fd = COMPAT_ARG3(regs);
	}
	note_use_of_fd(task, fd, use);
}

static __always_inline void note_native_call(__u64 task, struct pt_regs *regs, __u64 call)
{
	enum use use = use_of(&native_calls, call);
	__u32 fd = SYSCALL_ARG1(regs);

	if (call == native_calls.io_submit || call == native_calls.x32_io_submit) {
		note_all_submitted(SYSCALL_ARG2(regs), SYSCALL_ARG3(regs),
				   call == native_calls.x32_io_submit);
		return;
	}
	if (call == native_calls.splice) {
		note_use_of_fd(task, fd, CALL_RECEIVES);
		fd = SYSCALL_ARG3(regs);
	}
	note_use_of_fd(task, fd, use);
}

SEC("raw_tp/sys_enter")
int socket_use(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx->args[0];
	__u64 call = ctx->args[1] & ~(__u64)X32_SYSCALL_BIT;
	bool compat;
	__u64 task;

	/* Where ends aren't seen, a thread's next call tells that the one before has ended. */
	if (have_shared && !sees_call_ends)
		end_call();
	if (!is_native_call(call) && !is_compat_call(call))
		return 0;
	task = bpf_get_current_task();
	compat = IN_COMPAT_SYSCALL((struct task_struct *)task);
	/* The tracepoints of single calls are those of the native ABI. */
	if (!sees_call_ends && (compat || ctx->args[1] & X32_SYSCALL_BIT))
		want_call_ends();
	if (compat && is_compat_call(call))
		note_compat_call(task, regs, call);
	else if (!compat && is_native_call(call))
		note_native_call(task, regs, call);
	return 0;
}

static __always_inline bool has_accepted(struct pt_regs *regs, __u64 call)
{
	bool native = call == native_calls.accept || call == native_calls.accept4;
	__u32 which;

	/* Most calls are none of these in either ABI. */
	if (!native && call != compat_calls.accept && call != compat_calls.accept4 &&
	    call != compat_calls.socketcall)
		return false;
	if (!IN_COMPAT_SYSCALL((struct task_struct *)bpf_get_current_task()))
		return native;
	which = COMPAT_ARG1(regs);
	return call == compat_calls.accept || call == compat_calls.accept4 ||
	       (call == compat_calls.socketcall && (which == SYS_ACCEPT || which == SYS_ACCEPT4));
}

/*
 * Sees the end of each system call: of one on a shared socket, of accept, of one that changes
 * namespaces. What accept returned is the caller's: event loops wait for data before they use it.
 *
 * It costs every call of every process. So it is attached only once such an end matters;
 * accept_left() and namespace_left() see those of a few calls all the time.
 */
SEC("raw_tp/sys_exit")
int socket_used(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx->args[0];
	long result = ctx->args[1];
	__u64 call = SYSCALL_NUMBER(regs) & ~(__u64)X32_SYSCALL_BIT;

	if ((call == setns_call || call == unshare_call) && result >= 0 &&
	    !IN_COMPAT_SYSCALL((struct task_struct *)bpf_get_current_task()))
		report_namespace();
	if (!is_native_call(call) && !is_compat_call(call))
		return 0;
	end_call();
	if (result >= 0 && has_accepted(regs, call))
		note_use_of_fd(bpf_get_current_task(), (__u32)result, USE);
	return 0;
}

/* The context of a program at the end of a certain system call: struct syscall_trace_exit. */
struct call_left {
	__u64 entry;
	__u32 number;
	__u32 pad;
	__s64 result;
};

/* For programs at the tracepoint of a single call: with 0, perf would not see the event. */
#define FOR_OTHERS_TOO 1

/* At the ends of accept and accept4. */
SEC("tracepoint")
int accept_left(struct call_left *ctx)
{
	if (ctx->result >= 0)
		note_use_of_fd(bpf_get_current_task(), (__u32)ctx->result, USE);
	return FOR_OTHERS_TOO;
}

/* At the ends of setns and unshare. */
SEC("tracepoint")
int namespace_left(struct call_left *ctx)
{
	if (ctx->result >= 0)
		report_namespace();
	return FOR_OTHERS_TOO;
}

/*
 * io_uring_file_get(ring or request, fd): a request of a ring is about to use a file, in the
 * context of its submitter or of a thread that works for it. Before Linux 5.12 that may be a kernel
 * thread, and its process isn't known. A request that only waits (POLL_ADD) doesn't count as a use.
 */
SEC("raw_tp/io_uring_file_get")
int ring_use(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct io_kiocb *request = (struct io_kiocb *)ctx->args[0];

	if (KERNEL_READ(task, flags) & PF_KTHREAD)
		return 0;
	/* Since Linux 5.19, which has `cqe`, too, the argument is the request. */
	if (bpf_core_field_exists(request->cqe) &&
	    KERNEL_READ(request, opcode) == IORING_OP_POLL_ADD)
		return 0;
	note_use(task, socket_of_fd(task, (__u32)ctx->args[1]), CALL_SENDS);
	return 0;
}

/*
 * io_uring_submit_req(request): of a registered file, which the tracepoint above doesn't see. Since
 * Linux 6.13 (commit 7029acd8a950), whose table of such files this reads.
 */
SEC("raw_tp/io_uring_submit_req")
int ring_use_registered(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct io_kiocb *request = (struct io_kiocb *)ctx->args[0];
	struct io_rsrc_node **nodes, *node = NULL;
	struct io_ring_ctx *ring;
	__u32 index;

	if (!bpf_core_field_exists(struct io_rsrc_data, nodes) ||
	    !(KERNEL_READ(request, flags) & REQ_F_FIXED_FILE) ||
	    KERNEL_READ(request, opcode) == IORING_OP_POLL_ADD)
		return 0;
	ring = KERNEL_READ(request, ctx);
	index = KERNEL_READ(request, cqe.fd);
	if (index >= KERNEL_READ(ring, file_table.data.nr))
		return 0;
	nodes = KERNEL_READ(ring, file_table.data.nodes);
	if (bpf_probe_read_kernel(&node, sizeof(node), nodes + index) || !node)
		return 0;
	note_use(task, socket_of_file((struct file *)(KERNEL_READ(node, file_ptr) & ~FILE_FLAGS)),
		 CALL_SENDS);
	return 0;
}

/* Runs in the thread that ran the request. A submitter's call also ends with io_uring_enter(2). */
SEC("raw_tp/io_uring_complete")
int ring_used(__attribute__((unused)) struct bpf_raw_tracepoint_args *ctx)
{
	end_call();
	return 0;
}
