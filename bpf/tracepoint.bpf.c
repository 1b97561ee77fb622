// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records any tracepoint: copies what the kernel wrote of it, whose layout user space knows from
 * tracefs. Loaded anew for each tracepoint, whose layout is a constant then. An object of its own.
 */
#include "event_record.h"
#include "interrupt.h"
#include "socket_owner.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 small_ring_bytes = 0;
const volatile struct pidcap_tracepoint tracepoint = {};
const volatile struct pidcap_cpu_data cpu_data = {};

struct pidcap_shared shared SEC(".data.shared");

struct ring_map rings SEC(".maps");
struct drop_map drops SEC(".maps");
struct unwanted_map unwanted SEC(".maps");
struct change_map changes SEC(".maps");
struct sk_user_map sk_user SEC(".maps");

/*
 * The first 8 bytes of a tracepoint's record: common_type, common_flags, common_preempt_count,
 * which a program doesn't get to see (the kernel has put a pointer there), and common_pid.
 */
struct common_fields {
	__u32 unknown;
	__u32 pid;
};

/* include/net/tcp_states.h: in these the socket is no whole one. */
#define TCP_TIME_WAIT	 6
#define TCP_NEW_SYN_RECV 12

static __always_inline bool is_whole_socket(struct sock *sk)
{
	unsigned char state = BPF_CORE_READ(sk, __sk_common.skc_state);

	return state != TCP_TIME_WAIT && state != TCP_NEW_SYN_RECV;
}

/* Returns the socket that the event is of, or NULL. */
static __always_inline struct sock *socket_of(void *ctx)
{
	struct sk_buff *packet = NULL;
	struct sock *sk = NULL;

	if (tracepoint.has_socket &&
	    bpf_probe_read_kernel(&sk, sizeof(sk), ctx + tracepoint.socket_offset))
		return NULL;
	if (!sk && tracepoint.has_packet &&
	    !bpf_probe_read_kernel(&packet, sizeof(packet), ctx + tracepoint.packet_offset))
		sk = BPF_CORE_READ(packet, sk);
	return sk;
}

/*
 * Finds the process that the event happened to: the owner of its socket, if it is of a socket or a
 * packet, else the process that runs, unless an interrupt does.
 */
static __always_inline void find_event_owner(void *ctx, struct event *event)
{
	struct end end = {};
	struct sock *sk;

	if (tracepoint.has_socket || tracepoint.has_packet) {
		event->via = PIDCAP_VIA_UNKNOWN;
		sk = socket_of(ctx);
		if (sk && is_whole_socket(sk) && owner_at(sk, &end)) {
			event->owner = end.owner;
			event->via = PIDCAP_VIA_SOCKET;
		}
		return;
	}
	event->via = PIDCAP_VIA_KERNEL;
	/* Thread 0 is the idle CPU. */
	if (may_be_interrupt() || !(__u32)bpf_get_current_pid_tgid())
		return;
	current_owner(&event->owner);
	event->via = PIDCAP_VIA_EVENT;
}

/*
 * Returns where the record ends: behind its fixed fields, or behind the last of the bytes that one
 * of them locates (__data_loc of the kernel: the length in the upper 16 bits, the offset in the
 * lower).
 */
static __always_inline __u64 record_end(void *ctx)
{
	__u64 end = tracepoint.fixed_size;

	for (int i = 0; i < PIDCAP_DYNAMIC_FIELDS; i++) {
		__u32 location = 0;
		__u64 last;

		if (i >= tracepoint.dynamic_fields)
			break;
		bpf_probe_read_kernel(&location, sizeof(location),
				      ctx + tracepoint.dynamic_offsets[i]);
		last = (location & 0xffff) + (location >> 16);
		if (last > end)
			end = last;
	}
	return end;
}

/* Returns 1: with 0 nobody else would see the event, such as perf. */
SEC("tp")
int any_tracepoint(void *ctx)
{
	struct common_fields common = {.pid = (__u32)bpf_get_current_pid_tgid()};
	struct event event = {.number = tracepoint.number};
	__u64 end = record_end(ctx);
	struct event_bytes bytes = {
		.fixed = &common,
		.fixed_size = sizeof(common),
		.rest = ctx + sizeof(common),
		.rest_size = end > sizeof(common) ? end - sizeof(common) : 0,
	};

	find_event_owner(ctx, &event);
	record_event(&event, &bytes);
	return 1;
}
