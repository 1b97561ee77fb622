/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which process does a socket belong to?
 *
 * Input: a full socket, and whether the packet was sent or is received by it. Answer: the last user
 * of the socket, or the thread that sends on it now; or that the socket is the kernel's own.
 * Wrong where a use was missed (sk_user is full, a program was left out), and, until accept()
 * returns, for a connection: it has the last user of its listener.
 */
#ifndef PIDCAP_SOCKET_OWNER_H
#define PIDCAP_SOCKET_OWNER_H

#include "end.h"
#include "parse.h"

/* A socket as a number: the verifier allows no arithmetic on the pointer. */
static __always_inline struct sock *address_of(struct bpf_sock *sk)
{
	struct bpf_sock *pointer = sk;
	struct sock *address = NULL;

	bpf_probe_read_kernel(&address, sizeof(address), &pointer);
	return address;
}

#ifdef PIDCAP_XDP

/* How many programs' storage a socket may have before ours isn't found any more. */
#define MAX_STORAGES 16

/*
 * What socket storage says of the creator. XDP has no helper for it, so this goes the way of
 * bpf_local_storage_lookup() (kernel/bpf/bpf_local_storage.c, as of 5.10). Without the lock, two
 * looks must agree.
 */
static __always_inline bool stored_owner(struct bpf_sock *sk, struct pidcap_owner *owner)
{
	struct bpf_local_storage *storage = BPF_CORE_READ(address_of(sk), sk_bpf_storage);
	struct hlist_node *node = BPF_CORE_READ(storage, list.first);
	struct bpf_local_storage_map *wanted = NULL;
	struct pidcap_socket_owner *stored;
	struct bpf_local_storage_elem *elem;
	struct pidcap_owner again;
	void *map = &sk_owner;

	bpf_probe_read_kernel(&wanted, sizeof(wanted), &map);
	for (int i = 0; node && i < MAX_STORAGES; i++) {
		elem = (void *)node - bpf_core_field_offset(struct bpf_local_storage_elem, snode);
		if (BPF_CORE_READ(elem, sdata.smap) == wanted) {
			stored = (void *)elem +
				 bpf_core_field_offset(struct bpf_local_storage_elem, sdata.data);
			if (bpf_probe_read_kernel(owner, sizeof(*owner), &stored->owner) ||
			    bpf_probe_read_kernel(&again, sizeof(again), &stored->owner))
				break;
			return owner->tgid && is_same_owner(owner, &again);
		}
		node = BPF_CORE_READ(node, next);
	}
	return false;
}

/* What comes in by XDP is answered through traffic control, where it is done. */
static __always_inline void bequeath(struct bpf_sock *listener, const struct pidcap_owner *owner)
{
}

#else

static __always_inline bool stored_owner(struct bpf_sock *sk, struct pidcap_owner *owner)
{
	struct pidcap_socket_owner *stored = bpf_sk_storage_get(&sk_owner, sk, NULL, 0);

	if (!stored)
		return false;
	bpf_spin_lock(&stored->lock);
	*owner = stored->owner;
	bpf_spin_unlock(&stored->lock);
	return owner->tgid;
}

/* Connections that a listener accepts inherit its storage: its last user's, who waits in accept. */
static __always_inline void bequeath(struct bpf_sock *listener, const struct pidcap_owner *owner)
{
	struct pidcap_socket_owner *stored =
		bpf_sk_storage_get(&sk_owner, listener, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	if (!stored || is_same_owner(&stored->owner, owner))
		return;
	bpf_spin_lock(&stored->lock);
	stored->owner = *owner;
	bpf_spin_unlock(&stored->lock);
}

#endif

/*
 * The sender from a shared socket: the thread whose system call on it is under way, if that is what
 * runs here. Its last user has to stand in for it in TCP, where a socket speaks for itself too; a
 * datagram that left later than its call is nobody's, and not that of a thread which is waiting for
 * one.
 */
static __always_inline bool sender_of_shared(struct bpf_sock *sk, struct pidcap_owner *owner)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 id = (__u64)BPF_CORE_READ(task, tgid) << 32 | (__u32)BPF_CORE_READ(task, pid);
	struct socket_call *call = bpf_map_lookup_elem(&socket_call, &id);

	if (call && call->sk == (__u64)(long)sk &&
	    (sk->protocol == IPPROTO_TCP || !call->receives)) {
		*owner = call->owner;
		if (owner->tgid == id >> 32 && owner->tid == (__u32)id)
			return true;
	} else if (sk->protocol == IPPROTO_TCP) {
		return true;
	}
	__builtin_memset(owner, 0, sizeof(*owner));
	return false;
}

/* The last user of a full socket; or, with `sending`, who sends on it. */
static __always_inline bool owner_of_socket(struct bpf_sock *sk, bool sending, struct end *end)
{
	__u64 key = (__u64)(long)sk;
	struct sk_user *user = bpf_map_lookup_elem(&sk_user, &key);

	if (sk->family == AF_PACKET) {
		user = bpf_map_lookup_elem(&packet_user, &key);
		if (user && read_user(user, key, &end->owner))
			return true;
	} else if (user) {
		end->born = user->born;
		/* If it was overwritten meanwhile, then by a newer use: whose, this packet can't
		 * know. */
		if (!read_user(user, key, &end->owner))
			return false;
		end->sk = user->sk;
		if (sk->state == BPF_TCP_LISTEN)
			bequeath(sk, &end->owner);
		return !sending || !user->shared || sender_of_shared(sk, &end->owner);
	}
	return stored_owner(sk, &end->owner);
}

/*
 * A subflow of Multipath TCP is the kernel's own socket; the process holds the connection's, of
 * which it is a part.
 */
static __always_inline bool is_mptcp(struct bpf_sock *sk, struct sock *address)
{
	return sk->protocol == IPPROTO_TCP && bpf_core_field_exists(struct tcp_sock, is_mptcp) &&
	       BPF_CORE_READ((struct tcp_sock *)address, is_mptcp);
}

static __always_inline bool owner_of_connection(struct sock *subflow, struct end *end)
{
	struct mptcp_subflow_context *context =
		BPF_CORE_READ((struct inet_connection_sock *)subflow, icsk_ulp_data);
	__u64 key = (__u64)BPF_CORE_READ(context, conn);
	struct sk_user *user = bpf_map_lookup_elem(&sk_user, &key);

	return user && read_user(user, key, &end->owner);
}

/*
 * The process behind a full socket, or why there is none. `via` is what a process is found by;
 * `sending`: the packet is this socket's.
 */
static __always_inline bool find_owner(struct bpf_sock *sk, bool sending, __u8 via, struct end *end)
{
	struct sock *address;
	bool found = owner_of_socket(sk, sending, end);

	end->has_socket = true;
	if (!found) {
		address = address_of(sk);
		if (is_mptcp(sk, address))
			found = owner_of_connection(address, end);
		else if (BPF_CORE_READ_BITFIELD_PROBED(address, sk_kern_sock))
			end->via = PIDCAP_VIA_KERNEL;
	}
	if (found)
		end->via = via;
	return found;
}

#ifndef PIDCAP_XDP
/*
 * The socket that has an owner: a connection that isn't established yet has only a request, for
 * which its listener answers; one in TIME_WAIT has none.
 */
static __always_inline struct bpf_sock *owned_socket(struct bpf_sock *sk, __u32 state)
{
	if (state == BPF_TCP_NEW_SYN_RECV)
		return bpf_get_listener_sock(sk);
	return bpf_sk_fullsock(sk);
}
#endif

#endif
