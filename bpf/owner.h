/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The owner of a socket: the maps that hold it, and the current process as an owner.
 *
 * sk_owner is socket storage: it dies with the socket, and accepted sockets inherit their
 * listener's. But the tracepoints that see every use of a socket may not write it. So sk_user,
 * keyed by the socket's address, holds the last user of each open socket, and takes precedence.
 * When a socket is released, its last user moves to sk_owner, for the FIN and other packets that
 * come later, and the entry is deleted before the kernel can use the address again. A listener's
 * last user moves there with each packet that opens a connection, to be inherited.
 */
#ifndef PIDCAP_OWNER_H
#define PIDCAP_OWNER_H

#include "contract.h"
#include "hash.h"
#include "kernel.h"

/*
 * Value of sk_user and packet_user. Another CPU may reuse an entry while a packet's program still
 * reads it: `sk` and `check` show that a value is another socket's, or half written.
 */
struct sk_user {
	struct pidcap_owner owner;
	__u64 sk;      /* the socket's address, the key */
	__u64 born;    /* when the entry was made, mono: with sk it identifies a socket, for ever */
	__u64 check;   /* pidcap_owner_check() */
	__u64 task;    /* the owner's thread, by its address */
	__u64 others;  /* TCP: how much will be acknowledged once all that others wrote is */
	__u32 netns;   /* inode number of its network namespace */
	__u16 users;   /* enum users: who has used it, maybe at the same time */
	__u16 passive; /* its only one has bound or accepted it, no more */
};

enum users {
	ONE_THREAD,
	SEVERAL_THREADS, /* of one process */
	SEVERAL_PROCESSES,
};

/*
 * Value of socket_call: a thread's call on a shared socket. Packets that leave in the thread's
 * context during the call are the thread's, even if another one has used the socket since.
 */
struct socket_call {
	struct pidcap_owner owner;
	__u64 sk;	/* 0: the call has ended */
	__u64 unnoted;	/* another socket that others use since, maybe while a call on it began */
	__u64 sent_on;	/* the socket of the thread's last call that sends */
	__u64 number;	/* that call's among all that had begun on that socket */
	__u64 switches; /* how often the thread had been switched out when that call began */
	__u16 receives; /* the call sends no data */
	__u16 is_seen;	/* its end will be seen, too: see sees_call_ends */
	__u16 is_first; /* when that call began, the socket had nothing under way */
	__u16 is_alone; /* nor had another call begun and not ended; or all was the thread's */
};

/* How many calls that send have begun on a shared socket, and how many have ended. */
struct shared_calls {
	__u64 begun;
	__u64 ended;
};

struct sk_owner_map {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct pidcap_socket_owner);
};

struct sk_user_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 20);
	__type(key, __u64);
	__type(value, struct sk_user);
};

/*
 * The last users of AF_PACKET sockets, by address. Their release can't be seen. But a process has
 * to use its socket before it can send, so an earlier socket's entry at the same address is
 * replaced before a packet asks for it.
 */
struct packet_user_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct sk_user);
};

/* The latest call of each thread that used a shared socket, by bpf_get_current_pid_tgid(). */
struct socket_call_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct socket_call);
};

/* By the socket's address. A socket that finds no room has no call that is known to be alone. */
struct shared_calls_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct shared_calls);
};

extern struct sk_owner_map sk_owner SEC(".maps");
extern struct sk_user_map sk_user SEC(".maps");
extern struct packet_user_map packet_user SEC(".maps");
extern struct socket_call_map socket_call SEC(".maps");
extern struct shared_calls_map shared_calls SEC(".maps");

/*
 * How often sockets have got another user or have been released, for flow_cache.h: a counter is of
 * all whose addresses have the same hash.
 */
#define OWNER_VERSIONS 4096
struct owner_version_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, OWNER_VERSIONS);
	__type(key, __u32);
	__type(value, __u64);
};

extern struct owner_version_map owner_versions SEC(".maps");

/* `sk`: its address; the verifier refuses to calculate with the pointer. */
static __always_inline __u64 *owner_version_of(__u64 sk)
{
	__u32 index = mix(0, sk) % OWNER_VERSIONS;

	return bpf_map_lookup_elem(&owner_versions, &index);
}

static __always_inline void note_change_of_owner(const void *sk)
{
	__u64 *version = owner_version_of(address_of(sk));

	if (version)
		__sync_fetch_and_add(version, 1);
}

static __always_inline bool is_same_owner(const struct pidcap_owner *one,
					  const struct pidcap_owner *other)
{
	return one->tgid == other->tgid && one->tid == other->tid &&
	       one->start_boot == other->start_boot && one->uid == other->uid &&
	       one->gid == other->gid;
}

/*
 * Copies the owner out of the entry of `sk`. Returns false, and an empty owner, if the entry was
 * overwritten meanwhile.
 */
static __noinline __attribute__((unused)) bool read_user(const struct sk_user *user, __u64 sk,
							 struct pidcap_owner *owner)
{
	*owner = user->owner;
	if (user->check == pidcap_owner_check(owner) && user->sk == sk)
		return true;
	__builtin_memset(owner, 0, sizeof(*owner));
	return false;
}

/* Others that may write to the same storage have to be kept off by its lock. */
static __always_inline void store_owner(struct pidcap_socket_owner *stored,
					const struct pidcap_owner *owner)
{
	stored->owner = *owner;
	stored->check = pidcap_owner_check(owner);
}

/* `id`: bpf_get_current_pid_tgid(). */
static __always_inline struct task_struct *current_leader(struct task_struct *task, __u64 id)
{
	return id >> 32 == (__u32)id ? task : KERNEL_READ(task, group_leader);
}

struct effective_ids {
	__u32 uid;
	__u32 gid;
};

/* One helper's call where the two stand side by side, as in every kernel so far. */
static __always_inline struct effective_ids effective_ids_of(struct task_struct *task)
{
	const struct cred *cred = KERNEL_READ(task, cred);
	__u32 uid_offset = bpf_core_field_offset(struct cred, euid);
	__u32 gid_offset = bpf_core_field_offset(struct cred, egid);
	struct effective_ids ids = {};

	if (!READS_BY_LOADS && gid_offset == uid_offset + sizeof(ids.uid)) {
		bpf_probe_read_kernel(&ids, sizeof(ids), (const void *)cred + uid_offset);
	} else {
		ids.uid = KERNEL_READ(cred, euid.val);
		ids.gid = KERNEL_READ(cred, egid.val);
	}
	return ids;
}

/* Fills in the current process. The program has to run in its context. */
static __always_inline void current_owner(struct pidcap_owner *owner)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 id = bpf_get_current_pid_tgid();
	struct task_struct *leader = current_leader(task, id);
	struct effective_ids ids = effective_ids_of(task);

	owner->tgid = id >> 32;
	owner->tid = (__u32)id;
	owner->start_boot = KERNEL_READ(leader, start_boottime);
	owner->cgroup_id = bpf_get_current_cgroup_id();
	owner->uid = ids.uid;
	owner->gid = ids.gid;
	BPF_CORE_READ_STR_INTO(&owner->comm, leader, comm);
}

/* Returns whether the current process is the owner, as the same user, by any of its threads. */
static __always_inline bool is_current_process(const struct pidcap_owner *owner,
					       struct task_struct *task, __u64 id)
{
	struct effective_ids ids;

	if (owner->tgid != id >> 32 ||
	    owner->start_boot != KERNEL_READ(current_leader(task, id), start_boottime))
		return false;
	ids = effective_ids_of(task);
	return owner->uid == ids.uid && owner->gid == ids.gid;
}

static __always_inline bool is_current(const struct pidcap_owner *owner, struct task_struct *task,
				       __u64 id)
{
	return owner->tid == (__u32)id && is_current_process(owner, task, id);
}

#endif
