// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sees who uses a socket at the kernel functions that every way to use one leads through: system
 * calls of either ABI, io_uring with or without registered files, splice and sendfile. Nothing
 * else in the system gets slower.
 *
 * The first argument is the struct socket. The owner changes as the function is entered, before a
 * packet can leave because of it. On a shared socket, the call ends as the function is left. User
 * space leaves out functions that this kernel doesn't have: see capture/kernel/tracing.cpp.
 */
#include "use.h"

#define ENTERED(function, use)                                                                     \
	SEC("fentry/" #function) int function##_entered(__u64 *ctx)                                \
	{                                                                                          \
		note_socket_use((struct socket *)ctx[0], use);                                     \
		return 0;                                                                          \
	}

/* Entry and exit of a call: packets that leave in between, in its context, are the caller's. */
#define CALLED(function, use)                                                                      \
	ENTERED(function, use)                                                                     \
	SEC("fexit/" #function) int function##_left(__u64 *ctx)                                    \
	{                                                                                          \
		end_call_on((struct socket *)ctx[0]);                                              \
		return 0;                                                                          \
	}

/* The accepted socket, too, is the caller's: event loops wait for data before they use it. */
#define ACCEPTED(function)                                                                         \
	ENTERED(function, CALL_RECEIVES)                                                           \
	SEC("fexit/" #function) int function##_left(__u64 *ctx)                                    \
	{                                                                                          \
		end_call_on((struct socket *)ctx[0]);                                              \
		note_socket_use((struct socket *)ctx[1], USE);                                     \
		return 0;                                                                          \
	}

CALLED(inet_sendmsg, CALL_SENDS)
CALLED(inet6_sendmsg, CALL_SENDS)
CALLED(inet_recvmsg, CALL_RECEIVES)
CALLED(inet6_recvmsg, CALL_RECEIVES)
CALLED(sock_common_recvmsg, CALL_RECEIVES)

/*
 * splice and sendfile: until Linux 6.4 they call inet_sendpage; since then inet_sendmsg, and
 * inet_splice_eof at their end.
 */
CALLED(inet_sendpage, CALL_SENDS)
CALLED(inet_splice_eof, CALL_SENDS)
CALLED(tcp_splice_read, CALL_RECEIVES)

ACCEPTED(inet_accept)
ACCEPTED(mptcp_stream_accept)

/*
 * Entries only: what these calls send is the last user's in any case. The security_ functions are
 * the same for every protocol.
 */
ENTERED(packet_sendmsg, USE)
ENTERED(packet_sendmsg_spkt, USE)
ENTERED(security_socket_bind, USE)
ENTERED(security_socket_connect, USE)
ENTERED(security_socket_listen, USE)
ENTERED(security_socket_shutdown, USE)

/* Called by setns, unshare and, to leave the task without namespaces, at a process's end. */
SEC("fexit/switch_task_namespaces") int switch_task_namespaces_left(__u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx[0];

	if (KERNEL_READ(task, nsproxy))
		report_namespace();
	return 0;
}
