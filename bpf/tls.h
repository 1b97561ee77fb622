/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What programs at functions of TLS libraries have in common: how they get at a value of the
 * process, and whose processes they leave alone.
 */
#ifndef PIDCAP_TLS_H
#define PIDCAP_TLS_H

#include "contract.h"
#include "kernel.h"
#include "verdict.h"

/*
 * Who is looked at, if not everyone: processes that are this user's, as those are that ptrace(2)
 * would let the user look into. Set before loading.
 */
extern const volatile __u32 only_uid;
extern const volatile __u32 has_only_uid;

/*
 * A value of the process: see struct pidcap_tls_operand. `registers`: address of struct pt_regs.
 * False: it can't be read.
 */
static __always_inline bool evaluate(__u64 registers, const struct pidcap_tls_operand *operand,
				     bool pointers_of_32_bits, __u64 *value)
{
	__u64 at = 0;

	if (bpf_probe_read_kernel(&at, sizeof(at), (void *)(registers + operand->reg)))
		return false;
	for (__u32 i = 0; i < PIDCAP_TLS_LOADS && i < operand->loads; i++) {
		__u32 half;

		if (pointers_of_32_bits) {
			if (bpf_probe_read_user(&half, sizeof(half),
						(void *)(at + operand->offsets[i])))
				return false;
			at = half;
		} else if (bpf_probe_read_user(&at, sizeof(at),
					       (void *)(at + operand->offsets[i]))) {
			return false;
		}
	}
	*value = at + operand->offsets[operand->loads & PIDCAP_TLS_LOADS];
	return true;
}

/* Whether the process is another user's, or the process filter leaves it out. */
static __always_inline bool is_left_out(struct task_struct *task, __u64 start_boot)
{
	__u32 uid = KERNEL_READ(task, cred, uid.val);
	struct pidcap_owner owner = {
		.start_boot = start_boot,
		.cgroup_id = KERNEL_READ(task, cgroups, dfl_cgrp, kn, id),
		.tgid = bpf_get_current_pid_tgid() >> 32,
		.uid = KERNEL_READ(task, cred, euid.val),
		.gid = KERNEL_READ(task, cred, egid.val),
	};

	if (has_only_uid && (uid != only_uid || owner.uid != only_uid))
		return true;
	return is_unwanted(&owner);
}

#endif
