// SPDX-License-Identifier: GPL-2.0-only
/*
 * Follows sockets from creation to release. use.h follows who uses them.
 */
#include "use.h"

struct sk_owner_map sk_owner SEC(".maps");
struct sk_user_map sk_user SEC(".maps");
struct socket_call_map socket_call SEC(".maps");
struct packet_user_map packet_user SEC(".maps");
struct shared_calls_map shared_calls SEC(".maps");
struct owner_version_map owner_versions SEC(".maps");

__u32 have_shared;
__u32 sees_call_ends;
__u32 wants_call_ends;
__u64 sk_user_full;

SEC("cgroup/sock_create")
int socket_create(struct bpf_sock *sk)
{
	__u64 key = (__u64)(long)sk;
	struct pidcap_socket_owner *stored;

	/* The address's last socket has left entries if a use of it raced with its release. */
	if (bpf_map_lookup_elem(&sk_user, &key)) /* takes no lock */
		bpf_map_delete_elem(&sk_user, &key);
	if (have_shared)
		bpf_map_delete_elem(&shared_calls, &key);
	stored = bpf_sk_storage_get(&sk_owner, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!stored)
		return 1;
	current_owner(&stored->owner);
	stored->check = pidcap_owner_check(&stored->owner);
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
	if (stored && read_user(user, key, &owner)) {
		/* What is left to send may be of several. */
		if (user->users == SEVERAL_PROCESSES && sk->protocol == IPPROTO_TCP &&
		    has_others_data((struct sock *)key, user))
			__builtin_memset(&owner, 0, sizeof(owner));
		store_owner(stored, &owner);
	}
	if (user->users == SEVERAL_PROCESSES)
		bpf_map_delete_elem(&shared_calls, &key);
	bpf_map_delete_elem(&sk_user, &key);
	note_change_of_owner(sk);
	return 1;
}
