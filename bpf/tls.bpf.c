// SPDX-License-Identifier: GPL-2.0-only
/*
 * At the entry of a TLS library's key log function: takes the secret, and what it is, to the ring
 * of secrets. User space loads one of the two programs and attaches it to each such function, with
 * the function's number as the cookie; where its arguments are stands in `recipes`. Kernels without
 * cookies (before 5.15) have the program loaded anew for each function.
 *
 * An object of its own: without --tls-keys none of it is loaded. Nothing is written into the
 * process, and its call goes on as ever.
 */
#include "tls.h"

const volatile __u32 has_cookies = 1;

/* The function's number, if there are no cookies. */
const volatile __u32 only_probe = 0;

const volatile __u32 only_uid = 0;
const volatile __u32 has_only_uid = 0;

/* Where each function has its arguments, by its number; written by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PIDCAP_TLS_PROBES_MAX);
	__type(key, __u32);
	__type(value, struct pidcap_tls_recipe);
} recipes SEC(".maps");

/* Made by user space, as are the next two. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} secrets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PIDCAP_TLS_MISSES);
	__type(key, __u32);
	__type(value, __u64);
} secrets_missed SEC(".maps");

struct unwanted_map unwanted SEC(".maps");
struct change_map changes SEC(".maps");

static __always_inline void count_missed(__u32 cause)
{
	__u64 *missed = bpf_map_lookup_elem(&secrets_missed, &cause);

	if (missed)
		__sync_fetch_and_add(missed, 1);
}

/* What a program looks at. */
struct call {
	__u64 registers; /* address of struct pt_regs */
	const struct pidcap_tls_recipe *recipe;
};

static __always_inline bool evaluate_in(const struct call *call,
					const struct pidcap_tls_operand *operand, __u64 *value)
{
	return evaluate(call->registers, operand, call->recipe->pointers_of_32_bits, value);
}

/*
 * What is 1 to 64 anyway, so that the verifier knows it, too. The compiler mustn't see that there
 * is nothing to do, so the value passes through something that hides it.
 */
static __always_inline __u64 up_to_64(__u64 size)
{
	asm volatile("" : "+r"(size));
	return ((size - 1) & 63) + 1;
}

/* Evaluates a length of 1 to `most` bytes. False: it isn't one. */
static __always_inline bool evaluate_length(const struct call *call,
					    const struct pidcap_tls_operand *operand, __u64 most,
					    __u64 *length)
{
	if (!evaluate_in(call, operand, length))
		return false;
	*length &= 0xffffffff;
	return *length >= 1 && *length <= most;
}

/*
 * Reads the label. It may stand in a page of the file that the process hasn't touched yet. Where
 * that can't be waited for, its address tells what it is.
 */
static __always_inline bool read_label(const struct call *call, struct pidcap_secret *secret,
				       bool may_sleep)
{
	__u64 address = 0, length = PIDCAP_TLS_LABEL_LEN - 1;
	char first;
	long got;

	if (!evaluate_in(call, &call->recipe->label, &address))
		return false;
	if (call->recipe->has_label_length &&
	    !evaluate_length(call, &call->recipe->label_length, PIDCAP_TLS_LABEL_LEN - 1, &length))
		return false;
	secret->label_address = address;
	if (may_sleep)
		bpf_copy_from_user(&first, sizeof(first), (void *)address);
	/* The size counts the NUL that it ends the text with. */
	got = bpf_probe_read_user_str(secret->label, up_to_64(length + 1), (void *)address);
	secret->label_len = got > 0 ? got - 1 : 0;
	return true;
}

/*
 * Exported keying material decrypts no packet, and is none of ours: "EXPORTER_SECRET" and
 * "EARLY_EXPORTER_SECRET" of the key log.
 */
static __always_inline bool is_exporter(const char *label)
{
	return (label[0] == 'E' && label[1] == 'X') ||
	       (label[0] == 'E' && label[1] == 'A' && label[6] == 'E');
}

static __always_inline bool read_secret(const struct call *call, struct pidcap_secret *secret)
{
	__u64 random = 0, bytes = 0, length = 0;

	if (!evaluate_in(call, &call->recipe->client_random, &random) ||
	    !evaluate_in(call, &call->recipe->secret, &bytes) ||
	    !evaluate_length(call, &call->recipe->secret_length, PIDCAP_TLS_SECRET_LEN, &length))
		return false;
	secret->secret_len = length;
	return !bpf_probe_read_user(secret->client_random, sizeof(secret->client_random),
				    (void *)random) &&
	       !bpf_probe_read_user(secret->secret, up_to_64(length), (void *)bytes);
}

static __always_inline int take_secret(void *ctx, bool may_sleep)
{
	__u32 probe = has_cookies ? bpf_get_attach_cookie(ctx) : only_probe;
	struct call call = {
		.registers = address_of(ctx),
		.recipe = bpf_map_lookup_elem(&recipes, &probe),
	};
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 start_boot = KERNEL_READ(task, group_leader, start_boottime);
	struct pidcap_secret *secret;

	if (!call.recipe || is_left_out(task, start_boot))
		return 0;
	secret = bpf_ringbuf_reserve(&secrets, sizeof(*secret), 0);
	if (!secret) {
		count_missed(PIDCAP_TLS_RING_FULL);
		return 0;
	}
	__builtin_memset(secret, 0, sizeof(*secret));
	secret->time_mono = bpf_ktime_get_ns();
	secret->start_boot = start_boot;
	secret->tgid = bpf_get_current_pid_tgid() >> 32;
	secret->probe = probe;
	if (!read_label(&call, secret, may_sleep) || !read_secret(&call, secret)) {
		count_missed(PIDCAP_TLS_UNREADABLE);
		bpf_ringbuf_discard(secret, 0);
	} else if (is_exporter(secret->label)) {
		__builtin_memset(secret, 0, sizeof(*secret));
		bpf_ringbuf_discard(secret, 0);
	} else {
		bpf_ringbuf_submit(secret, 0);
	}
	return 0;
}

SEC("uprobe")
int tls_secret(void *ctx)
{
	return take_secret(ctx, false);
}

/* For where programs may sleep, so that a page that isn't there is fetched. */
SEC("uprobe.s")
int tls_secret_sleepable(void *ctx)
{
	return take_secret(ctx, true);
}
