/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the owner in the storage of a socket of which only the address is known. A file that
 * includes it defines is_map() before, which compares a map with the one that is wanted.
 */
#ifndef PIDCAP_STORAGE_WALK_H
#define PIDCAP_STORAGE_WALK_H

#include "kernel.h"

/* How many programs may have storage in a socket before ours is no longer found. */
#define MAX_STORAGES 64

/* Follows bpf_local_storage_lookup() of kernel/bpf/bpf_local_storage.c, as of 5.10. */
static __always_inline __u64 walk_storage(__u64 socket, __u64 wanted)
{
	struct bpf_local_storage *storage = BPF_CORE_READ((struct sock *)socket, sk_bpf_storage);
	struct hlist_node *node = BPF_CORE_READ(storage, list.first);
	struct bpf_local_storage_elem *elem;

	for (int i = 0; node && i < MAX_STORAGES; i++) {
		elem = (void *)node - bpf_core_field_offset(struct bpf_local_storage_elem, snode);
		if (is_map(BPF_CORE_READ(elem, sdata.smap), wanted))
			return (__u64)elem +
			       bpf_core_field_offset(struct bpf_local_storage_elem, sdata.data);
		node = BPF_CORE_READ(node, next);
	}
	return 0;
}

#endif
