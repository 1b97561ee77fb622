// SPDX-License-Identifier: GPL-2.0-only
//
// Network namespaces for tests. They have no name: nothing but a descriptor holds them, so that
// they and their interfaces vanish with the test, however it ends.
//
// Not `ip netns`: it remounts /sys for what it runs, which hides cgroup v2.
#pragma once

#include <string>

#include "pcapng/fd.h"

namespace test {

class Netns {
  public:
    Netns();  // new, with nothing but lo, which is up

    int fd() const { return fd_.get(); }
    // For the `netns` argument of ip(8), for as long as this lives.
    std::string path() const;

    // Runs ip(8) with these words, split at spaces, in the namespace; must succeed.
    void ip(const std::string& words) const;
    // Sets /proc/sys/net/NAME.
    void sysctl(const std::string& name, const std::string& value) const;

  private:
    pcapng::Fd fd_;
};

// The calling thread is in a namespace while this lives; children forked meanwhile stay there.
class InNetns {
  public:
    explicit InNetns(const Netns& netns);
    InNetns(const InNetns&) = delete;
    InNetns& operator=(const InNetns&) = delete;
    ~InNetns();

  private:
    pcapng::Fd before_;
};

// A veth pair: `name` in one namespace, `peer_name` in the other, both up, with these addresses
// ("10.0.0.1/24"). No link-local addresses, no duplicate address detection.
struct VethEnd {
    const Netns& netns;
    std::string name;
    std::string ipv4;
    std::string ipv6;
};
void connect_by_veth(const VethEnd& one, const VethEnd& other);

}  // namespace test
