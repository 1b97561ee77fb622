// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the owner in the storage of a socket of which only the address is known. A file of its own,
 * because a global function, which the verifier looks at once, must stand in one object only.
 */
#include "owner.h"
#include "socket_storage.h"

/* How many programs may have storage in a socket before ours is no longer found. */
#define MAX_STORAGES 64

/* Follows bpf_local_storage_lookup() of kernel/bpf/bpf_local_storage.c, as of 5.10. */
__noinline __u64 find_stored_owner(__u64 socket)
{
	struct bpf_local_storage *storage = BPF_CORE_READ((struct sock *)socket, sk_bpf_storage);
	struct hlist_node *node = BPF_CORE_READ(storage, list.first);
	struct bpf_local_storage_map *wanted = NULL;
	struct bpf_local_storage_elem *elem;
	void *map = &sk_owner;

	bpf_probe_read_kernel(&wanted, sizeof(wanted), &map);
	for (int i = 0; node && i < MAX_STORAGES; i++) {
		elem = (void *)node - bpf_core_field_offset(struct bpf_local_storage_elem, snode);
		if (BPF_CORE_READ(elem, sdata.smap) == wanted)
			return (__u64)elem +
			       bpf_core_field_offset(struct bpf_local_storage_elem, sdata.data);
		node = BPF_CORE_READ(node, next);
	}
	return 0;
}
