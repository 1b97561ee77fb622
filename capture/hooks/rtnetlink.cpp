// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/rtnetlink.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "capture/hooks/link_message.h"

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Fd;

// A list that changes while it is read is read again, at most this many times.
constexpr uint32_t kListTries = 10;

Result<void> ask_for_links(int fd, uint32_t sequence) {
    alignas(nlmsghdr) std::array<std::byte, NLMSG_SPACE(sizeof(ifinfomsg))> buffer{};
    nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
    message->nlmsg_type = RTM_GETLINK;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    message->nlmsg_seq = sequence;
    mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg));
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    if (sendto(fd, message, message->nlmsg_len, 0, reinterpret_cast<const sockaddr*>(&kernel),
               sizeof(kernel)) < 0) {
        return errno_error("ask for the list of interfaces", errno);
    }
    return {};
}

struct Listing {
    std::map<uint32_t, Interface> links;
    bool interrupted = false;  // the links changed while the kernel wrote the list
};

// Reads the answer to request `sequence`. Skips what is left of an earlier, incomplete answer.
Result<Listing> read_links(int fd, uint32_t sequence) {
    Listing listing;
    alignas(nlmsghdr) std::array<std::byte, kRtnetlinkBuffer> buffer;
    for (;;) {
        const Result<size_t> size = receive(fd, buffer);
        if (!size) {
            return size.error();
        }
        int left = static_cast<int>(*size);
        const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
        for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
            if (message->nlmsg_seq != sequence) {
                continue;
            }
            listing.interrupted |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
            if (message->nlmsg_type == NLMSG_DONE) {
                return listing;
            }
            if (message->nlmsg_type == NLMSG_ERROR) {
                int code = EIO;
                if (mnl_nlmsg_get_payload_len(message) >= sizeof(nlmsgerr)) {
                    code = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message))->error;
                }
                return errno_error("list the interfaces", code);
            }
            if (std::optional<Interface> link = parse_link(message)) {
                const uint32_t ifindex = link->ifindex;
                listing.links.insert_or_assign(ifindex, *std::move(link));
            }
        }
    }
}

}  // namespace

Result<Fd> open_rtnetlink(uint32_t groups, int flags) {
    Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = groups;
    if (!fd.valid() ||
        bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        return errno_error("open a netlink socket for the interfaces", errno);
    }
    return fd;
}

Result<size_t> receive(int fd, std::span<std::byte> buffer) {
    for (;;) {
        sockaddr_nl sender{};
        iovec piece{buffer.data(), buffer.size()};
        msghdr message{};
        message.msg_name = &sender;
        message.msg_namelen = sizeof(sender);
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        const ssize_t size = recvmsg(fd, &message, 0);
        if (size < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno_error("read the interfaces from the kernel", errno);
        }
        if (sender.nl_pid != 0) {
            continue;
        }
        if ((message.msg_flags & MSG_TRUNC) != 0) {
            return errno_error("read the interfaces from the kernel", ENOBUFS);  // the same as lost
        }
        return static_cast<size_t>(size);
    }
}

Result<std::map<uint32_t, Interface>> list_links(int fd) {
    for (uint32_t sequence = 1;; ++sequence) {
        if (Result<void> asked = ask_for_links(fd, sequence); !asked) {
            return asked.error();
        }
        Result<Listing> listing = read_links(fd, sequence);
        if (!listing) {
            return listing.error();
        }
        if (!listing->interrupted || sequence == kListTries) {
            return std::move(listing->links);
        }
    }
}

}  // namespace capture
