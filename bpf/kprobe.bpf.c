// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who uses a socket, seen at the same functions as in fentry.bpf.c, where the kernel has no fentry
 * (on arm64 before Linux 6.4). How a call ends is seen at the tracepoints of syscall.bpf.c: return
 * probes are too few for that (maxactive in kernel/kprobes.c: 10, or twice the number of CPUs),
 * because each call that waits for data or for a connection holds one.
 */
#include "use.h"

char LICENSE[] SEC("license") = "GPL";

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
