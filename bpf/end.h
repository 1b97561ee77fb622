/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One end of a packet: the process there and how it was found, or why there is none. sender.h and
 * receiver.h fill it in, memory.h keeps it for later packets.
 */
#ifndef PIDCAP_END_H
#define PIDCAP_END_H

#include "owner.h"

/* An end of a packet: owner.tgid is 0 where `via` gives a reason instead. */
struct end {
	struct pidcap_owner owner;
	__u64 sk; /* and born: the owner's socket, see struct sk_user; 0 where it isn't known */
	__u64 born;
	__u8 via;	 /* enum pidcap_via */
	bool has_socket; /* there is one here, whoever owns it */
};

#endif
