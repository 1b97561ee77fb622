// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/control_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "cmd/recorder/unix_address.h"
#include "cmd/rotation.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using pcapng::errno_error;
using pcapng::Error;
using pcapng::Fd;
using pcapng::Result;

// After a connection that is refused, none is accepted for so long: who may not ask may not keep
// the capture busy either.
constexpr std::chrono::milliseconds kPause{20};

constexpr std::string_view kRefusal =
    R"({"error":"only root and the user who started this recorder may ask it"})";
constexpr std::string_view kTooLong = R"({"error":"the request is too long"})";

Fd unix_socket() {
    return Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// What isn't taken at once is lost: that client doesn't read.
void send_line(int fd, std::string_view text) {
    const std::string line = std::string(text) + "\n";
    (void)send(fd, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool is_listened_to(const sockaddr_un& address) {
    const Fd probe = unix_socket();
    return probe.valid() && (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address),
                                     sizeof(address)) == 0 ||
                             errno == EAGAIN);
}

// Forks the process that removes a file when it is told to, and answers then.
Result<capture::HelperProcess> start_remover(const std::string& path) {
    capture::Confinement confinement;
    confinement.denied = capture::SystemCalls{.opens_for_writing = true};
    const FilePattern file = split_pattern(path);
    const auto prepare = [folder = file.folder,
                          name = file.name]() -> Result<capture::HelperProcess::Serve> {
        const int fd = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) {
            return errno_error("open " + packet::printable(folder), errno);
        }
        return capture::HelperProcess::Serve([fd, name](int socket) {
            char byte = 0;
            if (recv(socket, &byte, 1, 0) == 1) {
                unlinkat(fd, name.c_str(), 0);
                (void)send(socket, &byte, 1, MSG_NOSIGNAL);
            }
        });
    };
    return capture::HelperProcess::start("pidcap-socket", confinement, prepare);
}

}  // namespace

// The socket gets its name when it listens: who finds it refusing may take it for a stale one.
Result<ControlSocket> ControlSocket::open(const std::string& path, uid_t owner) {
    const std::string shown = packet::printable(path);
    const std::string early = path + fmt::format(".{}", getpid());
    auto address = unix_address(path);
    auto early_address = unix_address(early);
    if (!address || !early_address) {
        return errno_error("listen at " + shown, ENAMETOOLONG);
    }
    if (is_listened_to(*address)) {
        return Error{fmt::format("{}: a recorder of this name is running", shown), EADDRINUSE};
    }
    auto remover = start_remover(path);
    if (!remover) {
        return std::move(remover).error();
    }
    Fd listener = unix_socket();
    unlink(early.c_str());
    if (!listener.valid() ||
        bind(listener.get(), reinterpret_cast<const sockaddr*>(&*early_address),
             sizeof(*early_address)) != 0) {
        return errno_error("listen at " + shown, errno);
    }
    // Whoever isn't allowed gets to know that.
    if (chmod(early.c_str(), 0666) != 0 || listen(listener.get(), kMostConnections) != 0 ||
        rename(early.c_str(), path.c_str()) != 0) {
        const int code = errno;
        unlink(early.c_str());
        return errno_error("listen at " + shown, code);
    }
    return ControlSocket(std::move(listener), *std::move(remover), owner);
}

ControlSocket::~ControlSocket() {
    char byte = 0;
    if (listener_.valid() && send(remover_.socket(), &byte, 1, MSG_NOSIGNAL) == 1) {
        (void)recv(remover_.socket(), &byte, 1, 0);
    }
}

std::vector<int> ControlSocket::fds() const {
    std::vector<int> fds;
    if (accepts()) {
        fds.push_back(listener_.get());
    }
    for (const Connection& connection : connections_) {
        fds.push_back(connection.fd.get());
    }
    return fds;
}

void ControlSocket::accept_one() {
    Fd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (!fd.valid() || getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        // No descriptors, perhaps: it stays readable.
        next_accept_ = Clock::now() + kPause;
        return;
    }
    if (peer.uid != 0 && peer.uid != owner_) {
        send_line(fd.get(), kRefusal);
        next_accept_ = Clock::now() + kPause;
        return;
    }
    connections_.push_back({std::move(fd), peer.uid, Clock::now() + kPatience});
}

bool ControlSocket::read(Connection& connection, const Answer& answer) const {
    std::array<char, kLongestRequest> part{};
    const ssize_t got = recv(connection.fd.get(), part.data(), part.size(), MSG_DONTWAIT);
    if (got <= 0) {
        return got == 0 || (errno != EAGAIN && errno != EINTR);
    }
    connection.request.append(part.data(), static_cast<size_t>(got));
    const size_t end = connection.request.find('\n');
    if (std::min(end, connection.request.size()) > kLongestRequest) {
        send_line(connection.fd.get(), kTooLong);
        return true;
    }
    if (end == std::string::npos) {
        return false;
    }
    send_line(connection.fd.get(),
              answer(std::string_view(connection.request).substr(0, end), connection.uid));
    return true;
}

void ControlSocket::serve(const Answer& answer) {
    std::vector<pollfd> watched;
    for (const int fd : fds()) {
        watched.push_back({fd, POLLIN, 0});
    }
    if (poll(watched.data(), watched.size(), 0) < 0) {
        return;
    }
    const auto is_ready = [&watched](int fd) {
        return std::any_of(watched.begin(), watched.end(),
                           [fd](const pollfd& one) { return one.fd == fd && one.revents != 0; });
    };
    const auto now = Clock::now();
    std::vector<Connection> kept;
    for (Connection& connection : connections_) {
        const bool done = is_ready(connection.fd.get()) && read(connection, answer);
        if (!done && now < connection.until) {
            kept.push_back(std::move(connection));
        }
    }
    connections_ = std::move(kept);
    if (is_ready(listener_.get())) {
        accept_one();
    }
}

}  // namespace cmd
