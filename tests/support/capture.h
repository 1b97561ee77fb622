// SPDX-License-Identifier: GPL-2.0-only
//
// A pidcap at work, and what others make of its file: the packets as editcap copies them, fields as
// tshark shows them, and the verdict of every reader.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/support/command.h"
#include "tests/support/process.h"
#include "tests/support/totals.h"

namespace test {

// pidcap with these arguments, as a command; `before` is a program that runs it, as setpriv(1).
std::vector<std::string> pidcap_command(const std::vector<std::string>& arguments,
                                        std::vector<std::string> before = {});

// pidcap as it starts; arguments are without the program's name.
class Pidcap : public Process {
  public:
    explicit Pidcap(Launch launch);
};

// The same, once it is listening.
class Capture : public Pidcap {
  public:
    Capture(const Netns& netns, const std::vector<std::string>& arguments);
    explicit Capture(const Launch& launch);

    // Ends it by a signal, and requires status 0.
    void stop();
    void stop(int number);
};

// pidcap to its end.
CommandResult run_pidcap(const Launch& launch);
CommandResult run_pidcap(const std::vector<std::string>& arguments);

struct SeenPacket {
    uint64_t time_ns = 0;
    uint32_t wire_len = 0;
    std::vector<uint8_t> data;
};
// By editcap into the classic format, which is easy to read.
std::vector<SeenPacket> packets_of(const std::string& file);

// The numbers of a file's datagrams, in order: each is one of send_numbered()'s of this size.
std::vector<uint32_t> numbers_in(const std::string& file, size_t size);

// One row a packet, by tshark.
std::vector<std::vector<std::string>> fields_of(const std::string& file,
                                                const std::vector<std::string>& names,
                                                const std::string& filter = {});

// How many packets tshark shows on each interface.
std::map<std::string, int> packets_by_interface(const std::string& file,
                                                const std::string& filter = {});

// The interface statistics blocks, summed.
struct Statistics {
    uint64_t blocks = 0;
    uint64_t received = 0;
    uint64_t dropped = 0;
    uint64_t delivered = 0;
};
Statistics statistics_of(const std::string& file);

// Requires that capinfos, tshark and tcpdump read the file to its end without a complaint.
void require_readable(const std::string& file);

}  // namespace test
