// SPDX-License-Identifier: GPL-2.0-only
/*
 * Follows sockets: who made one, who used it last, when it is released.
 *
 * The use is seen at the entry of the system call, before a packet can leave because of it, so the
 * first packet after a socket changed hands (fork, SCM_RIGHTS, accept by a worker) has its new
 * owner already.
 */
#include "event.h"
#include "owner.h"

/* include/uapi/linux/io_uring.h */
#define IORING_OP_POLL_ADD 6

char LICENSE[] SEC("license") = "GPL";

/*
 * System calls whose first argument is a file that they use as a socket: a bit each. splice writes
 * to its third. Set by user space, which knows the numbers: the native ones, and those of the
 * 32-bit ABI, which may have one call for all, socketcall(2) (SYS_… of include/uapi/linux/net.h),
 * whose arguments stand in memory. A number that doesn't exist is NO_CALL.
 */
#define SYSCALL_WORDS 8
const volatile struct {
	__u64 socket_calls[SYSCALL_WORDS];
	__u32 splice;
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

struct sk_owner_map sk_owner SEC(".maps");
struct sk_user_map sk_user SEC(".maps");
struct socket_call_map socket_call SEC(".maps");
struct packet_user_map packet_user SEC(".maps");

/* Some socket has had several users. */
__u32 have_shared;

/* Uses that could not be noted because sk_user is full: those sockets keep their previous owner. */
__u64 sk_user_full;

static __always_inline bool is_native_call(__u64 call)
{
	return call < SYSCALL_WORDS * 64 &&
	       native_calls.socket_calls[call / 64] & (1ULL << (call % 64));
}

static __always_inline bool is_compat_call(__u64 call)
{
	return call < SYSCALL_WORDS * 64 &&
	       compat_calls.socket_calls[call / 64] & (1ULL << (call % 64));
}

static __always_inline struct sock *socket_of_fd(struct task_struct *task, unsigned long fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files;
	struct file *file = NULL;
	struct socket *socket;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	files = BPF_CORE_READ(table, fd);
	if (bpf_probe_read_kernel(&file, sizeof(file), files + fd) || !file)
		return NULL;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

static __always_inline bool is_current(const struct pidcap_owner *owner, struct task_struct *task,
				       __u64 id)
{
	return owner->tgid == id >> 32 && owner->tid == (__u32)id &&
	       owner->start_boot == BPF_CORE_READ(task, group_leader, start_boottime) &&
	       owner->uid == BPF_CORE_READ(task, cred, euid.val) &&
	       owner->real_uid == (__u32)bpf_get_current_uid_gid();
}

static __always_inline void begin_call(struct task_struct *task, __u64 id, __u64 sk)
{
	struct socket_call *known = bpf_map_lookup_elem(&socket_call, &id);
	struct socket_call fresh = {};

	if (known && is_current(&known->owner, task, id)) {
		known->sk = sk;
		return;
	}
	current_owner(&fresh.owner);
	fresh.sk = sk;
	bpf_map_update_elem(&socket_call, &id, &fresh, BPF_ANY);
}

static __always_inline void end_call(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct socket_call *known = bpf_map_lookup_elem(&socket_call, &id);

	if (known)
		known->sk = 0;
}

static __always_inline void note_packet_use(struct task_struct *task, __u64 key)
{
	struct sk_user *known = bpf_map_lookup_elem(&packet_user, &key);
	struct sk_user user = {};

	if (known && is_current(&known->owner, task, bpf_get_current_pid_tgid()))
		return;
	current_owner(&user.owner);
	user.sk = key;
	user.check = owner_check(&user.owner);
	bpf_map_update_elem(&packet_user, &key, &user, BPF_ANY);
}

/* The current process is the user of the socket behind one of its descriptors, if that is one. */
static __always_inline void note_use(struct task_struct *task, unsigned long fd)
{
	__u64 key = (__u64)socket_of_fd(task, (__u32)fd);
	struct sk_user user = {};
	struct sk_user *known;
	unsigned short family;
	__u64 id;

	if (!key)
		return;
	family = BPF_CORE_READ((struct sock *)key, __sk_common.skc_family);
	if (family == AF_PACKET)
		note_packet_use(task, key);
	if (family != AF_INET && family != AF_INET6)
		return;
	known = bpf_map_lookup_elem(&sk_user, &key);
	id = bpf_get_current_pid_tgid();
	user.shared = known && (known->shared || known->owner.tid != (__u32)id ||
				known->owner.tgid != id >> 32);
	if (user.shared) {
		have_shared = 1;
		begin_call(task, id, key);
	}
	if (known && is_current(&known->owner, task, id))
		return;
	current_owner(&user.owner);
	user.sk = key;
	user.born = known ? known->born : bpf_ktime_get_ns();
	user.check = owner_check(&user.owner);
	if (bpf_map_update_elem(&sk_user, &key, &user, BPF_ANY))
		__sync_fetch_and_add(&sk_user_full, 1);
}

/* The descriptor of a socketcall(2): the first of the arguments that it points to. */
static __always_inline bool socketcall_fd(struct pt_regs *regs, __u32 *fd)
{
	__u32 which = COMPAT_ARG1(regs);

	return which != SYS_SOCKET && which != SYS_SOCKETPAIR &&
	       !bpf_probe_read_user(fd, sizeof(*fd), (void *)(__u64)(__u32)COMPAT_ARG2(regs));
}

SEC("raw_tp/sys_enter")
int socket_use(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx->args[0];
	__u64 call = ctx->args[1];
	struct task_struct *task;
	__u32 fd;

	if (!is_native_call(call) && !is_compat_call(call))
		return 0;
	task = (struct task_struct *)bpf_get_current_task();
	if (IN_COMPAT_SYSCALL(task)) {
		if (!is_compat_call(call))
			return 0;
		fd = call == compat_calls.splice ? COMPAT_ARG3(regs) : COMPAT_ARG1(regs);
		if (call == compat_calls.socketcall && !socketcall_fd(regs, &fd))
			return 0;
	} else {
		if (!is_native_call(call))
			return 0;
		fd = call == native_calls.splice ? SYSCALL_ARG3(regs) : SYSCALL_ARG1(regs);
	}
	note_use(task, fd);
	return 0;
}

/* Other flags of these calls, and namespaces of other kinds, give an event that changes nothing. */
static __always_inline void report_namespace(void)
{
	struct pidcap_event *event = reserve_event();

	if (!event)
		return;
	fill_event(event, PIDCAP_EVENT_NETNS, (struct task_struct *)bpf_get_current_task());
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

static __always_inline bool has_accepted(struct task_struct *task, struct pt_regs *regs, __u64 call)
{
	__u32 which;

	if (!IN_COMPAT_SYSCALL(task))
		return call == native_calls.accept || call == native_calls.accept4;
	which = COMPAT_ARG1(regs);
	return call == compat_calls.accept || call == compat_calls.accept4 ||
	       (call == compat_calls.socketcall && (which == SYS_ACCEPT || which == SYS_ACCEPT4));
}

/*
 * The end of a call on a shared socket, and of one that changes namespaces. And what accept
 * returned is the caller's: event loops wait for data before they use it.
 */
SEC("raw_tp/sys_exit")
int socket_used(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx->args[0];
	long result = ctx->args[1];
	struct task_struct *task;
	__u64 call;

	call = SYSCALL_NUMBER(regs);
	if (call == setns_call || call == unshare_call)
		report_namespace();
	if (!is_native_call(call) && !is_compat_call(call))
		return 0;
	if (have_shared)
		end_call();
	if (result < 0)
		return 0;
	task = (struct task_struct *)bpf_get_current_task();
	if (has_accepted(task, regs, call))
		note_use(task, result);
	return 0;
}

/*
 * io_uring_file_get(ring or request, fd): a request of a ring is about to use a file, in its
 * submitter's context or in a thread that works for it. Kernel threads did so before Linux 5.12:
 * nobody knows for whom. Waiting is no use.
 */
SEC("raw_tp/io_uring_file_get")
int ring_use(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct io_kiocb *request = (struct io_kiocb *)ctx->args[0];

	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return 0;
	/* Since Linux 5.19 the tracepoint has the request, whose `cqe` is as old. */
	if (bpf_core_field_exists(request->cqe) &&
	    BPF_CORE_READ(request, opcode) == IORING_OP_POLL_ADD)
		return 0;
	note_use(task, ctx->args[1]);
	return 0;
}

/* In the thread that ran the request; without one, the call ends with io_uring_enter(2). */
SEC("raw_tp/io_uring_complete")
int ring_used(__attribute__((unused)) struct bpf_raw_tracepoint_args *ctx)
{
	if (have_shared)
		end_call();
	return 0;
}

SEC("cgroup/sock_create")
int socket_create(struct bpf_sock *sk)
{
	__u64 key = (__u64)(long)sk;
	struct pidcap_socket_owner *stored;
	struct pidcap_owner owner = {};

	/* A use that raced with the release of the address's last socket may have left its entry.
	 */
	bpf_map_delete_elem(&sk_user, &key);
	stored = bpf_sk_storage_get(&sk_owner, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!stored)
		return 1;
	current_owner(&owner);
	bpf_spin_lock(&stored->lock);
	stored->owner = owner;
	bpf_spin_unlock(&stored->lock);
	return 1;
}

SEC("cgroup/sock_release")
int socket_release(struct bpf_sock *sk)
{
	__u64 key = (__u64)(long)sk;
	struct sk_user *user = bpf_map_lookup_elem(&sk_user, &key);
	struct pidcap_socket_owner *stored;
	struct pidcap_owner owner;

	if (!user)
		return 1;
	stored = bpf_sk_storage_get(&sk_owner, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (stored && user->sk == key) {
		owner = user->owner;
		if (user->check == owner_check(&owner)) {
			bpf_spin_lock(&stored->lock);
			stored->owner = owner;
			bpf_spin_unlock(&stored->lock);
		}
	}
	bpf_map_delete_elem(&sk_user, &key);
	return 1;
}
