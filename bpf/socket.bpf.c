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

char LICENSE[] SEC("license") = "GPL";

/*
 * System calls (native numbers) whose first argument is a file that they use as a socket: a bit
 * each. splice writes to its third. Set by user space, which knows the numbers.
 */
#define SYSCALL_WORDS 8
const volatile __u64 socket_calls[SYSCALL_WORDS];
const volatile __u32 splice_call;
const volatile __u32 accept_call, accept4_call;
/* The calls that bring a thread into another network namespace. */
const volatile __u32 setns_call, unshare_call;

struct sk_owner_map sk_owner SEC(".maps");
struct sk_user_map sk_user SEC(".maps");
struct socket_call_map socket_call SEC(".maps");

/* Some socket has had several users. */
__u32 have_shared;

/* Uses that could not be noted because sk_user is full: those sockets keep their previous owner. */
__u64 sk_user_full;

static __always_inline bool is_socket_call(__u64 call)
{
	return call < SYSCALL_WORDS * 64 && socket_calls[call / 64] & (1ULL << (call % 64));
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

static __always_inline bool is_inet(const struct sock *sk)
{
	unsigned short family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return family == AF_INET || family == AF_INET6;
}

static __always_inline void begin_call(struct task_struct *task, __u64 id, __u64 sk)
{
	struct socket_call *known = bpf_map_lookup_elem(&socket_call, &id);
	struct socket_call fresh = {};

	if (known && known->owner.start_boot == BPF_CORE_READ(task, group_leader, start_boottime) &&
	    known->owner.uid == BPF_CORE_READ(task, cred, euid.val) &&
	    known->owner.real_uid == (__u32)bpf_get_current_uid_gid()) {
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

/* The current process is the user of the socket behind one of its descriptors, if that is one. */
static __always_inline void note_use(struct task_struct *task, unsigned long fd)
{
	__u64 key = (__u64)socket_of_fd(task, (__u32)fd);
	struct sk_user user = {};
	struct sk_user *known;
	__u64 id;

	if (!key || !is_inet((struct sock *)key))
		return;
	known = bpf_map_lookup_elem(&sk_user, &key);
	id = bpf_get_current_pid_tgid();
	user.shared = known && (known->shared || known->owner.tid != (__u32)id ||
				known->owner.tgid != id >> 32);
	if (user.shared) {
		have_shared = 1;
		begin_call(task, id, key);
	}
	if (known && known->owner.tgid == id >> 32 && known->owner.tid == (__u32)id &&
	    known->owner.start_boot == BPF_CORE_READ(task, group_leader, start_boottime) &&
	    known->owner.uid == BPF_CORE_READ(task, cred, euid.val) &&
	    known->owner.real_uid == (__u32)bpf_get_current_uid_gid())
		return;
	current_owner(&user.owner);
	user.sk = key;
	user.born = known ? known->born : bpf_ktime_get_ns();
	user.check = owner_check(&user.owner);
	if (bpf_map_update_elem(&sk_user, &key, &user, BPF_ANY))
		__sync_fetch_and_add(&sk_user_full, 1);
}

SEC("raw_tp/sys_enter")
int socket_use(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx->args[0];
	__u64 call = ctx->args[1];
	struct task_struct *task;
	unsigned long fd;

	if (!is_socket_call(call))
		return 0;
	task = (struct task_struct *)bpf_get_current_task();
	if (IN_COMPAT_SYSCALL(task))
		return 0;
	fd = call == splice_call ? SYSCALL_ARG3(regs) : SYSCALL_ARG1(regs);
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
	if (!is_socket_call(call))
		return 0;
	if (have_shared)
		end_call();
	if (result < 0 || (call != accept_call && call != accept4_call))
		return 0;
	task = (struct task_struct *)bpf_get_current_task();
	if (!IN_COMPAT_SYSCALL(task))
		note_use(task, result);
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
