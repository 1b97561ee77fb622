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
	__u8 via;	 /* enum pidcap_via */
	bool has_socket; /* there is a socket at this end, with or without an owner */
};

#endif
