/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses of sockets, as own events record them: see struct pidcap_address.
 */
#ifndef PIDCAP_SOCKET_ADDRESS_H
#define PIDCAP_SOCKET_ADDRESS_H

#include "kernel.h"
#include "own_event.h"

/* An IPv4 address within IPv6 (RFC 4291, 2.5.5.2) becomes IPv4. */
static __always_inline void simplify_address(struct pidcap_address *address)
{
	if (address->family != AF_INET6 || address->ipv6[0] || address->ipv6[1] ||
	    address->ipv6[2] != bpf_htonl(0xffff))
		return;
	address->family = AF_INET;
	address->ipv4_or_flow = address->ipv6[3];
	address->ipv6[2] = 0;
	address->ipv6[3] = 0;
	address->scope = 0;
}

/* Neither an address nor a port: the socket has none yet. */
static __always_inline void remove_empty(struct pidcap_address *address)
{
	if (!address->port && !address->ipv4_or_flow && !address->ipv6[0] && !address->ipv6[1] &&
	    !address->ipv6[2] && !address->ipv6[3])
		address->family = 0;
}

/* Fills in `address`, which has to be zero. */
static __always_inline void local_address(struct sock *sk, struct pidcap_address *address)
{
	address->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	/* skc_num is 0 once the socket has given its port back. */
	address->port = BPF_CORE_READ((struct inet_sock *)sk, inet_sport);
	if (!address->port)
		address->port = bpf_htons(BPF_CORE_READ(sk, __sk_common.skc_num));
	if (address->family == AF_INET) {
		address->ipv4_or_flow = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	} else {
		BPF_CORE_READ_INTO(&address->ipv6, sk,
				   __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32);
		simplify_address(address);
	}
	remove_empty(address);
}

static __always_inline void remote_address(struct sock *sk, struct pidcap_address *address)
{
	address->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	address->port = BPF_CORE_READ(sk, __sk_common.skc_dport);
	if (address->family == AF_INET) {
		address->ipv4_or_flow = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	} else {
		BPF_CORE_READ_INTO(&address->ipv6, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr32);
		simplify_address(address);
	}
	remove_empty(address);
}

/*
 * Reads the address that a process has given to a system call. Leaves `address`, which has to be
 * zero, without a family if there is none of IPv4 or IPv6.
 */
static __always_inline void given_address(__u64 pointer, __u64 length,
					  struct pidcap_address *address)
{
	/* struct sockaddr_in has 16 bytes of which 8 count, and IPv6's may lack the scope. */
	if (length >= sizeof(*address))
		bpf_probe_read_user(address, sizeof(*address), (void *)pointer);
	else if (length >= 24)
		bpf_probe_read_user(address, 24, (void *)pointer);
	else if (length >= 8)
		bpf_probe_read_user(address, 8, (void *)pointer);
	if (address->family == AF_INET) {
		__builtin_memset(address->ipv6, 0, sizeof(address->ipv6));
		address->scope = 0;
	} else if (address->family == AF_INET6 && length >= 24) {
		simplify_address(address);
	} else {
		address->family = 0;
	}
}

#endif
