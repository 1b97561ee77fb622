// SPDX-License-Identifier: GPL-2.0-only
/*
 * Defines the maps and settings that the programs of all hooks share. Each is declared, and
 * explained, in the header that uses it.
 */
#include "attribution_room.h"
#include "count.h"
#include "pid_namespace.h"

const volatile __u32 counting = 0;
const volatile struct pidcap_count fresh_count = {};
const volatile __u32 finds_processes = 1;
const volatile __u64 memory_seed = 0;
const volatile __u64 tick_ns = 0;
const volatile __u32 only_netns = 0;
const volatile __u32 pid_namespace = 0;
const volatile __u32 small_ring_bytes = 0;
const volatile __u32 snaplen = PIDCAP_SNAPLEN_MAX;
const volatile __u32 directions = PIDCAP_IN | PIDCAP_OUT;
const volatile __u32 loopback_direction = PIDCAP_OUT;

struct pidcap_shared shared SEC(".data.shared");

__u32 have_local_peers;
__u32 have_translated;
__u32 have_probes;
__u32 have_hidden;

struct memory_map memory SEC(".maps");
struct attribution_map attributions SEC(".maps");
struct known_flow_map known_flows SEC(".maps");
struct flow_version_map flow_versions SEC(".maps");
struct places_map attribution_places SEC(".maps");
struct attribution_room_map attribution_room SEC(".maps");
struct before_map before_packets SEC(".maps");
struct learned_flow_map learned_flows SEC(".maps");
struct ring_map rings SEC(".maps");
struct drop_map drops SEC(".maps");
struct drop_pending_map drops_pending SEC(".maps");
struct unwanted_map unwanted SEC(".maps");
struct change_map changes SEC(".maps");
struct count_map even_counts SEC(".maps");
struct count_map odd_counts SEC(".maps");
struct seen_map seen SEC(".maps");
