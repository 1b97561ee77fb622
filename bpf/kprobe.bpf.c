// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sees who uses a socket at the same functions as fentry.bpf.c, for kernels without fentry (arm64
 * before Linux 6.4). The end of a call is seen at the tracepoints of syscall.bpf.c, because there
 * are too few return probes (maxactive in kernel/kprobes.c: 10, or twice the number of CPUs): each
 * call that waits for data or for a connection would hold one.
 */
#include "use.h"

SEC("kprobe")
int sending_entered(struct pt_regs *ctx)
{
	note_socket_use((struct socket *)FUNCTION_ARG1(ctx), CALL_SENDS);
	return 0;
}

SEC("kprobe")
int receiving_entered(struct pt_regs *ctx)
{
	note_socket_use((struct socket *)FUNCTION_ARG1(ctx), CALL_RECEIVES);
	return 0;
}
