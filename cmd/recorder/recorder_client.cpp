// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/recorder_client.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>

#include "cmd/recorder/unix_address.h"
#include "packet/line/terminal_text.h"
#include "pcapng/fd.h"

namespace cmd {
namespace {

using pcapng::Error;
using pcapng::Result;

constexpr timeval kPatience{5, 0};
constexpr size_t kLongestAnswer = size_t{1} << 20;

}  // namespace

Result<std::string> ask_recorder(const std::string& path, const std::string& request) {
    const std::string what = "ask " + packet::printable(path);
    const auto address = unix_address(path);
    if (!address) {
        return address.error();
    }
    const pcapng::Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd.valid() ||
        setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience)) != 0 ||
        setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience)) != 0 ||
        connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0) {
        return pcapng::errno_error(what, errno);
    }
    // A recorder that refuses us doesn't read this, and has answered all the same.
    const std::string line = request + "\n";
    (void)send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL);
    std::string answer;
    std::array<char, 4096> part{};
    while (answer.find('\n') == std::string::npos) {
        const ssize_t got = recv(fd.get(), part.data(), part.size(), 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return errno == EAGAIN
                       ? Error{what + ": no answer: the recorder hangs or is stopped", ETIMEDOUT}
                       : pcapng::errno_error(what, errno);
        }
        answer.append(part.data(), static_cast<size_t>(got));
        if (got == 0 || answer.size() > kLongestAnswer) {
            return Error{what + ": no answer", EPROTO};
        }
    }
    answer.resize(answer.find('\n'));
    return answer;
}

}  // namespace cmd
