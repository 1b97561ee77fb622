// SPDX-License-Identifier: GPL-2.0-only
//
// A program of its own, with its own comm and exe, static so that it lives for about a millisecond:
//     traffic_program send ADDRESS PORT NOTE     one signed datagram from a new socket
//     traffic_program call ADDRESS PORT NOTE     a TCP connection: one signed chunk, an answer, the
//     end traffic_program use FD NOTE                one signed chunk on a descriptor it got
//     traffic_program chain N ADDRESS PORT       a datagram, then exec of itself, N times in all
//     traffic_program tree ADDRESS PORT          three generations, each of which sends a datagram
//     traffic_program exit STATUS
//     traffic_program kill SIGNAL                itself
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

int signed_text(char* out, size_t size, const char* note) {
    return snprintf(out, size, "pid=%d tid=%d %s", getpid(), getpid(), note);
}

// A new socket that is connected there.
int connected(int type, const char* address, const char* port) {
    sockaddr_in6 to6{};
    sockaddr_in to4{};
    const bool is_ipv6 = inet_pton(AF_INET6, address, &to6.sin6_addr) == 1;
    const auto number = htons(static_cast<uint16_t>(atoi(port)));
    to6.sin6_family = AF_INET6;
    to6.sin6_port = number;
    to4.sin_family = AF_INET;
    to4.sin_port = number;
    inet_pton(AF_INET, address, &to4.sin_addr);
    const int fd = socket(is_ipv6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
    const auto* to =
        is_ipv6 ? reinterpret_cast<const sockaddr*>(&to6) : reinterpret_cast<const sockaddr*>(&to4);
    return connect(fd, to, is_ipv6 ? sizeof(to6) : sizeof(to4)) == 0 ? fd : -1;
}

int send_datagram(const char* address, const char* port, const char* note) {
    const int fd = connected(SOCK_DGRAM, address, port);
    char text[256];
    const int length = signed_text(text, sizeof(text), note);
    return write(fd, text, static_cast<size_t>(length)) == length ? 0 : 1;
}

int call(const char* address, const char* port, const char* note) {
    alarm(120);  // whoever waits for its end shall not wait for ever
    const int fd = connected(SOCK_STREAM, address, port);
    char text[256];
    const int length = signed_text(text, sizeof(text), note);
    if (write(fd, text, static_cast<size_t>(length)) != length) {
        return 1;
    }
    while (read(fd, text, sizeof(text)) > 0) {
    }
    return 0;
}

int use(int fd, const char* note) {
    char text[256];
    const int length = signed_text(text, sizeof(text), note);
    return write(fd, text, static_cast<size_t>(length)) == length ? 0 : 1;
}

int tree(const char* address, const char* port, int generation) {
    const std::string note = "generation " + std::to_string(generation);
    int status = send_datagram(address, port, note.c_str());
    if (generation == 2) {
        return status;
    }
    for (int i = 0; i < 2; i++) {
        if (fork() == 0) {
            _exit(tree(address, port, generation + 1));
        }
    }
    int child_status = 0;
    while (wait(&child_status) > 0) {
        status |= child_status;
    }
    return status == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "send" && argc == 5) {
        return send_datagram(argv[2], argv[3], argv[4]);
    }
    if (what == "call" && argc == 5) {
        return call(argv[2], argv[3], argv[4]);
    }
    if (what == "use" && argc == 4) {
        return use(atoi(argv[2]), argv[3]);
    }
    if (what == "chain" && argc == 5) {
        const int left = atoi(argv[2]) - 1;
        const std::string note = "chain " + std::to_string(left);
        if (send_datagram(argv[3], argv[4], note.c_str()) != 0 || left == 0) {
            return left == 0 ? 0 : 1;
        }
        char self[4096] = "";  // through the link, the comm would be "exe"
        if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0) {
            return 1;
        }
        execl(self, argv[0], "chain", std::to_string(left).c_str(), argv[3], argv[4],
              static_cast<char*>(nullptr));
        return 1;
    }
    if (what == "tree" && argc == 4) {
        return tree(argv[2], argv[3], 0);
    }
    if (what == "exit" && argc == 3) {
        return atoi(argv[2]);
    }
    if (what == "kill" && argc == 3) {
        return raise(atoi(argv[2]));
    }
    return 2;
}
