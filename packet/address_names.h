// SPDX-License-Identifier: GPL-2.0-only
//
// AddressNames: the names of containers for the addresses that they have
// (Process::container_addresses), as a capture learns them. An address that several containers have
// had gets all of their names, "db|web": none of them alone is its name. One thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "packet/packet.h"
#include "packet/process.h"

namespace packet {

class AddressNames {
  public:
    // Returns the addresses of the process's container whose name is new or another one than
    // before, each with its name. Valid until the next call.
    std::span<const NamedAddress> add(const Process& process);
    // The same for the processes at both ends of a packet.
    std::span<const NamedAddress> add(const Packet& packet);

  private:
    void append(const Process& process);

    // The most addresses that are named, names of one, and lists of addresses that are remembered.
    static constexpr size_t kMaxAddresses = 65536;
    static constexpr size_t kMaxNamesOfOne = 16;
    static constexpr size_t kMaxLists = 8192;

    std::map<std::string, std::set<std::string>> names_;                      // by the address
    std::set<std::shared_ptr<const std::vector<NamedAddress>>> known_lists_;  // all in names_
    std::vector<NamedAddress> added_;
};

}  // namespace packet
