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

#define AF_INET	  2
#define AF_INET6  10
#define AF_PACKET 17

/* include/uapi/linux/stat.h */
#define S_IFMT	 0170000
#define S_IFSOCK 0140000

#define CORE __attribute__((preserve_access_index))

struct upid {
	int nr;
} CORE;

struct pid {
	unsigned int level;
	struct upid numbers[1];
} CORE;

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
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

struct net {
	struct ns_common ns;
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
	unsigned int flags;
	char name[16];
	const unsigned char *dev_addr;
	possible_net_t nd_net;
} CORE;

struct sk_buff {
	struct net_device *dev;
	unsigned long _skb_refdst;
	unsigned long _nfct;
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
	void *private_data;
} CORE;

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} CORE;

struct files_struct {
	struct fdtable *fdt;
} CORE;

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
	struct file *exe_file;
} CORE;

struct thread_info {
	unsigned long flags;
	__u32 status;
} CORE;

/* include/linux/sched.h */
#define PF_KTHREAD 0x00200000

struct task_struct {
	struct thread_info thread_info;
	unsigned int in_execve : 1;
	unsigned int flags;
	struct mm_struct *mm;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	__u64 start_boottime;
	const struct cred *cred;
	char comm[16];
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct css_set *cgroups;
} CORE;

struct sock_common {
	unsigned short skc_family;
	unsigned char skc_reuseport : 1;
} CORE;

struct sock_reuseport {
	struct bpf_prog *prog;
} CORE;

struct hlist_node {
	struct hlist_node *next;
} CORE;

struct hlist_head {
	struct hlist_node *first;
} CORE;

struct bpf_local_storage_map;

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

struct sock {
	struct sock_common __sk_common;
	struct bpf_local_storage *sk_bpf_storage;
	struct sock_reuseport *sk_reuseport_cb;
	__u8 sk_kern_sock : 1;
} CORE;

struct rtable {
	unsigned int rt_flags;
} CORE;

struct socket {
	struct sock *sk;
} CORE;

struct io_cqe {
	__u64 user_data;
} CORE;

struct io_kiocb {
	__u8 opcode;
	struct io_cqe cqe;
} CORE;

struct inet_connection_sock {
	void *icsk_ulp_data;
} CORE;

struct tcp_sock {
	bool is_mptcp;
} CORE;

struct mptcp_subflow_context {
	struct sock *conn;
} CORE;

/*
 * Registers. SYSCALL_…: number and arguments at the entry of a system call; COMPAT_…: the same for
 * the 32-bit ABI, whose numbers mean other calls, so ask IN_COMPAT_SYSCALL first. FUNCTION_ARG1:
 * at the entry of a kernel function, from a kprobe's own context.
 */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long bx;
	unsigned long cx;
	unsigned long di;
	unsigned long dx;
	unsigned long orig_ax;
} CORE;

#define SYSCALL_ARG1(regs)   BPF_CORE_READ(regs, di)
#define SYSCALL_ARG3(regs)   BPF_CORE_READ(regs, dx)
#define SYSCALL_NUMBER(regs) BPF_CORE_READ(regs, orig_ax)
#define COMPAT_ARG1(regs)    BPF_CORE_READ(regs, bx)
#define COMPAT_ARG2(regs)    BPF_CORE_READ(regs, cx)
#define COMPAT_ARG3(regs)    BPF_CORE_READ(regs, dx)
#define FUNCTION_ARG1(regs)  ((regs)->di)

/* TS_COMPAT of arch/x86/include/asm/thread_info.h */
#define IN_COMPAT_SYSCALL(task) (BPF_CORE_READ(task, thread_info.status) & 0x0002)
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 orig_x0;
	__s32 syscallno;
	__u64 regs[31];
} CORE;

#define SYSCALL_ARG1(regs)	BPF_CORE_READ(regs, orig_x0)
#define SYSCALL_ARG3(regs)	BPF_CORE_READ(regs, regs[2])
#define SYSCALL_NUMBER(regs)	((__u32)BPF_CORE_READ(regs, syscallno))
#define COMPAT_ARG1(regs)	SYSCALL_ARG1(regs)
#define COMPAT_ARG2(regs)	BPF_CORE_READ(regs, regs[1])
#define COMPAT_ARG3(regs)	SYSCALL_ARG3(regs)
#define FUNCTION_ARG1(regs)	((regs)->regs[0])

/* TIF_32BIT of arch/arm64/include/asm/thread_info.h */
#define IN_COMPAT_SYSCALL(task) (BPF_CORE_READ(task, thread_info.flags) & (1UL << 22))
#else
#error "x86 and arm64 only: define __TARGET_ARCH_x86 or __TARGET_ARCH_arm64"
#endif

#endif
