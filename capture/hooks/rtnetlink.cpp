// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/rtnetlink.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "capture/hooks/link_message.h"

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Fd;

// A list that changes while it is read is read again, at most this many times.
constexpr uint32_t kListTries = 10;

Result<void> ask_for_links(int fd, uint32_t sequence) {
    alignas(nlmsghdr) std::array<std::byte, NLMSG_SPACE(sizeof(ifinfomsg)) + NLA_HDRLEN + 4>
        buffer{};
    nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
    message->nlmsg_type = RTM_GETLINK;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    message->nlmsg_seq = sequence;
    mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg));
    // Without a mask the kernel takes no interface to be longer than a page or two (rtnl_calcit()
    // of net/core/rtnetlink.c), and ends the list at one that is, as with a hundred altnames.
    mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
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
    RtnetlinkBuffer buffer;
    for (;;) {
        const auto datagram = buffer.receive(fd);
        if (!datagram) {
            return datagram.error();
        }
        int left = static_cast<int>(datagram->size());
        const auto* message = reinterpret_cast<const nlmsghdr*>(datagram->data());
        for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
            if (message->nlmsg_seq != sequence) {
                continue;
            }
            listing.interrupted |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
            if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
                // Both begin with an error number, 0 at the end of a whole list.
                int code = -EIO;
                if (mnl_nlmsg_get_payload_len(message) >= sizeof(code)) {
                    std::memcpy(&code, mnl_nlmsg_get_payload(message), sizeof(code));
                }
                if (message->nlmsg_type == NLMSG_DONE && code >= 0) {
                    return listing;
                }
                return errno_error("list the interfaces", -code);
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

Result<std::span<const std::byte>> RtnetlinkBuffer::receive(int fd) {
    for (;;) {
        // With MSG_TRUNC it returns the whole datagram's size. Its errors are those of a read.
        const ssize_t waiting = recv(fd, bytes_.data(), bytes_.size(), MSG_PEEK | MSG_TRUNC);
        if (waiting > static_cast<ssize_t>(bytes_.size())) {
            bytes_.resize(static_cast<size_t>(waiting));
        }
        sockaddr_nl sender{};
        iovec piece{bytes_.data(), bytes_.size()};
        msghdr message{};
        message.msg_name = &sender;
        message.msg_namelen = sizeof(sender);
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        const ssize_t size = waiting < 0 ? waiting : recvmsg(fd, &message, 0);
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
        return std::span<const std::byte>(bytes_).first(static_cast<size_t>(size));
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
