// SPDX-License-Identifier: GPL-2.0-only
#include "packet/kept_processes.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

namespace {

using packet::KeptProcesses;
using packet::Packet;
using packet::Process;

std::unique_ptr<Process> process(uint32_t number, const std::string& comm) {
    auto made = std::make_unique<Process>();
    made->number = number;
    made->version = 1;
    made->comm = comm;
    return made;
}

Packet packet_of(const Process& sender) {
    Packet packet;
    packet.self.process = &sender;
    return packet;
}

TEST_CASE("copies of processes and interfaces outlive what they were made of") {
    KeptProcesses kept;
    auto interface = std::make_unique<packet::Interface>();
    interface->number = 3;
    interface->name = "eth0";
    auto one = process(7, "one");
    Packet packet = packet_of(*one);
    packet.interface = interface.get();
    const Packet copy = kept.keep(packet);
    CHECK(kept.keep(packet).interface == copy.interface);
    interface.reset();
    one.reset();
    CHECK(copy.interface->name == "eth0");
    CHECK(copy.self.process->comm == "one");
    CHECK(copy.self.process->number == 0);
}

TEST_CASE("a process that is forgotten gives its place to another one, and those in use stay") {
    KeptProcesses kept;
    const auto one = process(1, "one");
    const auto two = process(2, "two");
    const Process* first = kept.keep(packet_of(*one)).self.process;
    const Process* second = kept.keep(packet_of(*two)).self.process;
    kept.forget_unless([&](const Process* used) { return used == second; });
    CHECK(kept.size() == 1);
    CHECK(second->comm == "two");
    CHECK(first->comm.empty());
    const auto three = process(3, "three");
    CHECK(kept.keep(packet_of(*three)).self.process == first);
    CHECK(first->comm == "three");
    CHECK(kept.keep(packet_of(*two)).self.process == second);
    const Process* again = kept.keep(packet_of(*one)).self.process;
    CHECK(again != first);
    CHECK(again->comm == "one");
    CHECK(kept.size() == 3);
}

}  // namespace
