// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/status_line.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

#include "pcapng/fd.h"

using cmd::progress_text;
using cmd::StatusLine;
using cmd::summary_text;
using cmd::wants_status_line;

namespace {

capture::InterfaceCounters counters(uint64_t captured, uint64_t ring_full, uint64_t copy_failed) {
    capture::InterfaceCounters counters;
    counters.captured = captured;
    counters.dropped = {ring_full, copy_failed};
    return counters;
}

struct Pipe {
    pcapng::Fd reader;
    pcapng::Fd writer;

    Pipe() {
        std::array<int, 2> ends{};
        REQUIRE(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
        reader = pcapng::Fd(ends[0]);
        writer = pcapng::Fd(ends[1]);
    }
    std::string read() const {
        std::array<char, 4096> text{};
        const ssize_t size = ::read(reader.get(), text.data(), text.size());
        return size > 0 ? std::string(text.data(), static_cast<size_t>(size)) : std::string();
    }
};

}  // namespace

TEST_CASE("the summary adds the interfaces up and names the causes that occurred") {
    CHECK(summary_text({}) == "0 packets captured, 0 dropped");
    CHECK(summary_text({counters(1, 0, 0)}) == "1 packet captured, 0 dropped");
    CHECK(summary_text({counters(10, 3, 0), counters(5, 1, 2)}) ==
          "15 packets captured, 6 dropped (ring full: 4, copy failed: 2)");
    CHECK(summary_text({counters(2, 0, 7)}) == "2 packets captured, 7 dropped (copy failed: 7)");
}

TEST_CASE("events aren't counted among the packets") {
    capture::InterfaceCounters events = counters(3, 1, 0);
    events.of_events = true;
    CHECK(summary_text({counters(10, 3, 0), events}) ==
          "10 packets, 3 events captured, 4 dropped (ring full: 4)");
    CHECK(progress_text(cmd::progress_of({counters(1, 0, 0), events}), 80) ==
          "1 packet, 3 events, 0 B, 1 dropped");
}

TEST_CASE("the progress names packets, bytes, drops and the file's size") {
    CHECK(progress_text({.count = {.packets = 1}, .bytes = 60, .dropped = 0, .file_bytes = {}},
                        80) == "1 packet, 60 B, 0 dropped");
    CHECK(progress_text({.count = {.packets = 12},
                         .bytes = 1536,
                         .dropped = 3,
                         .file_bytes = uint64_t{1} << 20},
                        80) == "12 packets, 1.5 KiB, 3 dropped, file 1.0 MiB");
    CHECK(progress_text({.count = {.packets = 2}, .bytes = 1048575, .dropped = 0, .file_bytes = {}},
                        80) == "2 packets, 1.0 MiB, 0 dropped");
    CHECK(progress_text({.count = {.packets = 12}, .bytes = 1, .dropped = 0, .file_bytes = {}},
                        10) == "12 packets");
}

TEST_CASE("the live line keeps off pipes and off the packets' own terminal") {
    CHECK(wants_status_line(true, true, false, false));
    CHECK(wants_status_line(true, false, true, false));
    CHECK_FALSE(wants_status_line(true, true, true, false));
    CHECK_FALSE(wants_status_line(false, true, false, false));
    CHECK_FALSE(wants_status_line(true, false, false, true));
}

TEST_CASE("the live line is drawn at most four times a second and erases itself") {
    const Pipe pipe;
    const StatusLine::Clock::time_point start{};
    {
        StatusLine line(pipe.writer.get(), true);
        line.update({.count = {.packets = 1}, .bytes = 0, .dropped = 0, .file_bytes = {}}, start);
        CHECK(pipe.read() == "\r1 packet, 0 B, 0 dropped\x1b[K");
        line.update({}, start + std::chrono::milliseconds(249));
        CHECK(pipe.read().empty());
        line.update({}, start + std::chrono::milliseconds(250));
        CHECK(pipe.read() == "\r0 packets, 0 B, 0 dropped\x1b[K");
    }
    CHECK(pipe.read() == "\r\x1b[K");
}

TEST_CASE("a live line that is not enabled never writes") {
    const Pipe pipe;
    {
        StatusLine line(pipe.writer.get(), false);
        line.update({}, {});
    }
    CHECK(pipe.read().empty());
}

TEST_CASE("the live line asks for no counters unless it would draw them") {
    const Pipe pipe;
    const StatusLine::Clock::time_point start{};
    StatusLine line(pipe.writer.get(), true);
    CHECK(line.due(start));
    line.update({}, start);
    CHECK_FALSE(line.due(start + std::chrono::milliseconds(249)));
    CHECK(line.due(start + std::chrono::milliseconds(250)));
    CHECK_FALSE(StatusLine(pipe.writer.get(), false).due(start));
}
