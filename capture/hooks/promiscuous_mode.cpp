// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/promiscuous_mode.h"

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace capture {
namespace {

packet_mreq request(uint32_t ifindex) {
    packet_mreq request{};
    request.mr_ifindex = static_cast<int>(ifindex);
    request.mr_type = PACKET_MR_PROMISC;
    return request;
}

}  // namespace

Result<PromiscuousMode> PromiscuousMode::open() {
    // Of no protocol: no packet is ever queued there.
    pcapng::Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    if (!socket.valid()) {
        const int code = errno;
        pcapng::Error error = pcapng::errno_error("open a packet socket", code);
        error.message += code == EPERM ? ", which needs CAP_NET_RAW" : "";
        return error;
    }
    return PromiscuousMode(std::move(socket));
}

Result<void> PromiscuousMode::add(uint32_t ifindex) const {
    const packet_mreq wanted = request(ifindex);
    if (setsockopt(socket_.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &wanted, sizeof(wanted)) !=
        0) {
        return pcapng::errno_error("add it to the packet socket", errno);
    }
    return {};
}

void PromiscuousMode::remove(uint32_t ifindex) const {
    const packet_mreq known = request(ifindex);
    (void)setsockopt(socket_.get(), SOL_PACKET, PACKET_DROP_MEMBERSHIP, &known, sizeof(known));
}

}  // namespace capture
