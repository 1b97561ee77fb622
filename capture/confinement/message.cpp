// SPDX-License-Identifier: GPL-2.0-only
#include "capture/confinement/message.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace capture {
namespace {

using pcapng::Fd;

// Room for one descriptor.
union Control {
    cmsghdr header;
    std::array<char, CMSG_SPACE(sizeof(int))> room;
};

Fd descriptor_in(msghdr& message) {
    const cmsghdr* rights = CMSG_FIRSTHDR(&message);
    if (rights == nullptr || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) {
        return {};
    }
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
    return Fd(fd);
}

}  // namespace

bool send_message(int socket, const MessageWriter& message, int fd) {
    const auto bytes = message.bytes();
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr sent{};
    sent.msg_iov = &part;
    sent.msg_iovlen = 1;
    Control control{};
    if (fd >= 0) {
        sent.msg_control = &control;
        sent.msg_controllen = sizeof(control);
        cmsghdr* rights = CMSG_FIRSTHDR(&sent);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(fd));
        std::memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
    }
    ssize_t count = -1;
    do {
        count = sendmsg(socket, &sent, MSG_NOSIGNAL);
    } while (count < 0 && errno == EINTR);
    return count >= 0;
}

std::optional<ReceivedMessage> receive_message(int socket, std::span<char> room, int flags) {
    iovec part{room.data(), room.size()};
    Control control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof(control);
    ssize_t count = -1;
    do {
        count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags);
    } while (count < 0 && errno == EINTR);
    if (count <= 0) {
        errno = count == 0 ? EPIPE : errno;
        return std::nullopt;
    }
    return ReceivedMessage{room.first(static_cast<size_t>(count)), descriptor_in(message)};
}

}  // namespace capture
