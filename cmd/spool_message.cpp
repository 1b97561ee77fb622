// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/spool_message.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace cmd {
namespace {

using pcapng::Fd;

constexpr char kBetweenNames = '/';    // stands in no name
constexpr size_t kLongestText = 8192;  // a name, a message with a path in it

struct Header {
    uint64_t bytes;
    int32_t number;  // a request's kind, an answer's code
    uint32_t padding;
};
static_assert(sizeof(Header) == 16);

union Control {
    cmsghdr header;
    std::array<char, CMSG_SPACE(sizeof(int))> room;
};

bool send(int socket, Header header, const std::string& text, int fd) {
    const size_t size = std::min(text.size(), kLongestText);
    std::array<iovec, 2> parts = {iovec{&header, sizeof(header)},
                                  iovec{const_cast<char*>(text.data()), size}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    Control control{};
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
        cmsghdr* rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
    }
    ssize_t sent = -1;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

struct Received {
    Header header{};
    std::string text;
    Fd fd;
};

std::optional<Received> receive(int socket) {
    Received received;
    received.text.resize(kLongestText);
    std::array<iovec, 2> parts = {iovec{&received.header, sizeof(Header)},
                                  iovec{received.text.data(), received.text.size()}};
    Control control{};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    message.msg_control = &control;
    message.msg_controllen = sizeof(control);
    ssize_t count = -1;
    do {
        count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    const cmsghdr* rights = CMSG_FIRSTHDR(&message);
    if (rights != nullptr && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
        received.fd = Fd(fd);
    }
    if (count < static_cast<ssize_t>(sizeof(Header))) {
        return std::nullopt;
    }
    received.text.resize(static_cast<size_t>(count) - sizeof(Header));
    return received;
}

}  // namespace

bool send_request(int socket, const SpoolRequest& request) {
    const std::string names =
        request.keep_as.empty() ? request.name : request.name + kBetweenNames + request.keep_as;
    return send(socket, {0, static_cast<int32_t>(request.kind), 0}, names, -1);
}

std::optional<SpoolRequest> receive_request(int socket) {
    auto received = receive(socket);
    if (!received) {
        return std::nullopt;
    }
    SpoolRequest request{static_cast<SpoolRequest::Kind>(received->header.number),
                         std::move(received->text)};
    if (const size_t between = request.name.find(kBetweenNames); between != std::string::npos) {
        request.keep_as = request.name.substr(between + 1);
        request.name.resize(between);
    }
    return request;
}

bool send_answer(int socket, const SpoolAnswer& answer) {
    return send(socket, {answer.bytes, answer.code, 0}, answer.text, answer.fd.get());
}

std::optional<SpoolAnswer> receive_answer(int socket) {
    auto received = receive(socket);
    if (!received) {
        return std::nullopt;
    }
    return SpoolAnswer{received->header.number, received->header.bytes, std::move(received->text),
                       std::move(received->fd)};
}

}  // namespace cmd
