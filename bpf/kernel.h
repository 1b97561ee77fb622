/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own types, cut down to the fields that the programs use. CO-RE relocates the offsets
 * when a program is loaded. Accessors hide what differs between kernels and architectures. UAPI
 * types come from the system's headers. No other file declares kernel structs.
 */
#ifndef PIDCAP_KERNEL_H
#define PIDCAP_KERNEL_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#define AF_UNIX	  1
#define AF_INET	  2
#define AF_INET6  10
#define AF_PACKET 17

/* include/uapi/linux/in.h; parse.h has others */
#define IPPROTO_TCP 6

/* include/uapi/linux/stat.h */
#define S_IFMT	 0170000
#define S_IFSOCK 0140000

/* Weak, as each source has it. */
char LICENSE[] SEC("license") __weak = "GPL";

#define CORE __attribute__((preserve_access_index))

/*
 * KERNEL_READ(pointer, field, …): the field, behind as many pointers as there are fields; 0 if it
 * can't be read.
 *
 * With PIDCAP_TYPED_READS by loads, which cost a fifth of a helper's call for each pointer on the
 * way: bpf_rdonly_cast() of Linux 6.2 (commit a35b9af4ec2c) makes a pointer of the kernel's type of
 * an address. What is read then has such a type, too: see address_of(). Not for types that may be a
 * module's, as those of connection tracking: BPF_CORE_READ() for these.
 */
#ifdef PIDCAP_TYPED_READS
extern void *bpf_rdonly_cast(const void *pointer, __u32 type) __ksym;

#define KERNEL_POINTER(pointer)                                                                    \
	((typeof(pointer))bpf_rdonly_cast((pointer), bpf_core_type_id_kernel(typeof(*(pointer)))))
#define KERNEL_READ(pointer, ...) ___arrow(KERNEL_POINTER(pointer), __VA_ARGS__)
#define READS_BY_LOADS		  true
#else
#define KERNEL_READ(pointer, ...) BPF_CORE_READ(pointer, __VA_ARGS__)
#define READS_BY_LOADS		  false
#endif

/* The address as a number: of most pointers the verifier allows no arithmetic. */
static __always_inline __u64 address_of(const void *pointer)
{
	__u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), &pointer);
	return address;
}

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
	int group_exit_code;
	unsigned int flags;
	unsigned long maxrss; /* pages */
	unsigned long long sum_sched_runtime;
} CORE;

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

struct cred {
	kuid_t uid;
	kuid_t euid;
	kgid_t egid;
} CORE;

struct ns_common {
	unsigned int inum;
} CORE;

struct hlist_node {
	struct hlist_node *next;
} CORE;

struct hlist_head {
	struct hlist_node *first;
} CORE;

struct xarray {
	void *xa_head;
} CORE;

/* slots has XA_CHUNK_SIZE entries, 64 or 16. */
struct xa_node {
	unsigned char shift;
	void *slots[1];
} CORE;

struct idr {
	struct xarray idr_rt;
} CORE;

struct pid_namespace {
	struct idr idr;
	unsigned int level;
	struct ns_common ns;
} CORE;

struct upid {
	int nr;
	struct pid_namespace *ns;
} CORE;

/* tasks is indexed by enum pid_type. */
struct pid {
	unsigned int level;
	struct hlist_head tasks[1];
	struct upid numbers[1];
} CORE;

struct nf_hook_ops {
	int priority;
} CORE;

struct nf_hook_entry {
	void *hook;
} CORE;

struct nf_hook_entries {
	unsigned short num_hook_entries;
	struct nf_hook_entry hooks[1];
} CORE;

/* The index is enum nf_inet_hooks. */
struct netns_nf {
	struct nf_hook_entries *hooks_ipv4[5];
	struct nf_hook_entries *hooks_ipv6[5];
} CORE;

/* The last pointer of a list isn't NULL, but odd. */
struct hlist_nulls_head {
	struct hlist_node *first;
} CORE;

struct udp_hslot {
	struct hlist_head head;
} CORE;

struct udp_table {
	struct udp_hslot *hash;
	unsigned int mask;
} CORE;

struct inet_listen_hashbucket {
	struct hlist_nulls_head nulls_head;
} CORE;

struct inet_hashinfo {
	unsigned int lhash2_mask;
	struct inet_listen_hashbucket *lhash2;
} CORE;

struct inet_timewait_death_row {
	struct inet_hashinfo *hashinfo;
} CORE;

struct netns_ipv4 {
	struct inet_timewait_death_row tcp_death_row;
	struct udp_table *udp_table;
} CORE;

struct net {
	struct ns_common ns;
	__u32 hash_mix;
	struct netns_ipv4 ipv4;
	struct netns_nf nf;
} CORE;

struct mnt_namespace {
	struct ns_common ns;
} CORE;

struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
} CORE;

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device {
	int ifindex;
	unsigned int flags;
	char name[16];
	const unsigned char *dev_addr;
	void *rx_handler;
	void *vlan_info;
	possible_net_t nd_net;
} CORE;

struct sk_buff {
	struct sock *sk;
	unsigned int len;
	unsigned char *head;
	unsigned char *data;
	unsigned int tail; /* offset from head: 64-bit architectures */
	__be16 protocol;
	__u16 network_header;	 /* likewise */
	__u16 transport_header;	 /* likewise */
	unsigned int sender_cpu; /* or napi_id, which is greater than any CPU's */
	struct net_device *dev;
	unsigned long _skb_refdst;
	unsigned long _nfct;
	__u16 inner_network_header; /* offset of a tunnelled packet; 0: there is none */
} CORE;

union nf_inet_addr {
	__u32 all[4];
} CORE;

union nf_conntrack_man_proto {
	__be16 all;
} CORE;

struct nf_conntrack_man {
	union nf_inet_addr u3;
	union nf_conntrack_man_proto u;
} CORE;

struct nf_conntrack_tuple {
	struct nf_conntrack_man src;
	struct {
		union nf_inet_addr u3;
		union {
			__be16 all;
		} u;
	} dst;
} CORE;

struct nf_conntrack_tuple_hash {
	struct nf_conntrack_tuple tuple;
} CORE;

/* One for each direction. */
struct nf_conn {
	struct nf_conntrack_tuple_hash tuplehash[2];
	unsigned long status;
} CORE;

struct bpf_prog_aux {
	__u32 id;
	char name[16];
} CORE;

struct bpf_prog {
	struct bpf_prog_aux *aux;
} CORE;

struct xdp_rxq_info {
	struct net_device *dev;
} CORE;

struct xdp_buff {
	void *data;
	void *data_end;
	struct xdp_rxq_info *rxq;
} CORE;

struct kernfs_node {
	__u64 id;
} CORE;

struct cgroup {
	struct kernfs_node *kn;
} CORE;

struct css_set {
	struct cgroup *dfl_cgrp;
} CORE;

struct qstr {
	const unsigned char *name;
} CORE;

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
} CORE;

struct vfsmount {
	struct dentry *mnt_root;
} CORE;

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
} CORE;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
} CORE;

struct super_block {
	__u32 s_dev;
} CORE;

struct inode {
	unsigned short i_mode;
	unsigned long i_ino;
	struct super_block *i_sb;
} CORE;

struct file {
	struct path f_path;
	struct inode *f_inode;
	const void *f_op;
	void *private_data;
} CORE;

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} CORE;

struct files_struct {
	struct fdtable *fdt;
} CORE;

struct fs_struct {
	struct path pwd;
} CORE;

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
	struct file *exe_file;
} CORE;

struct thread_info {
	unsigned long flags;
	__u32 status;
	struct {
		__u32 count;
	} preempt;
} CORE;

/* The run queue of a CPU is in its own data. */
struct cfs_rq {
	struct rq *rq; /* with CONFIG_FAIR_GROUP_SCHED */
} CORE;

struct sched_entity {
	struct cfs_rq *cfs_rq; /* likewise: of the CPU that the task runs on, whatever its class */
	__u64 sum_exec_runtime;
} CORE;

/* include/linux/sched.h */
#define PF_KTHREAD   0x00200000
#define TASK_RUNNING 0

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state; /* since Linux 5.14 */
	long state;	      /* before */
	void *stack;
	unsigned long nvcsw;
	unsigned long nivcsw;
	int softirq_disable_cnt; /* with CONFIG_PREEMPT_RT */
	unsigned int in_execve : 1;
	unsigned int flags;
	struct sched_entity se;
	struct mm_struct *mm;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct hlist_node pid_links[1]; /* by enum pid_type */
	__u64 start_boottime;
	const struct cred *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	int exit_code;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct css_set *cgroups;
} CORE;

struct in6_addr {
	union {
		__u32 u6_addr32[4];
	} in6_u;
} CORE;

struct proto {
	union {
		struct inet_hashinfo *hashinfo;
		struct udp_table *udp_table;
	} h;
} CORE;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num; /* the local port, in host byte order */
	unsigned short skc_family;
	volatile unsigned char skc_state;
	unsigned char skc_reuseport : 1;
	unsigned char skc_ipv6only : 1;
	int skc_bound_dev_if;
	unsigned long skc_flags;
	struct proto *skc_prot;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	struct hlist_node skc_node; /* in udp_table.hash; in inet_hashinfo.lhash2 since 5.19 */
} CORE;

struct sock_reuseport {
	struct bpf_prog *prog;
} CORE;

struct bpf_map {
	__u32 id;
} CORE;

struct bpf_local_storage_map {
	struct bpf_map map;
} CORE;

struct bpf_local_storage_data {
	struct bpf_local_storage_map *smap;
	__u8 data[];
} CORE;

struct bpf_local_storage_elem {
	struct hlist_node snode;
	struct bpf_local_storage_data sdata;
} CORE;

struct bpf_local_storage {
	struct hlist_head list;
} CORE;

typedef struct {
	atomic_t refs;
} refcount_t;

struct sock {
	struct sock_common __sk_common;
	refcount_t sk_wmem_alloc;
	struct bpf_local_storage *sk_bpf_storage;
	struct sock_reuseport *sk_reuseport_cb;
	struct socket *sk_socket;
	int sk_err;
	__u8 sk_shutdown;
	__u16 sk_protocol;
	__u8 sk_kern_sock : 1;
} CORE;

struct rtable {
	unsigned int rt_flags;
	int rt_iif;
} CORE;

struct inet6_dev {
	struct net_device *dev;
} CORE;

struct rt6_info {
	struct inet6_dev *rt6i_idev;
} CORE;

struct socket {
	struct file *file;
	struct sock *sk;
} CORE;

struct io_cqe {
	__u64 user_data;
	int fd;
} CORE;

struct io_rsrc_node {
	unsigned long file_ptr; /* a struct file, with flags in the lowest bits */
} CORE;

struct io_rsrc_data {
	unsigned int nr;
	struct io_rsrc_node **nodes;
} CORE;

struct io_file_table {
	struct io_rsrc_data data;
} CORE;

struct io_ring_ctx {
	struct io_file_table file_table;
} CORE;

struct io_kiocb {
	__u8 opcode;
	__u64 flags;
	struct io_cqe cqe;
	struct io_ring_ctx *ctx;
} CORE;

struct inet_connection_sock {
	void *icsk_ulp_data;
	struct hlist_node icsk_listen_portaddr_node; /* in inet_hashinfo.lhash2 before 5.19 */
} CORE;

struct tcp_sock {
	bool is_mptcp;
	__u32 snd_una;
	__u32 write_seq;
	__u64 bytes_acked;
	__u64 bytes_received;
	__u64 bytes_sent;
	__u64 bytes_retrans;
	__u32 total_retrans;
	__u32 srtt_us; /* eighths */
} CORE;

/* Bits of inet_flags, which has them since Linux 6.6: an enum without a name. */
#define INET_FLAGS_FREEBIND    11
#define INET_FLAGS_TRANSPARENT 15

struct inet_sock {
	unsigned long inet_flags;
	__be32 inet_saddr;
	__be16 inet_sport;
	__u8 freebind : 1;
	__u8 transparent : 1;
} CORE;

struct mptcp_subflow_context {
	struct sock *conn;
} CORE;

/*
 * Registers. SYSCALL_…: number and arguments at the entry of a system call; COMPAT_…: the same for
 * the 32-bit ABI, whose numbers mean other calls, so ask IN_COMPAT_SYSCALL first. FUNCTION_ARG1:
 * at the entry of a kernel function, from a kprobe's own context. GO_ROUTINE: Go's pointer to the
 * goroutine that runs, also while it is in a system call (https://go.dev/s/regabi).
 */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long bx;
	unsigned long cx;
	unsigned long di;
	unsigned long dx;
	unsigned long si;
	unsigned long orig_ax;
	unsigned long r14;
} CORE;

#define SYSCALL_ARG1(registers)	  KERNEL_READ(registers, di)
#define SYSCALL_ARG2(registers)	  KERNEL_READ(registers, si)
#define SYSCALL_ARG3(registers)	  KERNEL_READ(registers, dx)
#define SYSCALL_NUMBER(registers) KERNEL_READ(registers, orig_ax)
#define COMPAT_ARG1(registers)	  KERNEL_READ(registers, bx)
#define COMPAT_ARG2(registers)	  KERNEL_READ(registers, cx)
#define COMPAT_ARG3(registers)	  KERNEL_READ(registers, dx)
#define FUNCTION_ARG1(registers)  ((registers)->di)
#define GO_ROUTINE(registers)	  BPF_CORE_READ(registers, r14)

/* __X32_SYSCALL_BIT of arch/x86/include/uapi/asm/unistd.h: set in the number of an x32 call. */
#define X32_SYSCALL_BIT 0x40000000

/* TS_COMPAT of arch/x86/include/asm/thread_info.h */
#define IN_COMPAT_SYSCALL(task) (KERNEL_READ(task, thread_info.status) & 0x0002)
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 orig_x0;
	__s32 syscallno;
	__u64 regs[31];
} CORE;

#define SYSCALL_ARG1(registers)	  KERNEL_READ(registers, orig_x0)
#define SYSCALL_ARG2(registers)	  KERNEL_READ(registers, regs[1])
#define SYSCALL_ARG3(registers)	  KERNEL_READ(registers, regs[2])
#define SYSCALL_NUMBER(registers) ((__u32)KERNEL_READ(registers, syscallno))
#define COMPAT_ARG1(registers)	  SYSCALL_ARG1(registers)
#define COMPAT_ARG2(registers)	  KERNEL_READ(registers, regs[1])
#define COMPAT_ARG3(registers)	  SYSCALL_ARG3(registers)
#define FUNCTION_ARG1(registers)  ((registers)->regs[0])
#define GO_ROUTINE(registers)	  BPF_CORE_READ(registers, regs[28])

#define X32_SYSCALL_BIT		0

/* TIF_32BIT of arch/arm64/include/asm/thread_info.h */
#define IN_COMPAT_SYSCALL(task) (KERNEL_READ(task, thread_info.flags) & (1UL << 22))
#else
#error "x86 and arm64 only: define __TARGET_ARCH_x86 or __TARGET_ARCH_arm64"
#endif

#endif
