// SPDX-License-Identifier: GPL-2.0-only
//
// Recording: a pidcap that captures at one place, or at the sockets of several, into a file, which
// is read when it has ended.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/packets.h"
#include "tests/support/process.h"

namespace test {

// Some interfaces of a network namespace.
struct Place {
    std::string name;
    const Netns& netns;
    std::vector<std::string> interfaces;
};

class Recording {
  public:
    // `pidcap`: the program and further arguments. Returns before it listens.
    Recording(const Place& place, std::vector<std::string> pidcap, const std::string& file);
    // With --hook cgroup among the arguments, which captures everywhere: what isn't of these places
    // is left out.
    Recording(const std::vector<Place>& places, std::vector<std::string> pidcap,
              const std::string& file);

    void wait_until_listening() { run_.wait_for("listening on "); }
    // Asks it to end. packets() waits for that, and throws unless it ended well and lost nothing.
    void stop();
    std::vector<Packet> packets();

  private:
    // An interface as it is called in the file.
    struct Interface {
        std::string place;
        std::string name;
    };

    std::map<std::string, Interface> interfaces_;
    bool has_others_;
    std::string file_;
    Process run_;
};

}  // namespace test
