// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the owner in the storage of a socket of which only the address is known. A file of its own,
 * because a global function, which the verifier looks at once, must stand in one object only.
 */
#include "owner.h"
#include "socket_storage.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline bool is_map(const struct bpf_local_storage_map *map, __u64 address)
{
	return (__u64)map == address;
}

#include "storage_walk.h"

__noinline __u64 find_stored_owner(__u64 socket)
{
	return walk_storage(socket, address_of(&sk_owner));
}
