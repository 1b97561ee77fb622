// SPDX-License-Identifier: GPL-2.0-only
/*
 * What XDP programs couldn't do: XDP_ABORTED and actions that nobody knows, and redirects that
 * failed. And any verdict of one program, where the kernel lets programs trace others. No process
 * has to do with it.
 */
#include "event_record.h"
#include "own_event.h"

extern const volatile struct pidcap_own_events own_events;

static __always_inline void name_device(const struct net_device *device, __u32 *ifindex,
					char (*name)[16])
{
	*ifindex = BPF_CORE_READ(device, ifindex);
	BPF_CORE_READ_STR_INTO(name, device, name);
}

static __always_inline void fill_verdict(struct pidcap_xdp_verdict *record,
					 const struct net_device *device,
					 const struct bpf_prog *program)
{
	name_device(device, &record->ifindex, &record->device);
	record->netns = BPF_CORE_READ(device, nd_net.net, ns.inum);
	record->packets = 1;
	if (!program)
		return;
	record->program = BPF_CORE_READ(program, aux, id);
	BPF_CORE_READ_STR_INTO(&record->program_name, program, aux, name);
}

static __always_inline void record_packet(const struct pidcap_xdp_verdict *record, const void *data,
					  __u64 size)
{
	struct event event = {.number = own_events.xdp_verdict, .via = PIDCAP_VIA_KERNEL};
	struct event_bytes bytes = {
		.fixed = record, .fixed_size = sizeof(*record), .rest = data, .rest_size = size};

	record_event(&event, &bytes);
}

static __always_inline void record_verdict(const struct pidcap_xdp_verdict *record)
{
	record_packet(record, NULL, 0);
}

/* xdp_exception(device, program, action) */
SEC("raw_tp/xdp_exception")
int xdp_exception(struct bpf_raw_tracepoint_args *ctx)
{
	struct pidcap_xdp_verdict record = {};

	fill_verdict(&record, (struct net_device *)ctx->args[0], (struct bpf_prog *)ctx->args[1]);
	record.action = (__u32)ctx->args[2];
	record_verdict(&record);
	return 0;
}

/* xdp_redirect_err(device, program, target, error, …): the target has several types. */
SEC("raw_tp/xdp_redirect_err")
int xdp_redirect_failed(struct bpf_raw_tracepoint_args *ctx)
{
	struct pidcap_xdp_verdict record = {.action = XDP_REDIRECT};

	fill_verdict(&record, (struct net_device *)ctx->args[0], (struct bpf_prog *)ctx->args[1]);
	record.error = -(__s32)ctx->args[3];
	record_verdict(&record);
	return 0;
}

/* xdp_devmap_xmit(from, to, sent, drops, error): redirected packets that a device didn't take. */
SEC("raw_tp/xdp_devmap_xmit")
int xdp_not_sent(struct bpf_raw_tracepoint_args *ctx)
{
	struct pidcap_xdp_verdict record = {.action = XDP_REDIRECT};
	__s32 error = (__s32)ctx->args[4];

	if ((__s32)ctx->args[3] <= 0)
		return 0;
	fill_verdict(&record, (struct net_device *)ctx->args[0], NULL);
	name_device((struct net_device *)ctx->args[1], &record.to_ifindex, &record.to_device);
	record.packets = (__u32)ctx->args[3];
	record.error = error < 0 ? -error : 0;
	record_verdict(&record);
	return 0;
}

/* The program that is traced: one copy of xdp_verdict() is loaded for each. */
const volatile __u32 traced_program = 0;
const volatile char traced_name[16] = {};

/*
 * The end of a program (struct xdp_buff *), whose name user space fills in. XDP_ABORTED and actions
 * that nobody knows are xdp_exception()'s, which has them of programs that aren't traced, too.
 * bpf_get_func_ret() is since Linux 5.17 (commit f92c1e183604).
 */
SEC("fexit")
int xdp_verdict(__u64 *ctx)
{
	struct pidcap_xdp_verdict record = {.packets = 1, .program = traced_program};
	struct xdp_buff *packet = (struct xdp_buff *)ctx[0];
	struct net_device *device;
	__u64 verdict = 0, data, size;

	if (bpf_get_func_ret(ctx, &verdict))
		return 0;
	record.action = (__u32)verdict;
	if (record.action == XDP_ABORTED || record.action > XDP_REDIRECT)
		return 0;
	for (__u32 i = 0; i < sizeof(traced_name); i++)
		record.program_name[i] = traced_name[i];
	device = BPF_CORE_READ(packet, rxq, dev);
	name_device(device, &record.ifindex, &record.device);
	record.netns = BPF_CORE_READ(device, nd_net.net, ns.inum);
	data = (__u64)BPF_CORE_READ(packet, data);
	size = (__u64)BPF_CORE_READ(packet, data_end) - data;
	record.length = (__u32)size;
	if (size > PIDCAP_XDP_BYTES)
		size = PIDCAP_XDP_BYTES;
	record.data = (__u32)size << 16 | sizeof(record);
	record_packet(&record, (void *)data, size);
	return 0;
}
