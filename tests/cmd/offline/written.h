// SPDX-License-Identifier: GPL-2.0-only
//
// What the tests of the commands that write files share: pidcap run as a program, files made for
// them, and what tshark, which we didn't write, says of files.
#pragma once

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "packet/process_comment.h"
#include "pcapng/writer.h"
#include "tests/pcapng/files.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

namespace test {

inline constexpr uint64_t kStart = 1763650000000000000;

inline CommandResult pidcap(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), PIDCAP_PROGRAM);
    return run(arguments);
}

// It must succeed.
inline void pidcap_done(const std::vector<std::string>& arguments) {
    const CommandResult result = pidcap(arguments);
    INFO(result.err);
    REQUIRE(result.status == 0);
}

// A line a packet, its fields separated by '|'; tshark complains of nothing.
inline std::vector<std::string> tshark_lines(const std::string& path,
                                             const std::vector<std::string>& names) {
    std::vector<std::string> command = {"tshark", "-n",     "-r", path,
                                        "-T",     "fields", "-E", "separator=|"};
    for (const std::string& name : names) {
        command.insert(command.end(), {"-e", name});
    }
    const CommandResult result = run(command);
    INFO(path << ": " << result.err);
    REQUIRE(result.status == 0);
    REQUIRE(!contains(result.err, "appears"));  // "… appears to be damaged", "… cut short"
    return lines(result.out);
}

inline std::vector<std::string> comments(const std::string& path) {
    return tshark_lines(path, {"frame.comment"});
}

// A UDP datagram of 10.0.0.`from`:`port` to 10.0.0.`to`:9999.
inline Bytes datagram(uint8_t from, uint16_t port, uint8_t to, uint16_t to_port = 9999) {
    Bytes frame = udp_frame();
    frame[29] = from;
    frame[33] = to;
    frame[34] = static_cast<uint8_t>(port >> 8);
    frame[35] = static_cast<uint8_t>(port);
    frame[36] = static_cast<uint8_t>(to_port >> 8);
    frame[37] = static_cast<uint8_t>(to_port);
    return frame;
}

// A capture as pidcap writes it, a packet a millisecond.
class Capture {
  public:
    explicit Capture(const std::string& path, const std::string& interface = "eth0",
                     uint64_t start_ns = kStart)
        : writer(open_writer(path)), time_ns(start_ns) {
        need(writer.add_interface({.snaplen = 262144, .name = interface}));
    }

    struct Who {
        uint32_t pid = 0;
        std::string comm;
        uint32_t uid = 1000;
        uint64_t start_ns = kStart - 1000000000;
    };

    // The first packet of a process introduces it, by its command line and parent.
    void packet(const Who& who, bool first, const Bytes& frame = datagram(1, 40000, 2)) {
        if (first) {
            darwin_[who.pid] = need(writer.darwin_process(who.pid, who.comm));
        }
        packet::Process process;
        process.pid = who.pid;
        process.start_ns = who.start_ns;
        process.ppid = 1;
        process.parent_comm = "init";
        process.comm = who.comm;
        process.cmdline = who.comm + '\0' + "--now";
        process.uid = who.uid;
        process.user = "u";
        std::string comment;
        packet::append_process(comment, process, 0, packet::Via::kSocket);
        if (first) {
            packet::append_introduction(comment, process);
        }
        write(frame, comment, pcapng::ProcessThread{who.pid, who.pid}, darwin_.at(who.pid));
    }
    void plain(const Bytes& frame, const std::string& comment = {}) {
        write(frame, comment, std::nullopt, std::nullopt);
    }
    void close() { need(writer.close()); }

    pcapng::Writer writer;
    uint64_t time_ns;

  private:
    void write(const Bytes& frame, const std::string& comment,
               std::optional<pcapng::ProcessThread> process, std::optional<uint32_t> darwin) {
        need(writer.packet({.time_ns = time_ns,
                            .data = frame,
                            .wire_length = static_cast<uint32_t>(frame.size()),
                            .direction = pcapng::Direction::kOutbound,
                            .process = process,
                            .darwin_index = darwin,
                            .comment = comment}));
        time_ns += 1000000;
    }

    std::map<uint32_t, uint32_t> darwin_;  // by pid
};

}  // namespace test
