// SPDX-License-Identifier: GPL-2.0-only
//
// What carries other packets: a VPN in user space over tun, VLAN tags.
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <memory>

#include "tests/attribution/scenario.h"
#include "tests/attribution/tool.h"

namespace bench {
namespace {

using namespace test;

// One end of a VPN: a process that carries packets between a tun device and a datagram socket.
struct VpnEnd {
    Actor process;
    int tun = -1;
    int socket = -1;
    uint16_t port = 0;

    VpnEnd(const Netns& netns, const std::string& name, const std::string& outer,
           const std::string& inner4, const std::string& inner6)
        : process(netns, name) {
        const int64_t opened = process.try_call([] {
            const int fd = open("/dev/net/tun", O_RDWR);
            ifreq request{};
            request.ifr_flags = IFF_TUN | IFF_NO_PI;
            strcpy(request.ifr_name, "tun0");
            return fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0 ? fd : -1;
        });
        if (opened < 0) {
            throw Skip("no tun device: " + std::string(strerror(static_cast<int>(-opened))));
        }
        tun = static_cast<int>(opened);
        netns.ip("link set tun0 addrgenmode none");
        netns.ip("address add " + inner4 + " dev tun0");
        netns.ip("address add " + inner6 + " dev tun0 nodad");
        netns.ip("link set tun0 up");
        socket = bound_socket(process, make_address(outer, 0), SOCK_DGRAM);
        port = local_port(process, socket);
    }
    ~VpnEnd() {
        // It never leaves its loop by itself.
        kill(process.pid(), SIGKILL);
    }

    void run() {
        process.begin(
            [](int device, int udp) {
                char packet[2000];
                while (true) {
                    pollfd ready[2] = {{device, POLLIN, 0}, {udp, POLLIN, 0}};
                    poll(ready, 2, -1);
                    for (int from = 0; from < 2; from++) {
                        if ((ready[from].revents & POLLIN) != 0) {
                            const ssize_t length = read(ready[from].fd, packet, sizeof(packet));
                            if (length > 0) {
                                (void)!write(ready[1 - from].fd, packet,
                                             static_cast<size_t>(length));
                            }
                        }
                    }
                }
                return 0;
            },
            tun, socket);
    }
};

struct Vpn {
    const Stage& stage;
    VpnEnd near;
    VpnEnd far;

    explicit Vpn(const Stage& on)
        : stage(on),
          near(on.near(), "vpn-near", "10.77.0.1", "10.83.0.1/24", "fd83::1/64"),
          far(on.far(), "vpn-far", "10.77.0.2", "10.83.0.2/24", "fd83::2/64") {
        connect_to(near.process, near.socket, make_address("10.77.0.2", far.port));
        connect_to(far.process, far.socket, make_address("10.77.0.1", near.port));
    }
};

Play prepare_vpn(Stage& stage) {
    const auto vpn = std::make_shared<Vpn>(stage);
    stage.capture({"near-tun", stage.near(), {"tun0"}});
    stage.capture({"far-tun", stage.far(), {"tun0"}});
    return [vpn](Ownership& ownership) {
        vpn->near.run();
        vpn->far.run();
        ownership.claim("udp", "10.77.0.1", vpn->near.port, vpn->near.process.who());
        ownership.claim("udp", "10.77.0.2", vpn->far.port, vpn->far.process.who());
        for (const bool ipv6 : {false, true}) {
            const Path path{ipv6 ? "tun6" : "tun4",
                            vpn->stage.near(),
                            vpn->stage.far(),
                            ipv6 ? "fd83::1" : "10.83.0.1",
                            ipv6 ? "fd83::2" : "10.83.0.2",
                            false};
            Actor client(path.client, "client-" + path.name);
            Actor server(path.server, "server-" + path.name);
            const int listening = listener(server, path.server_at(0));
            const uint16_t port = local_port(server, listening);
            const int caller = connected_socket(client, path.server_at(port), SOCK_STREAM);
            const int accepted = accept_from(server, listening);
            // What comes out of the device has no socket, nor has a connection in TIME_WAIT, to
            // which a slow machine's last packets come again.
            ownership.claim_conversation("tcp", {path.client_address, local_port(client, caller)},
                                         {path.server_address, port},
                                         {{client.who()},
                                          {server.who()},
                                          {},
                                          {"socket", "lookup", "flow"},
                                          {client.who().pid, server.who().pid}});
            for (int i = 0; i < 3; i++) {
                pass(client, caller, server, accepted, "question");
                pass(server, accepted, client, caller, "answer");
            }
            close_in(client, caller);
            hear_end(server, accepted);
            close_in(server, accepted);
            settle(path.client);
            settle(path.server);
        }
    };
}

struct Vlan {
    const Netns& near;
    const Netns& far;

    explicit Vlan(const Stage& stage) : near(stage.near()), far(stage.far()) {
        try {
            add(near, "10.84.0.1/24", "fd84::1/64");
            add(far, "10.84.0.2/24", "fd84::2/64");
        } catch (const std::exception&) {
            throw Skip("this kernel has no VLAN devices (8021q)");
        }
    }

    static void add(const Netns& netns, const std::string& ipv4, const std::string& ipv6) {
        netns.ip("link add link veth0 name vlan5 type vlan id 5");
        netns.ip("link set vlan5 addrgenmode none");
        netns.ip("address add " + ipv4 + " dev vlan5");
        netns.ip("address add " + ipv6 + " dev vlan5 nodad");
        netns.ip("link set vlan5 up");
    }
};

// Captured on the device below, where the packets have their tags.
Play prepare_vlan(Stage& stage) {
    const auto vlan = std::make_shared<Vlan>(stage);
    return [vlan](Ownership& ownership) {
        for (const bool ipv6 : {false, true}) {
            const Path path{ipv6 ? "vlan6" : "vlan4",
                            vlan->near,
                            vlan->far,
                            ipv6 ? "fd84::1" : "10.84.0.1",
                            ipv6 ? "fd84::2" : "10.84.0.2",
                            false};
            Actor client(path.client, "client-" + path.name);
            Actor server(path.server, "server-" + path.name);
            const int to = bound_socket(server, path.server_at(0), SOCK_DGRAM);
            const uint16_t port = local_port(server, to);
            const int from = connected_socket(client, path.server_at(port), SOCK_DGRAM);
            ownership.claim_flow("udp", path, local_port(client, from), client.who(), port,
                                 server.who());
            for (int i = 0; i < 3; i++) {
                say(client, from, "question");
                hear_and_answer(server, to, "answer");
                hear(client, from);
            }
        }
    };
}

}  // namespace

void add_tunnel(Scenarios& all) {
    all.push_back({"vpn-over-tun", 100, prepare_vpn});
    all.push_back({"vlan", 24, prepare_vlan});
}

}  // namespace bench
