/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which process does a socket belong to?
 *
 * Input: a full socket, and whether it sends the packet or receives it. Answer: the socket's last
 * user, or the thread that is sending on it; or that the kernel itself has the socket.
 * Wrong where a use of the socket was missed (sk_user was full, or a program did not run), but for
 * a datagram that leaves in its sender's context. Until accept() returns, a connection has the last
 * user of its listener, which may be another process.
 */
#ifndef PIDCAP_SOCKET_OWNER_H
#define PIDCAP_SOCKET_OWNER_H

#include "end.h"
#include "parse.h"
#include "shared_socket.h"
#include "socket_storage.h"

/* The kernel's own struct. */
static __always_inline struct sock *kernel_socket(struct bpf_sock *sk)
{
#ifdef PIDCAP_TYPED_READS
	return bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct sock));
#else
	return (struct sock *)address_of(sk);
#endif
}

/*
 * Reads the owner from the storage of a socket of which only the address is known; returns false if
 * there is none.
 */
static __noinline bool stored_owner_at(struct sock *sk, struct pidcap_owner *owner)
{
	const struct pidcap_socket_owner *stored = (void *)find_stored_owner(address_of(sk));
	__u64 check;

	if (stored && !bpf_probe_read_kernel(&check, sizeof(check), &stored->check) &&
	    !bpf_probe_read_kernel(owner, sizeof(*owner), &stored->owner) && owner->tgid &&
	    check == pidcap_owner_check(owner))
		return true;
	__builtin_memset(owner, 0, sizeof(*owner));
	return false;
}

#ifdef PIDCAP_XDP

static __always_inline bool stored_owner(struct bpf_sock *sk, struct pidcap_owner *owner)
{
	return stored_owner_at(kernel_socket(sk), owner);
}

/* Does nothing: XDP can't write socket storage, and the answers leave through tc.bpf.c, which can.
 */
static __always_inline void inherit_owner(struct bpf_sock *listener,
					  const struct pidcap_owner *owner)
{
}

#else

/* Not inlined, as its callers' stack has no room for more. */
static __noinline bool read_stored(const struct pidcap_socket_owner *stored,
				   struct pidcap_owner *owner)
{
	__u64 check;

	/* Again, if another CPU was just writing it. */
	for (int i = 0; i < 2; i++) {
		check = stored->check;
		*owner = stored->owner;
		barrier(); /* what is checked is the copy */
		if (check == pidcap_owner_check(owner))
			return owner->tgid;
	}
	__builtin_memset(owner, 0, sizeof(*owner));
	return false;
}

/* Reads the owner from socket storage. Returns false if there is none. */
static __always_inline bool stored_owner(struct bpf_sock *sk, struct pidcap_owner *owner)
{
	struct pidcap_socket_owner *stored = bpf_sk_storage_get(&sk_owner, sk, NULL, 0);

	return stored && read_stored(stored, owner);
}

/*
 * Makes the connections that this listener will accept inherit `owner`, its last user, which waits
 * in accept(): they get a copy of the listener's storage.
 */
static __always_inline void inherit_owner(struct bpf_sock *listener,
					  const struct pidcap_owner *owner)
{
	struct pidcap_socket_owner *stored =
		bpf_sk_storage_get(&sk_owner, listener, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	if (!stored || is_same_owner(&stored->owner, owner))
		return;
	/* The packets of other CPUs may have it write, too. */
	bpf_spin_lock(&stored->lock);
	store_owner(stored, owner);
	bpf_spin_unlock(&stored->lock);
}

#endif

/*
 * Returns whether a socket may send from addresses that aren't its host's own: IP_TRANSPARENT,
 * IP_FREEBIND.
 */
static __always_inline bool has_foreign_address(struct bpf_sock *sk)
{
	struct inet_sock *socket = (struct inet_sock *)kernel_socket(sk);
	unsigned long flags;

	if (!bpf_core_field_exists(struct inet_sock, inet_flags))
		return BPF_CORE_READ_BITFIELD_PROBED(socket, freebind) ||
		       BPF_CORE_READ_BITFIELD_PROBED(socket, transparent);
	flags = KERNEL_READ(socket, inet_flags);
	return flags & (1UL << INET_FLAGS_FREEBIND | 1UL << INET_FLAGS_TRANSPARENT);
}

/* What the entry of a socket in sk_user says. */
enum user_found {
	NO_USER,
	UNCLEAR_USER, /* uses on other CPUs overwrite it again and again */
	HAS_USERS,    /* + enum users */
};

/* A use on another CPU replaces an entry while it is read: then the new one is at hand. */
#define USER_READS 3

/* Takes the end's owner from the entry of its socket. */
static __always_inline enum user_found take_user(__u64 sk, struct end *end)
{
	__u32 users, netns;
	struct sk_user *user;
	__u64 born;

#pragma unroll
	for (int i = 0; i < USER_READS; i++) {
		user = bpf_map_lookup_elem(&sk_user, &sk);
		if (!user)
			return NO_USER;
		users = user->users;
		netns = user->netns;
		born = user->born;
		barrier(); /* read_user() tells whether these were the socket's */
		if (read_user(user, sk, &end->owner)) {
			end->sk = sk;
			end->born = born;
			end->netns = netns;
			return HAS_USERS + users;
		}
	}
	return UNCLEAR_USER;
}

/* Finds the last user of a socket of which only the address is known. */
static __noinline bool owner_at(struct sock *sk, struct end *end)
{
	enum user_found user = take_user((__u64)sk, end);

	return user == NO_USER ? stored_owner_at(sk, &end->owner) : user != UNCLEAR_USER;
}

/*
 * Finds the sender on a socket with several users. `owner` is its last user, and becomes the
 * thread whose system call on the socket is under way, if this program runs in its context.
 * Outside of such a call, the last user remains the owner in TCP, where the socket also sends by
 * itself, unless another process may have written the data, or be sending in a call. A datagram is
 * then nobody's: it left later than its call, and a thread that waits to receive one did not send
 * it.
 *
 * Not inlined, as its callers' stack has no room for more.
 */
static __noinline bool sender_on_shared_socket(context *ctx, struct bpf_sock *sk,
					       struct pidcap_owner *owner)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 id = (__u64)KERNEL_READ(task, tgid) << 32 | (__u32)KERNEL_READ(task, pid);
	struct socket_call *call = bpf_map_lookup_elem(&socket_call, &id);
	bool is_here = is_sent_here(ctx);
	enum in_call in_call = call ? is_in_call(call, sk, task, id, is_here) : NOT_IN_CALL;
	__u64 any_thread = id & ~0xffffffffULL;
	__u64 key = (__u64)(long)sk;
	struct sk_user *user;

	if (in_call == NOT_IN_CALL) {
		call = bpf_map_lookup_elem(&socket_call, &any_thread);
		if (call)
			in_call = is_in_call(call, sk, task, id, is_here);
	}
	user = sk->protocol == IPPROTO_TCP ? bpf_map_lookup_elem(&sk_user, &key) : NULL;
	if (call && in_call == IN_CALL) {
		/* It may have to be sent again, later. */
		if (user && owner->tgid != id >> 32)
			user->others = written_on(kernel_socket(sk));
		*owner = call->owner;
		if (owner->tgid == id >> 32) {
			owner->tid = (__u32)id;
			return true;
		}
	} else if (sk->protocol == IPPROTO_TCP &&
		   (in_call == NOT_IN_CALL || owner->tgid == id >> 32)) {
		if (!has_data(ctx) || (user && !has_others_data(kernel_socket(sk), user)))
			return true;
	}
	__builtin_memset(owner, 0, sizeof(*owner));
	return false;
}

/*
 * Returns whether a datagram leaves in a system call of another process than the socket's owner.
 * Then the use that made this process the owner was missed, and `owner` is out of date. Kernel
 * threads send for others, and softirqs interrupt anybody, so those tell nothing.
 */
static __always_inline bool is_sent_by_another(struct bpf_sock *sk,
					       const struct pidcap_owner *owner)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return sk->protocol != IPPROTO_TCP && owner->tgid != (__u32)KERNEL_READ(task, tgid) &&
	       !(KERNEL_READ(task, flags) & PF_KTHREAD) && !may_be_softirq();
}

/* Sets which thread sends, or 0 if that isn't known, where several threads use the socket. */
static __always_inline void set_sending_thread(struct end *sender)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (sender->users != SEVERAL_THREADS)
		return;
	if (sender->owner.tgid != (__u32)KERNEL_READ(task, tgid) || may_be_softirq())
		sender->owner.tid = 0;
	else
		sender->owner.tid = KERNEL_READ(task, pid);
}

/* Finds the last user of a full socket, or, for its SENDER, the thread that sends on it. */
static __always_inline bool owner_of_socket(context *ctx, struct bpf_sock *sk, enum end_role role,
					    struct end *end)
{
	__u64 key = (__u64)(long)sk;
	struct sk_user *packet;
	enum user_found user;

	if (sk->family == AF_PACKET) {
		packet = bpf_map_lookup_elem(&packet_user, &key);
		if (packet && read_user(packet, key, &end->owner))
			return true;
		return stored_owner(sk, &end->owner);
	}
	user = take_user(key, end);
	if (user == NO_USER)
		return stored_owner(sk, &end->owner);
	if (user == UNCLEAR_USER)
		return false;
	if (sk->state == BPF_TCP_LISTEN)
		inherit_owner(sk, &end->owner);
	if (role != SENDER)
		return true;
	end->users = user - HAS_USERS;
	if (end->users == SEVERAL_PROCESSES)
		return sender_on_shared_socket(ctx, sk, &end->owner);
	if (is_sent_by_another(sk, &end->owner)) {
		__builtin_memset(&end->owner, 0, sizeof(end->owner));
		return false;
	}
	set_sending_thread(end);
	return true;
}

/*
 * A subflow of Multipath TCP is a socket of the kernel's; the process has its connection's, which
 * may end before the subflow does.
 */
static __always_inline bool is_mptcp_subflow(struct bpf_sock *sk, struct sock *socket)
{
	return sk->protocol == IPPROTO_TCP && bpf_core_field_exists(struct tcp_sock, is_mptcp) &&
	       KERNEL_READ((struct tcp_sock *)socket, is_mptcp);
}

static __always_inline bool owner_of_mptcp_connection(struct sock *subflow, struct end *end)
{
	struct mptcp_subflow_context *context =
		KERNEL_READ((struct inet_connection_sock *)subflow, icsk_ulp_data);
	struct sock *connection = KERNEL_READ(context, conn);

	return connection && owner_at(connection, end);
}

/*
 * Finds the process behind a full socket, which is the packet's `role`. Returns true and sets
 * end->via to `via`, which says how the socket was found. Without a process returns false, and
 * sets end->via only if the kernel itself has the socket.
 */
static __always_inline bool find_owner(context *ctx, struct bpf_sock *sk, enum end_role role,
				       __u8 via, struct end *end)
{
	struct sock *socket;
	bool found = owner_of_socket(ctx, sk, role, end);

	end->has_socket = true;
	if (!found) {
		socket = kernel_socket(sk);
		if (is_mptcp_subflow(sk, socket)) {
			found = owner_of_mptcp_connection(socket, end);
			end->closed = !found;
		} else if (BPF_CORE_READ_BITFIELD_PROBED(socket, sk_kern_sock))
			end->via = PIDCAP_VIA_KERNEL;
	}
	if (found)
		end->via = via;
	return found;
}

#ifndef PIDCAP_XDP
/*
 * Returns the full socket that has the owner, or NULL. A connection that isn't established yet is
 * only a request, for which its listener stands; one in TIME_WAIT has no full socket.
 */
static __always_inline struct bpf_sock *owned_socket(struct bpf_sock *sk, __u32 state)
{
	if (state == BPF_TCP_NEW_SYN_RECV)
		return bpf_get_listener_sock(sk);
	return bpf_sk_fullsock(sk);
}
#endif

#endif
