/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does this program run in the context of the current thread's own call, or in a softirq that has
 * interrupted it?
 *
 * arm64 keeps the answer in the thread's data. On x86 it is in a variable of each CPU, whose
 * address not every kernel tells. But there a softirq has a stack of its own (CONFIG_SOFTIRQ_ON_
 * OWN_STACK; do_softirq_own_stack() of arch/x86/kernel/irq_64.c), and a program's stack lies on the
 * one that it was called on. Kernels with CONFIG_PREEMPT_RT have neither that count nor such a
 * stack: there it may always be a softirq.
 */
#ifndef PIDCAP_SOFTIRQ_H
#define PIDCAP_SOFTIRQ_H

#include "kernel.h"

/* include/linux/preempt.h: set while softirqs run, not while they are merely off. */
#define SOFTIRQ_OFFSET 0x100

/* The smallest size of a thread's stack, THREAD_SIZE. */
#define THREAD_STACK 16384

#ifdef __TARGET_ARCH_x86
/* Whether a program with this on its stack runs on another stack than the thread's. */
static __always_inline bool is_off_stack(const void *here, struct task_struct *task)
{
	void *stack = KERNEL_READ(task, stack);

	return here < stack || here >= stack + THREAD_STACK;
}
#endif

static __always_inline bool may_be_softirq(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (bpf_core_field_exists(task->softirq_disable_cnt))
		return true;
#ifdef __TARGET_ARCH_x86
	return is_off_stack(&task, task);
#else
	return KERNEL_READ(task, thread_info.preempt.count) & SOFTIRQ_OFFSET;
#endif
}

#endif
