/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who owns a socket: the two maps that remember it, and the current process as an owner.
 *
 * sk_owner is socket storage: it dies with the socket, and accepted sockets inherit their
 * listener's. But the tracepoints that see every use of a socket may not write it, so sk_user,
 * keyed by the socket's address, holds the last user of each open socket, and wins. When a socket
 * is released its last user moves to sk_owner, for the FIN and what else comes later, and the
 * address is forgotten before the kernel can use it again. A listener's last user moves there with
 * each packet that opens a connection, to be inherited.
 */
#ifndef PIDCAP_OWNER_H
#define PIDCAP_OWNER_H

#include "contract.h"
#include "kernel.h"

/*
 * Entries of sk_user are freed to a pool from which another CPU may refill them while a packet's
 * program still reads: `sk` and `check` tell a foreign or a torn value.
 */
struct sk_user {
	struct pidcap_owner owner;
	__u64 sk;   /* the socket's address, the key */
	__u64 born; /* when the entry was made, mono: with sk it names a socket, for ever */
	__u64 check;
	__u64 shared; /* it has had several users, who may be at it at the same time */
};

/*
 * A thread's system call on a shared socket: what leaves meanwhile, and in its context, is its own,
 * whoever came to the socket later.
 */
struct socket_call {
	struct pidcap_owner owner;
	__u64 sk;	/* 0: the call has ended */
	__u64 receives; /* and so sends no data */
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
 * The last users of AF_PACKET sockets, by address. Nothing tells of their release, but a process
 * has to use its socket before it can send, so that the entry of an earlier one at the address is
 * replaced before a packet asks for it.
 */
struct packet_user_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct sk_user);
};

/* Of the threads that used a shared socket, by bpf_get_current_pid_tgid(). */
struct socket_call_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct socket_call);
};

extern struct sk_owner_map sk_owner SEC(".maps");
extern struct sk_user_map sk_user SEC(".maps");
extern struct packet_user_map packet_user SEC(".maps");
extern struct socket_call_map socket_call SEC(".maps");

static __always_inline __u64 owner_check(const struct pidcap_owner *owner)
{
	return owner->start_boot ^ ((__u64)owner->tgid << 32 | owner->tid) ^
	       ((__u64)owner->gid << 32 | owner->uid);
}

static __always_inline bool is_same_owner(const struct pidcap_owner *one,
					  const struct pidcap_owner *other)
{
	return one->tgid == other->tgid && one->tid == other->tid &&
	       one->start_boot == other->start_boot && one->uid == other->uid &&
	       one->gid == other->gid;
}

/* Copies the user out of an entry that stands under `sk`; false if it was changed meanwhile. */
static __always_inline bool read_user(const struct sk_user *user, __u64 sk,
				      struct pidcap_owner *owner)
{
	*owner = user->owner;
	if (user->check == owner_check(owner) && user->sk == sk)
		return true;
	__builtin_memset(owner, 0, sizeof(*owner));
	return false;
}

/* The current process, from a program that runs in its context. */
static __always_inline void current_owner(struct pidcap_owner *owner)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	const struct cred *cred = BPF_CORE_READ(task, cred);
	__u64 id = bpf_get_current_pid_tgid();

	owner->tgid = id >> 32;
	owner->tid = (__u32)id;
	owner->start_boot = BPF_CORE_READ(leader, start_boottime);
	owner->cgroup_id = bpf_get_current_cgroup_id();
	owner->uid = BPF_CORE_READ(cred, euid.val);
	owner->gid = BPF_CORE_READ(cred, egid.val);
	BPF_CORE_READ_STR_INTO(&owner->comm, leader, comm);
}

#endif
