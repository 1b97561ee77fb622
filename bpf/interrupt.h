/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does this program run in an interrupt? Then the current thread has nothing to do with it.
 * may_be_softirq() of softirq.h isn't enough where any code may have called the program: on x86 an
 * interrupt from user mode runs on the thread's own stack (call_on_irqstack_cond() of
 * arch/x86/include/asm/irq_stack.h).
 */
#ifndef PIDCAP_INTERRUPT_H
#define PIDCAP_INTERRUPT_H

#include "kernel.h"
#include "softirq.h"

/*
 * include/linux/preempt.h: a softirq runs, or an interrupt, or an NMI. Above bit 16 stand the
 * interrupts in progress; where a kernel counts there how often they were disabled, a process that
 * has disabled them counts as an interrupt.
 */
#define INTERRUPT_MASK 0x0fff0100

/* Set before loading, from the kernel's types or symbols (capture/kernel/cpu_data.h). */
extern const volatile struct pidcap_cpu_data cpu_data;

#ifdef __TARGET_ARCH_x86
/*
 * x86 keeps the count in data of the CPU's own, whose address not every kernel tells. But the
 * current thread leads to the run queue of its CPU, which lies there, too. Returns false if that
 * isn't so.
 */
static __always_inline bool read_preempt_count(struct task_struct *task, __u32 *count)
{
	struct task_struct *current = NULL;
	struct rq *run_queue;
	__u64 data;

	if (!cpu_data.known || !bpf_core_field_exists(task->se.cfs_rq) ||
	    !bpf_core_field_exists(struct cfs_rq, rq))
		return false;
	run_queue = BPF_CORE_READ(task, se.cfs_rq, rq);
	data = (__u64)run_queue - cpu_data.run_queue;
	return !bpf_probe_read_kernel(&current, sizeof(current),
				      (void *)(data + cpu_data.current_task)) &&
	       current == task &&
	       !bpf_probe_read_kernel(count, sizeof(*count),
				      (void *)(data + cpu_data.preempt_count));
}
#else
static __always_inline bool read_preempt_count(struct task_struct *task, __u32 *count)
{
	*count = BPF_CORE_READ(task, thread_info.preempt.count);
	return true;
}
#endif

/* Returns true also if it isn't known. */
static __always_inline bool may_be_interrupt(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 count = 0;

	if (!read_preempt_count(task, &count))
		return true;
	if (bpf_core_field_exists(task->softirq_disable_cnt) &&
	    BPF_CORE_READ(task, softirq_disable_cnt) & SOFTIRQ_OFFSET)
		return true;
	return count & INTERRUPT_MASK;
}

#endif
