// SPDX-License-Identifier: GPL-2.0-only
//
// The monitor against real devices, each test in a network namespace of a child's own. What a child
// finds wrong it prints; its exit status tells the parent.
#include "capture/hooks/interfaces.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

using capture::Interface;
using capture::InterfaceEvent;
using capture::InterfaceMonitor;
using Type = InterfaceEvent::Type;

namespace {

// Runs `body` in a child with a network namespace of its own; `body` returns what is wrong.
std::string in_new_netns(const std::function<std::string()>& body) {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    const pid_t child = fork();
    if (child == 0) {
        const std::string wrong =
            unshare(CLONE_NEWNET) == 0 ? body() : std::string("unshare: ") + std::strerror(errno);
        const bool told =
            write(ends[1], wrong.data(), wrong.size()) == static_cast<ssize_t>(wrong.size());
        _exit(told ? 0 : 1);
    }
    close(ends[1]);
    std::string wrong;
    std::array<char, 4096> part{};
    for (ssize_t size = 0; (size = read(ends[0], part.data(), part.size())) > 0;) {
        wrong.append(part.data(), static_cast<size_t>(size));
    }
    close(ends[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return status == 0 ? wrong : "the child failed";
}

// ip(8) with the arguments; each call has ended when this returns.
void ip(const std::string& arguments) {
    const std::string command = "ip " + arguments;
    if (std::system(command.c_str()) != 0) {  // NOLINT: a test's own words
        std::fprintf(stderr, "failed: %s\n", command.c_str());
        _exit(1);  // of the child
    }
}

const char* type_name(Type type) {
    static constexpr std::array<const char*, 7> kNames{"added", "removed", "renamed", "altnames",
                                                       "up",    "down",    "overrun"};
    return kNames[static_cast<size_t>(type)];
}

// The events that are there, as "added v0, added v1", without those of `lo`.
std::string events(InterfaceMonitor& monitor) {
    std::string text;
    for (;;) {
        pollfd readable{monitor.fd(), POLLIN, 0};
        if (poll(&readable, 1, 200) == 0) {
            return text;
        }
        auto read = monitor.read();
        if (!read) {
            return read.error().message;
        }
        for (const InterfaceEvent& event : *read) {
            text += text.empty() ? "" : ", ";
            text += std::string(type_name(event.type)) + " " +
                    (event.old_name.empty() ? "" : event.old_name + " ") + event.interface.name;
        }
    }
}

std::string expect(const std::string& what, const std::string& seen, const std::string& wanted) {
    return seen == wanted ? "" : what + ": saw '" + seen + "', not '" + wanted + "'\n";
}

}  // namespace

TEST_CASE("a device is announced as it appears, goes up and down, is renamed and vanishes") {
    CHECK(in_new_netns([] {
              auto monitor = InterfaceMonitor::open();
              if (!monitor) {
                  return monitor.error().message;
              }
              std::string wrong;
              ip("link add v0 type veth peer name v1");
              std::string seen = events(*monitor);
              wrong +=
                  seen == "added v0, added v1" ? "" : expect("add", seen, "added v1, added v0");
              ip("link set v0 up");
              wrong += expect("up", events(*monitor), "up v0");
              ip("link set v0 name uplink");  // of a device that is up: Linux 6.6 on
              wrong += expect("rename", events(*monitor), "renamed v0 uplink");
              ip("link property add dev uplink altname other");
              wrong += expect("altname", events(*monitor), "altnames uplink");
              ip("link set uplink down");
              wrong += expect("down", events(*monitor), "down uplink");
              ip("link del uplink");
              seen = events(*monitor);
              wrong += seen == "removed uplink, removed v1"
                           ? ""
                           : expect("del", seen, "removed v1, removed uplink");
              wrong += monitor->interfaces().size() == 1 ? "" : "more is left than lo\n";
              return wrong;
          }) == "");
}

TEST_CASE("a port that leaves its bridge stays an interface") {
    CHECK(in_new_netns([] {
              ip("link add br0 type bridge");
              ip("link add d0 type veth peer name d1");
              ip("link set d0 master br0");
              auto monitor = InterfaceMonitor::open();
              ip("link set d0 nomaster");
              return expect("nomaster", events(*monitor), "");
          }) == "");
}

TEST_CASE("kind, link type, MTU and address are the device's own") {
    CHECK(in_new_netns([] {
              std::string wrong;
              ip("link add v0 mtu 1400 address 02:00:00:00:00:05 type veth peer name v1");
              const int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
              ifreq request{};
              request.ifr_flags = IFF_TUN | IFF_NO_PI;
              std::memcpy(request.ifr_name, "tun9", 5);
              const bool has_tun = tun >= 0 && ioctl(tun, TUNSETIFF, &request) == 0;
              auto list = capture::list_interfaces();
              if (!list) {
                  return list.error().message;
              }
              for (const Interface& interface : *list) {
                  if (interface.name == "lo") {
                      wrong += interface.loopback() && !interface.mac &&
                                       capture::link_type(interface.arphrd) == 1
                                   ? ""
                                   : "lo\n";
                  } else if (interface.name == "v0") {
                      constexpr std::array<uint8_t, 6> kMac{2, 0, 0, 0, 0, 5};
                      wrong += interface.kind == "veth" && interface.mtu == 1400 &&
                                       interface.mac == kMac &&
                                       capture::link_type(interface.arphrd) == 1
                                   ? ""
                                   : "v0\n";
                  } else if (interface.name == "tun9") {
                      wrong +=
                          interface.kind == "tun" && capture::link_type(interface.arphrd) == 101
                              ? ""
                              : "tun9\n";
                  }
              }
              wrong += has_tun ? "" : "no tun device\n";
              const auto has = [&list](const char* name) {
                  return std::any_of(list->begin(), list->end(),
                                     [name](const Interface& i) { return i.name == name; });
              };
              wrong += has("lo") && has("v0") && has("v1") && has("tun9") ? "" : "one is missing\n";
              return wrong;
          }) == "");
}

TEST_CASE("500 interfaces are listed, and an overrun of the socket is made good") {
    CHECK(in_new_netns([]() -> std::string {
              auto monitor = InterfaceMonitor::open();
              if (!monitor) {
                  return monitor.error().message;
              }
              // Small enough for 250 pairs to overflow it.
              const int size = 1;
              setsockopt(monitor->fd(), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
              std::FILE* batch = popen("ip -batch -", "w");  // NOLINT: one process for 500 devices
              for (int i = 0; i < 250; ++i) {
                  std::fprintf(batch, "link add a%d type veth peer name b%d\n", i, i);
              }
              if (pclose(batch) != 0) {
                  return "ip -batch failed";
              }
              const auto list = capture::list_interfaces();
              if (!list || list->size() != 501) {
                  return "the list is not 501 long";
              }
              const std::string seen = events(*monitor);
              std::string wrong;
              wrong += seen.find("overrun") != std::string::npos ? "" : "no overrun was seen\n";
              wrong += seen.find("added a0") != std::string::npos ? "" : "a0 is missing\n";
              wrong += seen.find("added b249") != std::string::npos ? "" : "b249 is missing\n";
              wrong += monitor->interfaces().size() == 501 ? "" : "not all are known\n";
              return wrong;
          }) == "");
}

TEST_CASE("a monitor stays in the namespace that it was opened in") {
    CHECK(in_new_netns([] {
              auto monitor = InterfaceMonitor::open();
              unshare(CLONE_NEWNET);
              ip("link add elsewhere type veth");
              return expect("another namespace", events(*monitor), "");
          }) == "");
}
