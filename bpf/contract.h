/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contract between the programs in bpf/ and capture/: every record that crosses a ring buffer
 * and every map value that both sides read. Plain fixed-width fields, explicit padding, sizes
 * asserted on both sides. User space checks a record's length before it believes it.
 *
 * Times are nanoseconds. "mono" is CLOCK_MONOTONIC, "boot" is CLOCK_BOOTTIME.
 */
#ifndef PIDCAP_CONTRACT_H
#define PIDCAP_CONTRACT_H

#include <linux/bpf.h>
#include <linux/types.h>

#ifdef __cplusplus
#define PIDCAP_STATIC_ASSERT static_assert
#else
#define PIDCAP_STATIC_ASSERT _Static_assert
#endif

/* TASK_COMM_LEN of include/linux/sched.h, user visible through prctl(2). */
#define PIDCAP_COMM_LEN 16

/* The largest snaplen, that of tcpdump (MAXIMUM_SNAPLEN of libpcap). */
#define PIDCAP_SNAPLEN_MAX 262144

/* How much of an executable's path and of a command line an exec event carries. */
#define PIDCAP_PATH_LEN 1024
#define PIDCAP_ARGS_LEN 1024
/* The same for a working directory, if processes are described: see struct pidcap_event. */
#define PIDCAP_CWD_LEN 1024

/*
 * Who used a socket last. tgid and start (boot, of the thread group's leader) identify the process;
 * tid is the thread (0: not known), comm the leader's name at that moment. tgid 0: no process.
 */
struct pidcap_owner {
	__u64 start_boot;
	__u64 cgroup_id;
	__u32 tgid;
	__u32 tid;
	__u32 uid; /* effective */
	__u32 gid; /* effective */
	char comm[PIDCAP_COMM_LEN];
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_owner) == 48, "pidcap_owner");

/*
 * Stands beside an owner that may be read while another CPU writes it: a mixture of two owners has
 * another check. That of an empty owner is 0.
 */
static inline __u64 pidcap_owner_check(const struct pidcap_owner *owner)
{
	__u64 check = owner->start_boot ^ ((__u64)owner->tgid << 32 | owner->tid) ^
		      ((__u64)owner->gid << 32 | owner->uid);
	__u64 comm[PIDCAP_COMM_LEN / sizeof(__u64)];

	__builtin_memcpy(comm, owner->comm, sizeof(comm));
	check = check * 31 + owner->cgroup_id;
	check = check * 31 + comm[0];
	return check * 31 + comm[1];
}

/* A process, as the key of a map. */
struct pidcap_process {
	__u64 start_boot;
	__u32 tgid;
	__u32 pad;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_process) == 16, "pidcap_process");

/* Key of the map `unwanted`: a process, and the user, group and cgroup that it had. */
struct pidcap_subject {
	__u64 start_boot;
	__u64 cgroup_id;
	__u32 tgid;
	__u32 uid;
	__u32 gid;
	__u32 pad;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_subject) == 32, "pidcap_subject");
#define PIDCAP_UNWANTED_MAX 65536

/*
 * Value of the socket storage `sk_owner`. Readers don't take the lock: the check tells them whether
 * an owner is whole. Writers take it where another CPU may write the same storage.
 */
struct pidcap_socket_owner {
	struct bpf_spin_lock lock;
	__u32 pad;
	__u64 check; /* pidcap_owner_check() */
	struct pidcap_owner owner;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_socket_owner) == 64, "pidcap_socket_owner");

/* How a packet's owner was found, or why there is none: `via` in the file. */
enum pidcap_via {
	PIDCAP_VIA_UNKNOWN = 0,
	PIDCAP_VIA_KERNEL,
	PIDCAP_VIA_FORWARDED,
	PIDCAP_VIA_SOCKET,     /* the packet's own socket */
	PIDCAP_VIA_LOOKUP,     /* the socket that the addresses and ports lead to */
	PIDCAP_VIA_ICMP_ECHO,  /* the process that sent the echo request */
	PIDCAP_VIA_ICMP_ERROR, /* the flow quoted in the ICMP error */
	PIDCAP_VIA_FRAGMENT,   /* the first fragment's process */
	PIDCAP_VIA_FLOW,       /* remembered from an earlier packet of the flow */
	PIDCAP_VIA_CONNTRACK,  /* the flow that it was before its addresses were translated */
	PIDCAP_VIA_TUNNEL,     /* the socket of the packet that the kernel put into this one */
	PIDCAP_VIA_EVENT,      /* an event's: the process that it happened to */
};

enum pidcap_direction {
	PIDCAP_IN = 1,
	PIDCAP_OUT = 2,
};

/*
 * An interface: an index is unique only within its network namespace. Of an event, netns is 0 and
 * ifindex its number in this capture, from 1.
 */
struct pidcap_interface {
	__u32 netns; /* inode number */
	__u32 ifindex;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_interface) == 8, "pidcap_interface");

/* Value of the map `devices`, by struct pidcap_interface: a device that the cgroup hook saw. */
struct pidcap_device {
	union {
		char name[16]; /* IFNAMSIZ of include/uapi/linux/if.h */
		__u64 words[2];
	};
};

/*
 * A packet, or an event's record: this header, then caplen bytes, in a ring of the CPU that saw it.
 * `owner` is the process at this end, or the only one known; `peer` is the process at the other
 * end, if that is on this machine, too.
 */
struct pidcap_packet {
	__u64 time_mono;
	struct pidcap_interface interface;
	__u32 wire_len;	  /* length of the packet, without the VLAN tag in vlan_tci */
	__u32 caplen;	  /* bytes that follow */
	__u32 lost;	  /* packets of this interface lost on this CPU since the last record; of an
			     event's record all that were lost of it on this CPU, modulo 2^32 */
	__u16 vlan_proto; /* host byte order; 0: no tag was stripped */
	__u16 vlan_tci;
	__u8 direction; /* enum pidcap_direction */
	__u8 via;	/* enum pidcap_via, of owner */
	__u8 peer_via;	/* of peer; 0 when peer.tgid is 0 */
	__u8 far_end; /* owner is at the other end: it sent what comes in, or receives what goes out
		       */
	__u32 cpu;    /* of an event's record: which CPU it is of; else 0 */
	struct pidcap_owner owner;
	struct pidcap_owner peer;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_packet) == 136, "pidcap_packet");

enum pidcap_event_type {
	PIDCAP_EVENT_FORK = 1, /* a new process; threads are not reported */
	PIDCAP_EVENT_EXEC,
	PIDCAP_EVENT_EXIT,   /* the last thread has gone */
	PIDCAP_EVENT_RENAME, /* the leader changed its comm */
	PIDCAP_EVENT_NETNS,  /* the thread `tid` went into another network namespace */
};

/*
 * How many renames and moves to other network namespaces of one process are reported within so much
 * time: those in any case, and the most while the ring has room. They are so cheap that processes
 * could fill the ring with them. `more` marks the ones after which others may be left out within
 * that time; these are recorded in the map `changes` only.
 */
#define PIDCAP_REPORTED_CHANGES	     64
#define PIDCAP_REPORTED_CHANGES_MOST 1024
#define PIDCAP_REPORT_WINDOW_NS	     1000000000ULL

/*
 * A process appeared, changed or ended, in the ring of events. An EXEC is followed by path_len
 * bytes, the executable's path as NUL-terminated components from the leaf up (the root is left
 * out), and args_len bytes, the command line as NUL-terminated arguments. If processes are
 * described (describes_processes of process.bpf.c), the working directory follows, as the path is
 * written: cwd_len bytes, PIDCAP_PATH_LEN + PIDCAP_ARGS_LEN bytes behind the header.
 */
struct pidcap_event {
	__u64 time_mono;
	__u64 start_boot;
	__u64 cgroup_id;
	__u32 type; /* enum pidcap_event_type */
	__u32 tgid;
	__u32 ppid;
	__u32 uid;
	__u32 gid;
	__u32 netns; /* inode number of the network namespace */
	__u32 nspid; /* tgid in its own PID namespace */
	__u16 path_len;
	__u16 args_len;
	__u8 path_truncated;
	__u8 args_truncated;
	__u8 in_exec; /* RENAME: an EXEC may come next */
	__u8 more;    /* RENAME, NETNS: see PIDCAP_REPORTED_CHANGES */
	__u32 tid;    /* the thread it happened to */
	char comm[PIDCAP_COMM_LEN];
	/* EXEC: the executable's inode, its file system's device (s_dev: the major above the lower
	 * PIDCAP_MINOR_BITS), and the mount namespace that its path is of. 0: none. EXIT, if
	 * processes are described: what the kernel has counted of the process, and its end. */
	union {
		__u64 exe_inode;
		__u64 cpu_ns; /* of all threads, up to the last tick */
	};
	union {
		__u32 exe_device;
		__u32 exit_status; /* as of wait(2): signal, core dump, exit code */
	};
	union {
		__u32 mntns;	  /* inode number */
		__u32 peak_pages; /* resident at most */
	};
	/* tgid, ppid and tid as the capture's own PID namespace has them. 0: not in there. */
	__u32 own_tgid;
	__u32 own_ppid;
	__u32 own_tid;
	__u16 cwd_len;
	__u8 cwd_truncated;
	__u8 pad;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_event) == 112, "pidcap_event");
#define PIDCAP_MINOR_BITS 20 /* MINORBITS of include/linux/kdev_t.h */

/*
 * Arguments and answer of the program look_up_pid, which user space runs by itself: a thread that
 * lives now, found by its number in the initial PID namespace or in the capture's own. tid 0: there
 * is none.
 */
enum pidcap_numbers { PIDCAP_HOST_NUMBERS, PIDCAP_OWN_NUMBERS };
struct pidcap_pid_question {
	__u64 number;
	__u64 numbers; /* enum pidcap_numbers */
};
struct pidcap_pids {
	__u64 start_boot; /* of the thread group's leader */
	__u32 tgid;
	__u32 tid;
	__u32 own_tgid; /* in the capture's own PID namespace; 0: not in there */
	__u32 own_tid;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_pids) == 24, "pidcap_pids");

/*
 * The ring buffers of each CPU, which stand one after the other in the map `rings`. Records go into
 * the small one, whose memory stays in the processor's cache, while the reader keeps up. Otherwise,
 * and if they are large, they go into the large one.
 */
enum pidcap_ring { PIDCAP_RING_SMALL, PIDCAP_RING_LARGE, PIDCAP_RINGS };
#define PIDCAP_SMALL_RING_MIN (512 * 1024)

/* When a record wakes user space. The program that does so resets it. */
enum pidcap_wake {
	PIDCAP_WAKE_NEVER,
	PIDCAP_WAKE_NEXT,   /* the next record, of any CPU */
	PIDCAP_WAKE_FILLED, /* one that finds its CPU's small ring half full */
};

/*
 * What user space tells all programs while they run, and they each other: value of the map
 * .data.shared, which every object has.
 */
struct pidcap_shared {
	__u32 wake_reader;	      /* enum pidcap_wake */
	__u32 filters_processes;      /* whether there is a process filter */
	__u32 wanted_without_process; /* bit N: what has no process, by enum pidcap_via N, is wanted
				       */
	__u32 takes_events; /* whether events are recorded: not while programs come and go */
	__u32 changes_lost; /* a change of a process wasn't noted: no verdict holds any more */
	__u32 events_lost;  /* an event wasn't recorded: records say how many */
	__u32 counts_odd;   /* which of the two sets of counters is in use, see bpf/count.h */
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_shared) == 28, "pidcap_shared");

/* Why a packet is missing in the capture: index of an interface's counters. */
enum pidcap_drop {
	PIDCAP_DROP_RING_FULL = 0, /* user space was too slow */
	PIDCAP_DROP_COPY,	   /* the packet's bytes could not be read */
	PIDCAP_DROP_CAUSES,
};

/*
 * Value of the per-CPU map `drops`, by struct pidcap_interface. User space makes the entry whose
 * key is all zero, for the drops of interfaces that find no room there.
 */
struct pidcap_drops {
	__u64 count[PIDCAP_DROP_CAUSES];
	__u64 pending; /* not yet reported in pidcap_packet.lost */
};

/*
 * Programs that count (see bpf/count.h): the key of a counter. It is of one end of a conversation:
 * `local` is the address at the end that is counted. Ports are 0 where a packet has none. Addresses
 * and ports are in network byte order, IPv4 addresses in the first word.
 */
struct pidcap_count_key {
	__u64 start_boot; /* with tgid, the process; tgid 0: none */
	__u32 tgid;
	__u32 netns; /* inode number of the hook's network namespace */
	__u32 local[4];
	__u32 remote[4];
	__u16 local_port;
	__u16 remote_port;
	__u8 family; /* 0: not IP */
	__u8 protocol;
	__u8 via; /* enum pidcap_via: why there is no process; 0 if there is one */
	__u8 pad;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_count_key) == 56, "pidcap_count_key");

struct pidcap_amount {
	__u64 packets;
	__u64 bytes;
};

struct pidcap_count {
	struct pidcap_amount out; /* what this end has sent */
	struct pidcap_amount in;
	struct pidcap_owner owner; /* of the first packet */
	__u32 srtt_us;		   /* smoothed round trip time, of the latest TCP packet sent */
	__u32 first_retransmitted; /* segments since the connection began, as of the first one */
	__u32 retransmitted;	   /* the same, as of the latest one */
	__u32 has_tcp;		   /* there was such a packet */
	/* The latest process known at the other end, with the network namespace of its counter. */
	struct pidcap_process peer; /* tgid 0: none; halves of two if CPUs wrote it at once */
	__u32 peer_netns;
	__u32 pad;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_count) == 120, "pidcap_count");

/* How many packets between network namespaces are under way at most, see bpf/sent_packet.h. */
#define PIDCAP_SENT_PACKETS 1024

/* How many programs of the cgroup hook can be under way on a CPU, see bpf/attribution_room.h. */
#define PIDCAP_ATTRIBUTION_PLACES 8

/*
 * All that a hook has seen in the time of one set of counters, and what is in no counter. A packet
 * on lo has two ends that are counted, any other has one. So OUT + IN + 2 * LOOPBACK is all
 * counters + LEFT_OUT + UNCOUNTED.
 */
enum pidcap_seen {
	PIDCAP_SEEN_OUT,
	PIDCAP_SEEN_IN,
	PIDCAP_SEEN_LOOPBACK,
	PIDCAP_SEEN_LEFT_OUT,  /* ends, of processes that the process filter refuses */
	PIDCAP_SEEN_UNCOUNTED, /* ends, for which there was no room */
	PIDCAP_SEEN_KINDS,
};

/* How many fields of a tracepoint's record may locate bytes behind the fixed ones. */
#define PIDCAP_DYNAMIC_FIELDS 8

/*
 * A tracepoint: the event's number, and what the program needs of the layout of its record. A
 * constant of the program. Offsets are from the record's begin, common fields included.
 */
struct pidcap_tracepoint {
	__u32 number;
	__u16 fixed_size; /* end of the last fixed field */
	__u16 dynamic_fields;
	__u16 dynamic_offsets[PIDCAP_DYNAMIC_FIELDS]; /* of the fields that locate others' bytes */
	__u16 socket_offset;			      /* of an address of a struct sock */
	__u16 packet_offset;			      /* of an address of a struct sk_buff */
	__u8 has_socket;
	__u8 has_packet;
	__u8 pad[2];
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_tracepoint) == 32, "pidcap_tracepoint");

/*
 * Where in the data of a CPU's own (.data..percpu) variables are that x86 keeps there, and where
 * its run queue is, by which a program finds that data. A constant of the programs. known 0: they
 * aren't known, or it isn't x86.
 */
struct pidcap_cpu_data {
	__u32 known;
	__u32 run_queue;
	__u32 current_task;
	__u32 preempt_count;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_cpu_data) == 16, "pidcap_cpu_data");

/* How many pointers lie between a register and a value at most. A power of two less one. */
#define PIDCAP_TLS_LOADS 3

/*
 * How a probe gets at a value: the register at this offset of struct pt_regs; then, `loads` times,
 * a pointer is loaded from offsets[i] behind it; then offsets[loads] is added. See
 * capture/tls/key_log_function.h.
 */
struct pidcap_tls_operand {
	__u16 reg;
	__u16 loads;
	__s32 offsets[PIDCAP_TLS_LOADS + 1];
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_tls_operand) == 20, "pidcap_tls_operand");

struct pidcap_tls_recipe {
	struct pidcap_tls_operand label;	 /* pointer */
	struct pidcap_tls_operand label_length;	 /* if has_label_length; else NUL ends it */
	struct pidcap_tls_operand client_random; /* pointer to PIDCAP_TLS_RANDOM_LEN bytes */
	struct pidcap_tls_operand secret;	 /* pointer */
	struct pidcap_tls_operand secret_length; /* of which 32 bits count */
	__u16 has_label_length;
	__u16 pointers_of_32_bits;
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_tls_recipe) == 104, "pidcap_tls_recipe");

/* How many functions can have a probe at a time: entries of the map `recipes`. */
#define PIDCAP_TLS_PROBES_MAX 4096

#define PIDCAP_TLS_LABEL_LEN  64 /* with a NUL */
#define PIDCAP_TLS_RANDOM_LEN 32
#define PIDCAP_TLS_SECRET_LEN 64 /* of the longest hash in TLS, SHA-512 */

/* A secret of a TLS connection, in the ring `secrets`, at the moment when it was derived. */
struct pidcap_secret {
	__u64 time_mono;
	__u64 start_boot; /* with tgid, the process */
	__u64 label_address;
	__u32 tgid;
	__u32 probe;
	__u32 secret_len;
	__u32 label_len; /* 0: it couldn't be read */
	char label[PIDCAP_TLS_LABEL_LEN];
	__u8 client_random[PIDCAP_TLS_RANDOM_LEN];
	__u8 secret[PIDCAP_TLS_SECRET_LEN];
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_secret) == 200, "pidcap_secret");

/* Why a secret was missed: index of the map `secrets_missed`. */
enum pidcap_tls_miss {
	PIDCAP_TLS_RING_FULL,
	PIDCAP_TLS_UNREADABLE, /* memory of the process */
	PIDCAP_TLS_UNBEGUN,    /* plaintext: of a call that had begun before it could be seen */
	PIDCAP_TLS_MISSES,
};

/* How many points of functions that pass plaintext there can be: entries of the map `points`. */
#define PIDCAP_PLAINTEXT_POINTS_MAX 16384

/*
 * What a program needs to know at the entry of a function that passes plaintext, or at a return of
 * one: value of the map `points`. See capture/tls/plaintext_function.h.
 */
struct pidcap_plaintext_point {
	struct pidcap_tls_operand object;
	struct pidcap_tls_operand buffer;
	struct pidcap_tls_operand length;
	struct pidcap_tls_operand passed; /* if has_passed */
	struct pidcap_tls_operand flags;  /* if has_flags */
	struct pidcap_tls_operand stack;
	struct pidcap_tls_operand routine; /* if has_routine */
	struct pidcap_tls_operand result;
	__u8 library;	/* enum PlaintextLibrary */
	__u8 call;	/* enum PlaintextCall */
	__u8 direction; /* enum pidcap_direction */
	__u8 has_passed;
	__u8 has_flags;
	__u8 has_wide_length;
	__u8 has_wide_result;
	__u8 has_routine;
	__u8 is_repeating;
	__u8 owns_returns;
	__u8 pointers_of_32_bits;
	__u8 pad[1];
};
PIDCAP_STATIC_ASSERT(sizeof(struct pidcap_plaintext_point) == 172, "pidcap_plaintext_point");

/* How many bytes of plaintext one record has at most, and how many records a call. */
#define PIDCAP_PLAINTEXT_PIECE	16384
#define PIDCAP_PLAINTEXT_PIECES 16

#endif
