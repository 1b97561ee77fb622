/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The socket behind a file, or behind a number of the current process's descriptors.
 */
#ifndef PIDCAP_SOCKET_OF_FD_H
#define PIDCAP_SOCKET_OF_FD_H

#include "kernel.h"

/* The operations that the files of all sockets have. 0: none was seen yet. */
extern __u64 socket_operations;

/* A path to a socket in the file system (O_PATH) has no socket, and operations of its own. */
static __always_inline bool is_socket(struct file *file, __u64 operations)
{
	struct socket *socket;

	if (socket_operations)
		return operations == socket_operations;
	if ((KERNEL_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return false;
	socket = KERNEL_READ(file, private_data);
	if (!socket || KERNEL_READ(socket, file) != file)
		return false;
	socket_operations = operations;
	return true;
}

static __always_inline struct sock *socket_of_file(struct file *file)
{
	struct socket *socket;

	if (!is_socket(file, (__u64)KERNEL_READ(file, f_op)))
		return NULL;
	socket = KERNEL_READ(file, private_data);
	return KERNEL_READ(socket, sk);
}

#ifdef PIDCAP_TYPED_READS
/*
 * Returns NULL if the task has no such descriptor. What a typed read makes of a pointer to a
 * pointer is a number, so the place in the table needs a type of the kernel's that is nothing but a
 * pointer.
 */
static __always_inline struct file *file_of_fd(struct task_struct *task, unsigned long fd)
{
	struct fdtable *table = KERNEL_READ(task, files, fdt);
	struct file **files = KERNEL_READ(table, fd);
	struct hlist_node *place = (struct hlist_node *)(files + fd);

	return fd < KERNEL_READ(table, max_fds) ? (struct file *)KERNEL_READ(place, next) : NULL;
}
#else
struct descriptors {
	__u32 number;
	__u32 pad;
	struct file **files;
};

/* One read of the table where the two stand side by side, as in every kernel so far. */
static __always_inline struct descriptors descriptors_of(struct task_struct *task)
{
	struct fdtable *table = KERNEL_READ(task, files, fdt);
	__u32 number_offset = bpf_core_field_offset(struct fdtable, max_fds);
	struct descriptors all = {};

	if (bpf_core_field_offset(struct fdtable, fd) == number_offset + 8) {
		bpf_probe_read_kernel(&all, sizeof(all), (const void *)table + number_offset);
	} else {
		all.number = KERNEL_READ(table, max_fds);
		all.files = KERNEL_READ(table, fd);
	}
	return all;
}

/* Returns NULL if the task has no such descriptor. */
static __always_inline struct file *file_of_fd(struct task_struct *task, unsigned long fd)
{
	struct descriptors all = descriptors_of(task);
	struct file *file = NULL;

	if (fd >= all.number || bpf_probe_read_kernel(&file, sizeof(file), all.files + fd))
		return NULL;
	return file;
}
#endif

static __always_inline struct sock *socket_of_fd(struct task_struct *task, unsigned long fd)
{
	struct file *file = file_of_fd(task, fd);

	return file ? socket_of_file(file) : NULL;
}

#endif
