// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/cable.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "tests/support/command.h"

namespace test {
namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

sockaddr_in address_of(const char* address, uint16_t port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(port);
    inet_pton(AF_INET, address, &result.sin_addr);
    return result;
}

}  // namespace

Cable::Cable() {
    make_quiet(a);
    make_quiet(b);
    a.ip(
        "link add va address 02:00:00:00:00:0a type veth peer name vb address 02:00:00:00:00:0b "
        "netns " +
        b.path());
    a.ip(std::string("address add ") + kAddressA + "/24 dev va");
    b.ip(std::string("address add ") + kAddressB + "/24 dev vb");
    a.ip("link set va up");
    b.ip("link set vb up");
    a.ip(std::string("neigh add ") + kAddressB + " lladdr 02:00:00:00:00:0b dev va nud permanent");
    b.ip(std::string("neigh add ") + kAddressA + " lladdr 02:00:00:00:00:0a dev vb nud permanent");
}

void make_quiet(const Netns& netns) {
    netns.sysctl("ipv6/conf/all/disable_ipv6", "1");
    netns.sysctl("ipv6/conf/default/disable_ipv6", "1");
}

std::string run_in(const Netns& netns, const std::string& words) {
    std::vector<std::string> command;
    std::istringstream stream(words);
    for (std::string word; stream >> word;) {
        command.push_back(word);
    }
    const InNetns inside(netns);
    return output_of(command);
}

pcapng::Fd udp_socket(const Netns& where, const char* address, uint16_t port) {
    const InNetns inside(where);
    pcapng::Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in local = address_of(address, port);
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof(local)) != 0) {
        fail("bind");
    }
    return fd;
}

void connect_to(const pcapng::Fd& socket, const char* address, uint16_t port) {
    const sockaddr_in remote = address_of(address, port);
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&remote), sizeof(remote)) != 0) {
        fail("connect");
    }
}

pcapng::Fd tun_device(const Netns& netns) {
    pcapng::Fd tun;
    {
        const InNetns inside(netns);
        tun = pcapng::Fd(open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
        ifreq request{};
        std::strcpy(request.ifr_name, "tun7");
        request.ifr_flags = IFF_TUN | IFF_NO_PI;
        if (ioctl(tun.get(), TUNSETIFF, &request) != 0) {
            fail("make tun7");
        }
    }
    netns.ip("address add 10.8.0.1/24 dev tun7");
    netns.ip("link set tun7 up");
    return tun;
}

pcapng::Fd packet_socket(const Netns& where, const std::string& interface) {
    const InNetns inside(where);
    pcapng::Fd fd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)));
    sockaddr_ll local{};
    local.sll_family = AF_PACKET;
    local.sll_protocol = htons(ETH_P_ALL);
    local.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof(local)) != 0) {
        fail("bind to " + interface);
    }
    return fd;
}

}  // namespace test
