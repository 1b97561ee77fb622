/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records of pidcap's own events, as the kernel's programs write them and capture/events/
 * describes them. Part of the contract between the two: see contract.h.
 */
#ifndef PIDCAP_OWN_EVENT_H
#define PIDCAP_OWN_EVENT_H

#include "contract.h"

/*
 * struct sockaddr_in or sockaddr_in6: ports and addresses in network order. An IPv4 address that an
 * IPv6 socket has (::ffff:192.0.2.1) stands here as IPv4. family 0: there is no address.
 */
struct pidcap_address {
	__u16 family;
	__u16 port;
	__u32 ipv4_or_flow;
	__u32 ipv6[4];
	__u32 scope;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_address) == 28, "pidcap_address");

/* When an attempt to connect failed. */
enum pidcap_connect_stage {
	PIDCAP_STAGE_CALL = 1, /* connect(2) returned the error */
	PIDCAP_STAGE_LATER,    /* after connect(2) had returned EINPROGRESS */
	PIDCAP_STAGE_GIVEN_UP, /* the program closed the socket before there was an answer */
};

/* socket:connect. Also the begin of what the other events of sockets have. */
struct pidcap_connect {
	__u64 duration_ns; /* since the attempt began; 0: not known */
	__u32 error;	   /* errno; 0: connected, or given up */
	__u16 protocol;	   /* IPPROTO_ */
	__u16 stage;	   /* enum pidcap_connect_stage; 0: connected */
	struct pidcap_address local;
	struct pidcap_address remote;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_connect) == 72, "pidcap_connect");

/* socket:bind: the address that was asked for. */
struct pidcap_bind {
	__u32 error;
	__u16 protocol;
	__u16 pad;
	struct pidcap_address address;
	__u32 pad2;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_bind) == 40, "pidcap_bind");

/* socket:listen */
struct pidcap_listen {
	__u32 error;
	__u16 protocol;
	__u16 pad;
	struct pidcap_address local;
	__u32 backlog;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_listen) == 40, "pidcap_listen");

/* socket:accept */
struct pidcap_accept {
	__u16 protocol;
	__u16 pad[3];
	struct pidcap_address local;
	struct pidcap_address remote;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_accept) == 64, "pidcap_accept");

/* socket:close: the end of a TCP connection. */
struct pidcap_close {
	__u64 duration_ns;     /* since it was established; 0: not known */
	__u64 sent;	       /* bytes of data, each counted once */
	__u64 received;	       /* likewise */
	__u32 error;	       /* errno that ended it; 0: none */
	__u32 rtt_us;	       /* smoothed */
	__u32 retransmissions; /* segments */
	__u16 protocol;
	__u16 pad;
	struct pidcap_address local;
	struct pidcap_address remote;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_close) == 96, "pidcap_close");

/* How many bytes of a dropped packet are recorded, from its network header on. */
#define PIDCAP_DROP_BYTES 256

/* The end of a dropped packet at which its process is. */
enum pidcap_drop_end { PIDCAP_DROP_SENDER = 1, PIDCAP_DROP_RECEIVER };

/* drop:packet, then `data`'s bytes. A locator is a __data_loc: the offset in the lower half. */
struct pidcap_dropped {
	__u64 location; /* the address in the kernel that dropped it */
	__u32 reason;	/* enum skb_drop_reason; 0: the kernel gives none */
	__u32 symbol;	/* locator of the location's function; filled in by user space */
	__u32 netns;	/* inode number; 0: not known */
	__u32 ifindex;	/* 0: not known */
	char device[16];
	__u32 length;	/* bytes that the packet had, from its network header on */
	__u16 protocol; /* EtherType, host byte order */
	__u16 end;	/* enum pidcap_drop_end: which one the process is */
	__u32 data;	/* locator */
	__u32 pad;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_dropped) == 56, "pidcap_dropped");

/* How many numbers of reasons can be hidden: those of the kernel's core are below. */
#define PIDCAP_DROP_REASONS 512

/* How many functions that empty the queues of a socket are known. */
#define PIDCAP_PURGE_FUNCTIONS 3

/* Where a function lies: from its first address to the one behind it; both 0: nowhere. */
struct pidcap_function {
	__u64 begin;
	__u64 end;
};

/* How many bytes of a packet are recorded with a verdict of XDP, from its link layer on. */
#define PIDCAP_XDP_BYTES 256

/*
 * xdp:verdict, then `data`'s bytes: what couldn't be carried out, or XDP_ABORTED; with xdp=all any
 * verdict of a program.
 */
struct pidcap_xdp_verdict {
	__u32 action;	  /* enum xdp_action */
	__u32 error;	  /* errno of a redirect; else 0 */
	__u32 program;	  /* id; 0: not known */
	__u32 netns;	  /* inode number */
	__u32 ifindex;	  /* that the packets came in on */
	__u32 to_ifindex; /* where they were to go; 0: nowhere, or not known */
	char device[16];
	char to_device[16];
	char program_name[16];
	__u32 packets;
	__u32 length; /* bytes of the packet's first buffer; 0: not known */
	__u32 data;   /* locator, as in pidcap_dropped */
	__u32 pad;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_xdp_verdict) == 88, "pidcap_xdp_verdict");

/* The numbers of the events in a capture. 0: it isn't taken. A constant of the programs. */
struct pidcap_own_events {
	__u32 connect;
	__u32 bind;
	__u32 listen;
	__u32 accept;
	__u32 close;
	__u32 dropped;
	__u32 xdp_verdict;
	__u32 all_sockets; /* what succeeds is recorded, too */
};

/* System calls of one ABI that make or open connections. ~0: the ABI hasn't got it. */
struct pidcap_socket_calls {
	__u32 connect;
	__u32 bind;
	__u32 listen;
	__u32 accept;
	__u32 accept4;
	__u32 socketcall;
};

/*
 * A piece of plaintext that a call has passed: an event's record, followed by the bytes. The layout
 * is in capture/keys/plaintext_event.cpp.
 */
struct pidcap_plaintext {
	__u64 connection; /* the library's object */
	__u64 asked;	  /* bytes that the caller had, or had room for */
	__u64 passed;	  /* bytes that were passed */
	__u64 offset;	  /* of this piece among them */
	__u64 missing;	  /* how many of them behind this piece are in no record */
	struct pidcap_address local;
	struct pidcap_address remote;
	__s32 descriptor; /* -1: not known */
	__u32 bytes;	  /* where they are (lower 16 bits), and how many */
	__u8 library;
	__u8 call;
	__u8 direction;
	__u8 pad[5];
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_plaintext) == 112, "pidcap_plaintext");

#endif
