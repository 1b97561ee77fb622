// SPDX-License-Identifier: GPL-2.0-only
//
// The numbers of the system calls whose first argument is a file descriptor that they use as a
// socket. bpf/syscall.bpf.c looks calls up by these numbers. `Calls` is the type of its
// native_calls, which has no name.
#pragma once

#include <sys/syscall.h>

#include <cstdint>
#include <span>

#include "bpf/own_event.h"

namespace capture {

inline constexpr uint32_t kNoCall = UINT32_MAX;

// close(2) isn't one: a parent that closes its copy of a worker's socket doesn't use it.
inline constexpr uint32_t kReceivingCalls[] = {SYS_read,    SYS_readv,    SYS_recvfrom,
                                               SYS_recvmsg, SYS_recvmmsg, SYS_preadv2,
                                               SYS_accept,  SYS_accept4};
inline constexpr uint32_t kOtherCalls[] = {
    SYS_write,
    SYS_writev,
    SYS_sendto,
    SYS_sendmsg,
    SYS_sendmmsg,
    SYS_sendfile,
    SYS_splice,
    SYS_pwritev2,
    SYS_io_submit,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_shutdown,
    // Its descriptor is a ring, not a socket. A tracepoint of their own sees the requests use their
    // sockets; those that this call runs end with it.
    SYS_io_uring_enter,
};

#ifdef __x86_64__
// What x32 programs call by other numbers than 64-bit ones, without the bit that marks x32:
// arch/x86/entry/syscalls/syscall_64.tbl.
inline constexpr uint32_t kX32ReceivingCalls[] = {515, 517, 519, 537, 546};
inline constexpr uint32_t kX32OtherCalls[] = {516, 518, 538, 544, 547};
inline constexpr uint32_t kX32IoSubmit = 544;
#endif

// The same for 32-bit programs: arch/x86/entry/syscalls/syscall_32.tbl, arch/arm/tools/syscall.tbl.
#ifdef __x86_64__
inline constexpr uint32_t kCompatReceivingCalls[] = {3, 145, 337, 364, 371, 372, 378, 417};
inline constexpr uint32_t kCompatOtherCalls[] = {4,   146, 187, 239, 313, 345, 361, 362,
                                                 363, 369, 370, 373, 379, 426, 102, 248};
inline constexpr uint32_t kCompatSplice = 313;
inline constexpr uint32_t kCompatIoSubmit = 248;
inline constexpr uint32_t kCompatAccept = kNoCall;
inline constexpr uint32_t kCompatAccept4 = 364;
inline constexpr uint32_t kCompatSocketcall = 102;
inline constexpr uint32_t kCompatBind = 361;
inline constexpr uint32_t kCompatConnect = 362;
inline constexpr uint32_t kCompatListen = 363;
#else
inline constexpr uint32_t kCompatReceivingCalls[] = {3,   145, 285, 291, 292,
                                                     297, 365, 366, 392, 417};
inline constexpr uint32_t kCompatOtherCalls[] = {4,   146, 187, 239, 282, 283, 284, 289,
                                                 290, 293, 296, 340, 374, 393, 426, 246};
inline constexpr uint32_t kCompatSplice = 340;
inline constexpr uint32_t kCompatIoSubmit = 246;
inline constexpr uint32_t kCompatAccept = 285;
inline constexpr uint32_t kCompatAccept4 = 366;
inline constexpr uint32_t kCompatSocketcall = kNoCall;
inline constexpr uint32_t kCompatBind = 282;
inline constexpr uint32_t kCompatConnect = 283;
inline constexpr uint32_t kCompatListen = 284;
#endif

template <typename Calls>
void add_calls(Calls& calls, std::span<const uint32_t> receiving, std::span<const uint32_t> other) {
    for (const uint32_t call : receiving) {
        calls.socket_calls[call / 64] |= 1ULL << (call % 64);
        calls.receiving_calls[call / 64] |= 1ULL << (call % 64);
    }
    for (const uint32_t call : other) {
        calls.socket_calls[call / 64] |= 1ULL << (call % 64);
    }
}

template <typename Calls>
void set_native_calls(Calls& calls) {
    add_calls(calls, kReceivingCalls, kOtherCalls);
    calls.splice = SYS_splice;
    calls.io_submit = SYS_io_submit;
    calls.x32_io_submit = kNoCall;
#ifdef __x86_64__
    add_calls(calls, kX32ReceivingCalls, kX32OtherCalls);
    calls.x32_io_submit = kX32IoSubmit;
#endif
    calls.bind = SYS_bind;
    calls.listen = SYS_listen;
    calls.accept = SYS_accept;
    calls.accept4 = SYS_accept4;
    calls.socketcall = kNoCall;
}

template <typename Calls>
void set_compat_calls(Calls& calls) {
    add_calls(calls, kCompatReceivingCalls, kCompatOtherCalls);
    calls.splice = kCompatSplice;
    calls.io_submit = kCompatIoSubmit;
    calls.x32_io_submit = kNoCall;
    calls.bind = kCompatBind;
    calls.listen = kCompatListen;
    calls.accept = kCompatAccept;
    calls.accept4 = kCompatAccept4;
    calls.socketcall = kCompatSocketcall;
}

// The calls that open connections, for bpf/socket_event.bpf.c.
inline pidcap_socket_calls native_connection_calls() {
    return {SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, kNoCall};
}
inline pidcap_socket_calls compat_connection_calls() {
    return {kCompatConnect, kCompatBind,    kCompatListen,
            kCompatAccept,  kCompatAccept4, kCompatSocketcall};
}

}  // namespace capture
