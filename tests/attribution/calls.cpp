// SPDX-License-Identifier: GPL-2.0-only
//
// Every way to send makes the socket its caller's: in turn by a child, who inherited the socket,
// and by its parent.
#include <elf.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstring>

#include "tests/attribution/io_uring.h"
#include "tests/attribution/scenario.h"

namespace bench {
namespace {

using namespace test;

// `thread`: another thread of the actor's sends.
Text signed_by(const Actor& actor, const std::string& note, bool thread = false) {
    const std::string pid = std::to_string(actor.pid());
    return Text("pid=" + pid + " tid=" + (thread ? "0" : pid) + " " + note);
}

// A socket of a parent's, connected to a peer.
struct Inherited {
    Path path;
    int type;
    Actor parent;
    Actor peer;
    int fd = -1;
    int peer_fd = -1;

    Inherited(const Path& on, int kind)
        : path(on), type(kind), parent(on.client, "parent"), peer(on.server, "peer") {
        const bool datagram = type == SOCK_DGRAM;
        const int bound = datagram ? bound_socket(peer, path.server_at(0), type)
                                   : listener(peer, path.server_at(0));
        fd = connected_socket(parent, path.server_at(local_port(peer, bound)), type);
        peer_fd = datagram ? bound : accept_from(peer, bound);
    }

    void claim(Ownership& ownership, const Actor& user) {
        const char* protocol = type == SOCK_DGRAM ? "udp" : "tcp";
        ownership.claim(protocol, path.client_address, local_port(parent, fd), user.who());
        ownership.claim(protocol, path.server_address, local_port(peer, peer_fd), peer.who());
        ownership.add_user(user.who());
    }

    // A new child sends by `function`(fd, text), then the parent, so that the next finds it so.
    template <typename Function>
    void by_child(Ownership& ownership, const std::string& name, Function function,
                  bool thread = false) {
        Actor child = parent.fork_child(name);
        claim(ownership, child);
        const int64_t result = child.try_call(function, fd, signed_by(child, name, thread));
        if (result == -ENOSYS || result == -EPERM) {
            throw Skip("no " + name + " here");
        }
        if (result < 0) {
            throw std::runtime_error(name + ": " + strerror(static_cast<int>(-result)));
        }
        hear(peer, peer_fd);
        pass(parent, fd, peer, peer_fd, "by the parent");
    }
};

void play_calls(const Path& path, Ownership& ownership) {
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
        Inherited socket(path, type);
        socket.claim(ownership, socket.parent);
        const auto by_child = [&](const char* name, auto function) {
            socket.by_child(ownership, name, function);
        };
        by_child("write",
                 [](int fd, Text text) { return write(fd, text.c_str(), strlen(text.c_str())); });
        by_child("send",
                 [](int fd, Text text) { return send(fd, text.c_str(), strlen(text.c_str()), 0); });
        by_child("writev", [](int fd, Text text) {
            const iovec part{text.bytes.data(), strlen(text.c_str())};
            return writev(fd, &part, 1);
        });
        by_child("pwritev2", [](int fd, Text text) {
            const iovec part{text.bytes.data(), strlen(text.c_str())};
            return pwritev2(fd, &part, 1, -1, 0);
        });
        by_child("sendmsg", [](int fd, Text text) {
            iovec part{text.bytes.data(), strlen(text.c_str())};
            msghdr message{};
            message.msg_iov = &part;
            message.msg_iovlen = 1;
            return sendmsg(fd, &message, 0);
        });
        by_child("sendmmsg", [](int fd, Text text) {
            iovec part{text.bytes.data(), strlen(text.c_str())};
            mmsghdr message{};
            message.msg_hdr.msg_iov = &part;
            message.msg_hdr.msg_iovlen = 1;
            return sendmmsg(fd, &message, 1, 0);
        });
        by_child("splice", [](int fd, Text text) {
            int ends[2];
            const size_t length = strlen(text.c_str());
            if (pipe(ends) != 0 || write(ends[1], text.c_str(), length) < 0) {
                return ssize_t{-1};
            }
            return splice(ends[0], nullptr, fd, nullptr, length, 0);
        });
        by_child("sendfile", [](int fd, Text text) {
            const int file = memfd_create("data", 0);
            const size_t length = strlen(text.c_str());
            if (write(file, text.c_str(), length) < 0) {
                return ssize_t{-1};
            }
            off_t from = 0;
            return sendfile(fd, file, &from, length);
        });
        by_child("zerocopy", [](int fd, Text text) {
            const int on = 1;
            const size_t length = strlen(text.c_str());
            if (setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)) != 0) {
                return ssize_t{-1};
            }
            const ssize_t sent = send(fd, text.c_str(), length, MSG_ZEROCOPY);
            // The text has to stay until it has gone, which the error queue tells.
            pollfd done{fd, 0, 0};
            poll(&done, 1, 5000);
            char control[256];
            msghdr message{};
            message.msg_control = control;
            message.msg_controllen = sizeof(control);
            recvmsg(fd, &message, MSG_ERRQUEUE);
            return sent;
        });
        close_in(socket.parent, socket.fd);
        close_in(socket.peer, socket.peer_fd);
        settle(path.client);
    }
}

// Whether a ring sends by a descriptor, or by a file that was registered with it.
enum class By : uint8_t { descriptor, registered };

template <uint32_t kFlags, By kBy = By::descriptor>
int64_t send_by_ring(int fd, Text text) {
    IoUring ring(kFlags);
    if (!ring.valid()) {
        return -1;
    }
    io_uring_sqe request{};
    request.opcode = IORING_OP_SEND;
    request.fd = fd;
    if (kBy == By::registered) {
        if (syscall(SYS_io_uring_register, ring.fd(), IORING_REGISTER_FILES, &fd, 1) != 0) {
            return -1;
        }
        request.fd = 0;  // its place in the table
        request.flags = IOSQE_FIXED_FILE;
    }
    request.addr = reinterpret_cast<uint64_t>(text.c_str());
    request.len = static_cast<uint32_t>(strlen(text.c_str()));
    const int result = ring.run(request);
    errno = -result;
    return result < 0 ? -1 : result;
}

template <uint32_t kFlags, By kBy = By::descriptor>
void play_io_uring(const Path& path, Ownership& ownership) {
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
        Inherited socket(path, type);
        socket.claim(ownership, socket.parent);
        for (int i = 0; i < 3; i++) {
            socket.by_child(
                ownership, "io_uring",
                [](int fd, Text text) { return send_by_ring<kFlags, kBy>(fd, text); },
                kFlags == IORING_SETUP_SQPOLL);
        }
        close_in(socket.parent, socket.fd);
        close_in(socket.peer, socket.peer_fd);
        settle(path.client);
    }
}

// Linux AIO: the descriptor is in memory. -1 with errno.
int64_t send_by_aio(int fd, Text text) {
    aio_context_t context = 0;
    iocb request{};
    request.aio_lio_opcode = IOCB_CMD_PWRITE;
    request.aio_fildes = static_cast<uint32_t>(fd);
    request.aio_buf = reinterpret_cast<uint64_t>(text.c_str());
    request.aio_nbytes = strlen(text.c_str());
    iocb* list[] = {&request};
    io_event done{};
    if (syscall(SYS_io_setup, 1, &context) != 0 || syscall(SYS_io_submit, context, 1, list) != 1 ||
        syscall(SYS_io_getevents, context, 1, 1, &done, nullptr) != 1) {
        return -1;
    }
    syscall(SYS_io_destroy, context);
    return done.res;
}

void play_aio(const Path& path, Ownership& ownership) {
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
        Inherited socket(path, type);
        socket.claim(ownership, socket.parent);
        for (int i = 0; i < 3; i++) {
            socket.by_child(ownership, "io_submit",
                            [](int fd, Text text) { return send_by_aio(fd, text); });
        }
        close_in(socket.parent, socket.fd);
        close_in(socket.peer, socket.peer_fd);
        settle(path.client);
    }
}

// All by the ring, from the socket to the answer, on both sides.
void play_io_uring_alone(const Path& path, Ownership& ownership) {
    Actor client(path.client, "client");
    Actor server(path.server, "server");
    const int bound = bound_socket(server, path.server_at(0), SOCK_DGRAM);
    const uint16_t port = local_port(server, bound);
    const int from = open_socket(client, path.family(), SOCK_DGRAM);
    const int64_t result = client.try_call(
        [](int fd, Address to, Text text) {
            IoUring ring(0);
            if (!ring.valid()) {
                return int64_t{-1};
            }
            io_uring_sqe request{};
            request.opcode = IORING_OP_CONNECT;
            request.fd = fd;
            request.addr = reinterpret_cast<uint64_t>(&to.storage);
            request.off = to.length;
            const int connected = ring.run(request);
            if (connected < 0) {
                errno = -connected;
                return int64_t{-1};
            }
            return send_by_ring<0>(fd, text);
        },
        from, path.server_at(port), signed_by(client, "alone"));
    if (result == -ENOSYS || result == -EPERM) {
        throw Skip("no io_uring here");
    }
    hear_and_answer(server, bound, "answer");
    hear(client, from);
    ownership.claim_flow("udp", path, local_port(client, from), client.who(), port, server.who());
}

#ifdef __x86_64__
// sendto(2) by the 32-bit ABI, whose pointers end at 4 GiB. -1 with errno.
int64_t compat_send(int fd, Text text) {
    constexpr int kSendto = 369;  // arch/x86/entry/syscalls/syscall_32.tbl
    void* low =
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (low == MAP_FAILED) {
        return -1;
    }
    const size_t length = strlen(text.c_str());
    std::memcpy(low, text.c_str(), length);
    int64_t result = kSendto;
    // rbp is the sixth argument; the address and its length are zero. Below the stack pointer there
    // may be data of the function's.
    asm volatile(
        "lea -128(%%rsp), %%rsp\n\tpush %%rbp\n\txor %%ebp, %%ebp\n\tint $0x80\n\t"
        "pop %%rbp\n\tlea 128(%%rsp), %%rsp"
        : "+a"(result)
        : "b"(static_cast<long>(fd)), "c"(low), "d"(length), "S"(0L), "D"(0L)
        : "memory", "r8", "r9", "r10", "r11");
    const auto status = static_cast<int>(result);
    errno = -status;
    return status < 0 ? -1 : status;
}

void play_compat(const Path& path, Ownership& ownership) {
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
        Inherited socket(path, type);
        socket.claim(ownership, socket.parent);
        for (int i = 0; i < 3; i++) {
            socket.by_child(ownership, "32-bit call",
                            [](int fd, Text text) { return compat_send(fd, text); });
        }
        close_in(socket.parent, socket.fd);
        close_in(socket.peer, socket.peer_fd);
        settle(path.client);
    }
}
#elif defined(__aarch64__)
// A 32-bit program: sendto(0, argv[1], its length, 0, NULL, 0), then pause() until it is killed.
// What the calls' numbers are there: arch/arm/tools/syscall.tbl.
constexpr uint32_t kCompatCode[] = {
    0xe59d1008,  //    ldr   r1, [sp, #8]
    0xe3a02000,  //    mov   r2, #0
    0xe7d13002,  // 1: ldrb  r3, [r1, r2]
    0xe3530000,  //    cmp   r3, #0
    0x12822001,  //    addne r2, r2, #1
    0x1afffffb,  //    bne   1b
    0xe3a00000,  //    mov   r0, #0
    0xe3a03000,  //    mov   r3, #0
    0xe3a04000,  //    mov   r4, #0
    0xe3a05000,  //    mov   r5, #0
    0xe3a07c01,  //    mov   r7, #256
    0xe2877022,  //    add   r7, r7, #34: 290, sendto
    0xef000000,  //    svc   #0
    0xe3a0701d,  // 2: mov   r7, #29: pause
    0xef000000,  //    svc   #0
    0xeafffffc,  //    b     2b
};

// The program as a file, which goes with this object.
class CompatProgram {
  public:
    CompatProgram() {
        constexpr uint32_t kAddress = 0x10000;
        struct {
            Elf32_Ehdr header{};
            Elf32_Phdr segment{};
            std::array<uint32_t, std::size(kCompatCode)> code = std::to_array(kCompatCode);
        } file;
        std::memcpy(file.header.e_ident, ELFMAG, SELFMAG);
        file.header.e_ident[EI_CLASS] = ELFCLASS32;
        file.header.e_ident[EI_DATA] = ELFDATA2LSB;
        file.header.e_ident[EI_VERSION] = EV_CURRENT;
        file.header.e_type = ET_EXEC;
        file.header.e_machine = EM_ARM;
        file.header.e_version = EV_CURRENT;
        file.header.e_entry = kAddress + offsetof(decltype(file), code);
        file.header.e_phoff = offsetof(decltype(file), segment);
        file.header.e_flags = EF_ARM_EABI_VER5;
        file.header.e_ehsize = sizeof(file.header);
        file.header.e_phentsize = sizeof(file.segment);
        file.header.e_phnum = 1;
        file.segment.p_type = PT_LOAD;
        file.segment.p_vaddr = kAddress;
        file.segment.p_filesz = sizeof(file);
        file.segment.p_memsz = sizeof(file);
        file.segment.p_flags = PF_R | PF_X;
        file.segment.p_align = kAddress;
        const pcapng::Fd fd(mkstemp(path_.bytes.data()));
        if (write(fd.get(), &file, sizeof(file)) != sizeof(file) || fchmod(fd.get(), 0755) != 0) {
            throw std::runtime_error("write a 32-bit program");
        }
    }
    CompatProgram(const CompatProgram&) = delete;
    CompatProgram& operator=(const CompatProgram&) = delete;
    ~CompatProgram() { unlink(path_.c_str()); }

    const Text& path() const { return path_; }

  private:
    Text path_{"/tmp/32-bit-XXXXXX"};
};

// A child becomes the program.
void play_compat(const Path& path, Ownership& ownership) {
    const CompatProgram program;
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
        Inherited socket(path, type);
        socket.claim(ownership, socket.parent);
        for (int i = 0; i < 3; i++) {
            Actor child = socket.parent.fork_child("32-bit call");
            const int64_t result = child.try_call(
                [](int fd, Text file, Text text) {
                    dup2(fd, STDIN_FILENO);
                    return execl(file.c_str(), file.c_str(), text.c_str(), nullptr);
                },
                socket.fd, program.path(), signed_by(child, "32-bit call"));
            if (result != Actor::kGone) {
                throw Skip("no 32-bit programs here");
            }
            hear(socket.peer, socket.peer_fd);
            socket.claim(ownership, child);
            kill(child.pid(), SIGKILL);  // it hears nothing of its Actor's end
            pass(socket.parent, socket.fd, socket.peer, socket.peer_fd, "by the parent");
        }
        close_in(socket.parent, socket.fd);
        close_in(socket.peer, socket.peer_fd);
        settle(path.client);
    }
}
#endif

}  // namespace

void add_calls(Scenarios& all) {
    all.push_back(on_each_path("send-calls", 324, play_calls));
    all.push_back(on_each_path("io-uring", 10, play_io_uring_alone));
    all.push_back(on_each_path("io-uring-inherited", 129, play_io_uring<0>));
    all.push_back(on_each_path("io-uring-registered", 129, play_io_uring<0, By::registered>));
    all.push_back(on_each_path("linux-aio", 129, play_aio));
    all.push_back(on_each_path("io-uring-polled", 129, play_io_uring<IORING_SETUP_SQPOLL>));
#if defined(__x86_64__) || defined(__aarch64__)
    all.push_back(on_each_path("32-bit-calls", 129, play_compat));
#endif
}

}  // namespace bench
