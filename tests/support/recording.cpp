// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/recording.h"

#include <csignal>
#include <stdexcept>
#include <utility>

#include "tests/support/totals.h"

namespace test {
namespace {

std::vector<std::string> command(const Place& place, std::vector<std::string> words,
                                 const std::string& file) {
    for (const std::string& interface : place.interfaces) {
        words.insert(words.end(), {"-i", interface});
    }
    words.insert(words.end(), {"-w", file});
    return words;
}

}  // namespace

Recording::Recording(const Place& place, std::vector<std::string> pidcap, const std::string& file)
    : place_(place.name),
      file_(file),
      run_(Launch{command(place, std::move(pidcap), file), &place.netns}) {}

void Recording::stop() {
    run_.signal(SIGINT);
}

std::vector<Packet> Recording::packets() {
    if (const int status = run_.wait(); status != 0) {
        throw std::runtime_error("pidcap ended with status " + std::to_string(status) + ": " +
                                 run_.err());
    }
    std::vector<Packet> packets = read_packets(file_);
    const Totals totals = totals_of(run_.err());
    if (totals.dropped != 0 || totals.captured != packets.size()) {
        throw std::runtime_error(std::to_string(packets.size()) + " packets in the file of " +
                                 place_ + ", but: " + run_.err());
    }
    for (Packet& packet : packets) {
        packet.place = place_;
    }
    return packets;
}

}  // namespace test
