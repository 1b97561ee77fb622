/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One end of a packet: the process there and how it was found, or why there is none. sender.h and
 * receiver.h fill it in; learn.h and record.h read it.
 */
#ifndef PIDCAP_END_H
#define PIDCAP_END_H

#include "owner.h"

enum end_role { SENDER, RECEIVER };

struct end {
	struct pidcap_owner owner; /* tgid 0: no process is known, and `via` gives the reason */
	__u64 sk;		   /* the owner's socket with `born`, see struct sk_user; or 0 */
	__u64 born;
	__u32 netns;	 /* inode number of the socket's network namespace; 0: not known */
	__u8 via;	 /* enum pidcap_via */
	bool has_socket; /* there is a socket at this end, with or without an owner */
	bool closed;	 /* its process has left it to the kernel, which sends what is to be sent */
	/* The rest is of senders only. */
	bool forgeable; /* the process can write any addresses and ports into such a packet */
	bool hidden;	/* a look-up for an answer at this interface doesn't find the socket */
	__u8 users;	/* enum users: who has used the socket */
};

#endif
