// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/recording.h"

#include <sys/stat.h>

#include <csignal>
#include <stdexcept>
#include <utility>

#include "tests/support/totals.h"

namespace test {
namespace {

std::vector<std::string> on_interfaces(const Place& place, std::vector<std::string> words,
                                       const std::string& file) {
    for (const std::string& interface : place.interfaces) {
        words.insert(words.end(), {"-i", interface});
    }
    words.insert(words.end(), {"-w", file});
    return words;
}

std::vector<std::string> everywhere(std::vector<std::string> words, const std::string& file) {
    words.insert(words.end(), {"-w", file});
    return words;
}

// A namespace without a name, as it stands before its interfaces.
std::string label_of(const Netns& netns) {
    struct stat file {};
    if (fstat(netns.fd(), &file) != 0) {
        throw std::runtime_error("fstat of a network namespace");
    }
    return "net:[" + std::to_string(file.st_ino) + "]";
}

}  // namespace

Recording::Recording(const Place& place, std::vector<std::string> pidcap, const std::string& file)
    : has_others_(false),
      file_(file),
      run_(Launch{on_interfaces(place, std::move(pidcap), file), &place.netns}) {
    for (const std::string& name : place.interfaces) {
        interfaces_[name] = {place.name, name};
    }
}

Recording::Recording(const std::vector<Place>& places, std::vector<std::string> pidcap,
                     const std::string& file)
    : has_others_(true), file_(file), run_(Launch{everywhere(std::move(pidcap), file)}) {
    for (const Place& place : places) {
        for (const std::string& name : place.interfaces) {
            interfaces_[label_of(place.netns) + "/" + name] = {place.name, name};
        }
    }
}

void Recording::stop() {
    run_.signal(SIGINT);
}

std::vector<Packet> Recording::packets() {
    if (const int status = run_.wait(); status != 0) {
        throw std::runtime_error("pidcap ended with status " + std::to_string(status) + ": " +
                                 run_.err());
    }
    std::vector<Packet> all = read_packets(file_);
    const Totals totals = totals_of(run_.err());
    if (totals.dropped != 0 || totals.captured != all.size()) {
        throw std::runtime_error(std::to_string(all.size()) + " packets in " + file_ +
                                 ", but: " + run_.err());
    }
    std::vector<Packet> packets;
    for (Packet& packet : all) {
        const auto found = interfaces_.find(packet.interface);
        if (found == interfaces_.end()) {
            if (has_others_) {
                continue;
            }
            throw std::runtime_error("a packet of interface " + packet.interface + " in " + file_);
        }
        packet.place = found->second.place;
        packet.interface = found->second.name;
        packets.push_back(std::move(packet));
    }
    return packets;
}

}  // namespace test
