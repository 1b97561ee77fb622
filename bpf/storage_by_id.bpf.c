// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same as socket_storage.bpf.c, for objects whose programs may not have the map: the kernel
 * refuses maps with a lock to programs of tracepoints and probes.
 */
#include "kernel.h"
#include "socket_storage.h"

char LICENSE[] SEC("license") = "GPL";

/* The kernel's number of the map sk_owner. Set before loading. */
const volatile __u32 sk_owner_id = 0;

static __always_inline bool is_map(const struct bpf_local_storage_map *map, __u64 id)
{
	return BPF_CORE_READ(map, map.id) == id;
}

#include "storage_walk.h"

__noinline __u64 find_stored_owner(__u64 socket)
{
	return walk_storage(socket, sk_owner_id);
}
