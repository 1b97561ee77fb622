// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/netns.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "tests/support/command.h"

namespace test {
namespace {

pcapng::Fd current_netns() {
    return pcapng::Fd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

void enter(int fd) {
    if (setns(fd, CLONE_NEWNET) != 0) {
        throw std::runtime_error(std::string("setns: ") + strerror(errno));
    }
}

}  // namespace

Netns::Netns() {
    const pcapng::Fd before = current_netns();
    if (!before.valid() || unshare(CLONE_NEWNET) != 0) {
        throw std::runtime_error(std::string("new network namespace: ") + strerror(errno));
    }
    fd_ = current_netns();
    enter(before.get());
    ip("link set lo up");
}

std::string Netns::path() const {
    return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd());
}

void Netns::ip(const std::string& words) const {
    std::vector<std::string> arguments = {"ip"};
    std::istringstream stream(words);
    for (std::string word; stream >> word;) {
        arguments.push_back(word);
    }
    const InNetns inside(*this);
    output_of(arguments);
}

void Netns::sysctl(const std::string& name, const std::string& value) const {
    const InNetns inside(*this);
    std::ofstream file("/proc/sys/net/" + name);
    file << value << std::flush;
    if (!file) {
        throw std::runtime_error("set /proc/sys/net/" + name);
    }
}

InNetns::InNetns(const Netns& netns) : before_(current_netns()) {
    enter(netns.fd());
}

InNetns::~InNetns() {
    (void)setns(before_.get(), CLONE_NEWNET);
}

void connect_by_veth(const VethEnd& one, const VethEnd& other) {
    one.netns.ip("link add " + one.name + " type veth peer name " + other.name + " netns " +
                 other.netns.path());
    for (const VethEnd* end : {&one, &other}) {
        end->netns.ip("link set " + end->name + " addrgenmode none");
        end->netns.ip("address add " + end->ipv4 + " dev " + end->name);
        end->netns.ip("address add " + end->ipv6 + " dev " + end->name + " nodad");
        end->netns.ip("link set " + end->name + " up");
    }
}

}  // namespace test
