// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "tests/pcapng/files.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

using namespace pcapng;
using test::Bytes;
using test::contains;
using test::need;

namespace {

// Ignores a signal while it lives.
class IgnoredSignal {
  public:
    explicit IgnoredSignal(int signal) : signal_(signal), before_(std::signal(signal, SIG_IGN)) {}
    IgnoredSignal(const IgnoredSignal&) = delete;
    IgnoredSignal& operator=(const IgnoredSignal&) = delete;
    ~IgnoredSignal() { std::signal(signal_, before_); }

  private:
    int signal_;
    void (*before_)(int);
};

// Limits the size of files while it lives.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit = {.rlim_cur = bytes, .rlim_max = before_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

  private:
    rlimit before_ = {};
    IgnoredSignal ignored_{SIGXFSZ};
};

std::pair<Fd, Fd> make_pipe(int flags) {
    int ends[2] = {};
    REQUIRE(::pipe2(ends, O_CLOEXEC | flags) == 0);
    return {Fd(ends[0]), Fd(ends[1])};
}

Bytes drain(const Fd& fd) {
    Bytes all;
    Bytes chunk(10000);
    for (;;) {
        const ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
        if (count <= 0) {
            return all;
        }
        all.insert(all.end(), chunk.begin(), chunk.begin() + count);
    }
}

// Encodes a block of `head` bytes, then `data` that stay where they are, then `tail` bytes.
Result<void> end_split_block(Output& output, size_t head, std::span<const uint8_t> data,
                             size_t tail) {
    ByteBuffer& block = output.block();
    block.bytes(Bytes(head, 'h'));
    const size_t at = block.size();
    block.bytes(Bytes(tail, 't'));
    return output.end_block(at, data);
}

}  // namespace

TEST_CASE("an output file is created for its owner to write and the world to read") {
    const test::TemporaryFolder folder;
    const mode_t before = ::umask(0);
    Result<Output> opened = Output::open_file(folder.file("a.pcapng"));
    ::umask(before);
    const Output output = need(std::move(opened));
    struct stat status = {};
    REQUIRE(::stat(output.name().c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0644);
    CHECK((::fcntl(output.fd(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("an existing output file is emptied") {
    const test::TemporaryFolder folder;
    test::write_file(folder.file("a"), Bytes(100));
    need(need(Output::open_file(folder.file("a"))).close());
    CHECK(test::read_file(folder.file("a")).empty());
}

TEST_CASE("a file that can't be opened is named with the reason") {
    const test::TemporaryFolder folder;
    const Result<Output> directory = Output::open_file(folder.path());
    REQUIRE_FALSE(directory.ok());
    CHECK(directory.error().code == EISDIR);
    CHECK(directory.error().message ==
          "open " + folder.path() + ": Is a directory; name a file in it");

    const Result<Output> missing = Output::open_file(folder.file("no/a"));
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().code == ENOENT);
    CHECK(contains(missing.error().message, "; the folder must exist"));

    // Root may write anywhere but into sysfs' folders.
    const Result<Output> refused =
        Output::open_file(::geteuid() == 0 ? "/sys/kernel/pidcap-test" : "/pidcap-test");
    REQUIRE_FALSE(refused.ok());
    CHECK((refused.error().code == EACCES || refused.error().code == EPERM ||
           refused.error().code == EROFS));
    CHECK(contains(refused.error().message, "pidcap-test: "));
}

TEST_CASE("blocks wait in the buffer until it is full, flushed or closed") {
    const test::TemporaryFolder folder;
    Output output = need(Output::open_file(folder.file("a")));
    need(output.append(Bytes(1000)));
    CHECK(output.bytes() == 1000);
    CHECK(test::read_file(folder.file("a")).empty());
    need(output.flush());
    CHECK(test::read_file(folder.file("a")).size() == 1000);
    need(output.append(Bytes(Output::kBufferSize)));
    CHECK(test::read_file(folder.file("a")).size() == 1000 + Output::kBufferSize);
    need(output.append(Bytes(10)));
    need(output.close());
    CHECK(output.bytes() == 1010 + Output::kBufferSize);
    CHECK(test::read_file(folder.file("a")).size() == 1010 + Output::kBufferSize);
    need(output.close());
}

TEST_CASE("an output that is dropped or replaced writes what it holds") {
    const test::TemporaryFolder folder;
    {
        Output output = need(Output::open_file(folder.file("a")));
        need(output.append(Bytes(100)));
        output = need(Output::open_file(folder.file("b")));
        need(output.append(Bytes(200)));
        CHECK(test::read_file(folder.file("a")).size() == 100);
    }
    CHECK(test::read_file(folder.file("b")).size() == 200);
}

TEST_CASE("a file that reaches its limit is cut back to whole blocks and poisons the output") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a");
    Output output = need(Output::open_file(path));
    const FileSizeLimit limit(2500);
    need(output.append(Bytes(700, 1)));
    need(output.flush());
    for (int i = 0; i < 5; ++i) {
        need(output.append(Bytes(700, 2)));  // the third of all ends at 2100
    }
    const Result<void> flushed = output.flush();
    REQUIRE_FALSE(flushed.ok());
    CHECK(flushed.error().code == EFBIG);
    CHECK(flushed.error().message == "write " + path +
                                         ": File too large; the file holds 2100 bytes, all of them "
                                         "whole blocks");
    CHECK(test::read_file(path).size() == 2100);
    CHECK(output.bytes() == 2100);

    // Even where there is room again: a gap would be a lie.
    CHECK(output.append(Bytes(4)).error().code == EFBIG);
    CHECK(output.flush().error().code == EFBIG);
    CHECK(output.close().error().code == EFBIG);
    CHECK(output.close().error().code == EFBIG);
    CHECK(test::read_file(path).size() == 2100);
    CHECK(output.bytes() == 2100);
}

TEST_CASE("a file that was not empty is cut back to whole blocks behind what it held") {
    for (const int flags : {O_WRONLY | O_APPEND, O_WRONLY}) {
        const test::TemporaryFolder folder;
        const std::string path = folder.file("a");
        test::write_file(path, Bytes(1000, 9));
        Fd fd(::open(path.c_str(), flags | O_CLOEXEC));
        REQUIRE(::lseek(fd.get(), 0, SEEK_END) == 1000);
        Output output = Output::from_fd(std::move(fd), "standard output");
        const FileSizeLimit limit(2000);
        need(output.append(Bytes(600)));
        need(output.append(Bytes(600)));
        const Result<void> flushed = output.flush();
        REQUIRE_FALSE(flushed.ok());
        CHECK(contains(flushed.error().message, "holds 1600 bytes"));
        CHECK(test::read_file(path).size() == 1600);
        CHECK(output.bytes() == 600);
    }
}

TEST_CASE("a file on a full file system stays readable") {
    const test::TemporaryFolder folder;
    // The thread's own mount namespace: the file system goes away with it.
    std::thread([&folder] {
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
            WARN("not run: a small tmpfs needs CAP_SYS_ADMIN");
            return;
        }
        const std::string path = folder.file("a");
        Writer writer = test::open_writer(path);
        need(writer.add_interface({.name = "eth0"}));
        const Bytes frame = test::udp_frame();
        for (int i = 0; i < 1000; ++i) {
            need(writer.packet({.data = frame, .comment = "pid=1 via=socket"}));
        }
        const Result<void> closed = writer.close();
        REQUIRE_FALSE(closed.ok());
        CHECK(closed.error().code == ENOSPC);
        const Bytes bytes = test::read_file(path);
        CHECK(bytes.size() == writer.bytes());
        CHECK(contains(closed.error().message, fmt::format("holds {} bytes", bytes.size())));
        const std::string seen = test::output_of({"tshark", "-r", path});
        CHECK(test::lines(seen).size() > 400);
    }).join();
}

TEST_CASE("where room can be made on a full file system, the write goes on where it stood") {
    const test::TemporaryFolder folder;
    std::thread([&folder] {
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
            WARN("not run: a small tmpfs needs CAP_SYS_ADMIN");
            return;
        }
        const std::string old = folder.file("old");
        test::write_file(old, Bytes(32 * 1024));
        Output output = need(Output::open_file(folder.file("a")));
        int asked = 0;
        output.on_full([&] { return ++asked == 1 && ::unlink(old.c_str()) == 0; });
        const Bytes block(4000, 7);
        for (int i = 0; i < 15; ++i) {
            need(output.append(block));
        }
        need(output.flush());
        CHECK(asked == 1);
        CHECK(test::read_file(folder.file("a")) == Bytes(60'000, 7));
        need(output.append(block));
        need(output.append(block));
        const Result<void> flushed = output.flush();
        REQUIRE_FALSE(flushed.ok());
        CHECK(flushed.error().code == ENOSPC);
        CHECK(asked == 2);
        CHECK(output.bytes() == 64'000);
        CHECK(test::read_file(folder.file("a")) == Bytes(64'000, 7));
    }).join();
}

TEST_CASE("data that are not in the buffer stand where they belong, behind all that waited") {
    const bool into_pipe = GENERATE(false, true);
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a");
    auto [reader, writer] = make_pipe(0);
    Bytes got;
    std::thread slow;
    if (into_pipe) {
        slow = std::thread([&got, &reader = reader] { got = drain(reader); });
    }
    Output output =
        into_pipe ? Output::from_fd(std::move(writer), "pipe") : need(Output::open_file(path));
    Bytes sent;
    const auto expect = [&sent](size_t count, uint8_t byte) {
        sent.insert(sent.end(), count, byte);
    };
    uint8_t fill = 0;
    for (const size_t waiting : {0U, 1U, 3U, 0U, 1000U}) {
        for (const size_t size : {0U, 1U, 5U, 16384U, 70001U, 300000U}) {
            for (size_t i = 0; i < waiting; ++i) {
                need(output.append(Bytes(20, ++fill)));
                expect(20, fill);
            }
            const size_t head = size % 2 == 0 ? 28 : 0;
            const size_t tail = size == 5 ? 0 : 7;
            need(end_split_block(output, head, Bytes(size, ++fill), tail));
            expect(head, 'h');
            expect(size, fill);
            expect(tail, 't');
            CHECK(output.bytes() == sent.size());
            if (!into_pipe) {
                CHECK((test::read_file(path) == sent));
            }
        }
    }
    need(output.append(Bytes(9, 'e')));
    expect(9, 'e');
    need(output.close());
    CHECK(output.bytes() == sent.size());
    if (into_pipe) {
        slow.join();
    } else {
        got = test::read_file(path);
    }
    CHECK((got == sent));
}

TEST_CASE("a file whose limit lies in a block with data elsewhere is cut back to whole blocks") {
    constexpr size_t kFlushed = 700;
    constexpr size_t kWaiting = kFlushed + 300;
    constexpr size_t kDataBegin = kWaiting + 28;
    constexpr size_t kDataEnd = kDataBegin + 3001;
    constexpr size_t kEnd = kDataEnd + 31;
    const bool behind_others = GENERATE(false, true);
    const auto [limit, kept] = GENERATE_COPY(table<size_t, size_t>({{kFlushed, kFlushed},
                                                                    {kFlushed + 1, kFlushed},
                                                                    {kWaiting - 1, kFlushed},
                                                                    {kWaiting, kWaiting},
                                                                    {kWaiting + 1, kWaiting},
                                                                    {kDataBegin - 1, kWaiting},
                                                                    {kDataBegin, kWaiting},
                                                                    {kDataBegin + 1, kWaiting},
                                                                    {kDataEnd - 1, kWaiting},
                                                                    {kDataEnd, kWaiting},
                                                                    {kDataEnd + 1, kWaiting},
                                                                    {kEnd - 1, kWaiting}}));
    CAPTURE(behind_others, limit, kept);
    const size_t before = behind_others ? 90 : 0;
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a");
    test::write_file(path, Bytes(before, 'b'));
    Fd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    Output output = Output::from_fd(std::move(fd), path);
    need(output.append(Bytes(kFlushed, 'f')));
    need(output.flush());
    need(output.append(Bytes(kWaiting - kFlushed, 'w')));
    const Bytes data(kDataEnd - kDataBegin, 'd');
    {
        const FileSizeLimit in_force(before + limit);
        const Result<void> written =
            end_split_block(output, kDataBegin - kWaiting, data, kEnd - kDataEnd);
        REQUIRE_FALSE(written.ok());
        CHECK(written.error().code == EFBIG);
        CHECK(contains(
            written.error().message,
            fmt::format("the file holds {} bytes, all of them whole blocks", before + kept)));
    }
    Bytes expected(before, 'b');
    expected.insert(expected.end(), kFlushed, 'f');
    expected.insert(expected.end(), kept - kFlushed, 'w');
    CHECK((test::read_file(path) == expected));
    CHECK(output.bytes() == kept);

    // Even where there is room again: a gap would be a lie.
    CHECK(end_split_block(output, 4, data, 4).error().code == EFBIG);
    CHECK(output.append(Bytes(4)).error().code == EFBIG);
    CHECK(end_split_block(output, 4, {}, 4).error().code == EFBIG);
    CHECK(output.close().error().code == EFBIG);
    CHECK((test::read_file(path) == expected));
    CHECK(output.bytes() == kept);
}

TEST_CASE("a block with data elsewhere that fits into a file's limit to the byte is written") {
    const test::TemporaryFolder folder;
    Output output = need(Output::open_file(folder.file("a")));
    const FileSizeLimit limit(100 + 28 + 3001 + 31);
    need(output.append(Bytes(100)));
    need(end_split_block(output, 28, Bytes(3001), 31));
    CHECK(test::read_file(folder.file("a")).size() == 100 + 28 + 3001 + 31);
    need(output.append(Bytes(1)));
    CHECK(output.close().error().code == EFBIG);
    CHECK(test::read_file(folder.file("a")).size() == 100 + 28 + 3001 + 31);
}

TEST_CASE("a file that reaches its limit within a large packet has every packet before it") {
    const test::TemporaryFolder folder;
    const Bytes large = test::udp_frame(20001);
    const PacketBlock packet = {.data = large, .drop_count = 3, .comment = "pid=1 via=socket"};
    const auto write_up_to = [&](rlim_t bytes) {
        Writer writer = test::open_writer(folder.file("a"));
        need(writer.add_interface({.name = "eth0"}));
        const FileSizeLimit limit(bytes);
        const Bytes small = test::udp_frame();
        for (int i = 0; i < 3; ++i) {
            need(writer.packet({.data = small, .comment = "pid=2 via=socket"}));
        }
        (void)writer.packet(packet);
        (void)writer.packet(packet);
        (void)writer.close();
        const Bytes file = test::read_file(folder.file("a"));
        CHECK(file.size() == writer.bytes());
        CHECK(file.size() <= bytes);
        Reader reader = need(Reader::open_file(folder.file("a")));
        size_t packets = 0;
        while (const std::optional<Block> block = need(reader.next())) {
            packets += std::holds_alternative<PacketRead>(*block);
        }
        return std::pair(packets, file.size());
    };
    const auto [all, whole] = write_up_to(RLIM_INFINITY);
    CHECK(all == 5);
    const size_t block = (28 + large.size() + 3) / 4 * 4 + 12 + 4 + 16 + 4 + 4;
    for (const auto& [missing, packets] :
         {std::pair(0U, 5U), std::pair(1U, 4U), std::pair(30U, 4U), std::pair(100U, 4U),
          std::pair(20010U, 4U), std::pair(static_cast<unsigned>(block - 1), 4U),
          std::pair(static_cast<unsigned>(block), 4U),
          std::pair(static_cast<unsigned>(block + 1), 3U)}) {
        CAPTURE(missing);
        const auto [seen, size] = write_up_to(whole - missing);
        CHECK(seen == packets);
        CHECK(size == whole - (5 - packets) * block);
    }
}

TEST_CASE("a full device is an error with the bytes that went through") {
    Output output = need(Output::open_file("/dev/full"));
    need(output.append(Bytes(100)));
    const Result<void> flushed = output.flush();
    REQUIRE_FALSE(flushed.ok());
    CHECK(flushed.error().code == ENOSPC);
    CHECK(flushed.error().message ==
          "write /dev/full: No space left on device; 0 bytes were written");
    CHECK_FALSE(output.close().ok());
}

TEST_CASE("a block with data that are elsewhere, and what waited before it, are one write") {
    int ends[2] = {};
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    const Fd reader(ends[0]);  // keeps the bounds of writes
    Output output = Output::from_fd(Fd(ends[1]), "socket");
    need(output.append(Bytes(100)));
    need(end_split_block(output, 28, Bytes(3001, 'd'), 7));
    Bytes got(10'000);
    CHECK(::recv(reader.get(), got.data(), got.size(), MSG_DONTWAIT) == 100 + 28 + 3001 + 7);
    CHECK(std::count(got.begin() + 128, got.begin() + 128 + 3001, 'd') == 3001);
}

TEST_CASE("a reader that has left is EPIPE") {
    const IgnoredSignal ignored(SIGPIPE);
    auto [reader, writer] = make_pipe(0);
    Output output = Output::from_fd(std::move(writer), "standard output");
    need(output.append(Bytes(100)));
    need(output.flush());
    reader.reset();
    need(output.append(Bytes(100)));
    const Result<void> flushed = output.flush();
    REQUIRE_FALSE(flushed.ok());
    CHECK(flushed.error().code == EPIPE);
    CHECK(output.append(Bytes(100)).error().code == EPIPE);
}

TEST_CASE("a pipe that is full, or takes a part, gets every byte in order") {
    for (const int flags : {0, O_NONBLOCK}) {
        auto [reader, writer] = make_pipe(0);
        REQUIRE(::fcntl(writer.get(), F_SETFL, flags) == 0);
        Bytes got;
        std::thread slow([&got, &reader = reader] { got = drain(reader); });
        Bytes sent;
        Output output = Output::from_fd(std::move(writer), "pipe");
        for (uint32_t i = 0; i < 20000; ++i) {
            ByteBuffer& block = output.block();
            block.u32(i);
            block.bytes(Bytes(96, static_cast<uint8_t>(i)));
            sent.insert(sent.end(), block.view().end() - 100, block.view().end());
            need(output.end_block());
        }
        need(output.close());
        slow.join();
        CHECK((got == sent));
        CHECK(output.bytes() == sent.size());
    }
}

TEST_CASE("a block larger than the buffer is written whole") {
    const test::TemporaryFolder folder;
    Output output = need(Output::open_file(folder.file("a")));
    need(output.append(Bytes(3 * Output::kBufferSize, 7)));
    need(output.close());
    CHECK((test::read_file(folder.file("a")) == Bytes(3 * Output::kBufferSize, 7)));
}

TEST_CASE("a pipe that nobody reads is given up once it is time to stop") {
    for (const int flags : {0, O_NONBLOCK}) {
        auto [reader, writer] = make_pipe(0);
        REQUIRE(::fcntl(writer.get(), F_SETFL, flags) == 0);
        const int room = ::fcntl(writer.get(), F_GETPIPE_SZ);
        auto [stop, stopper] = make_pipe(0);
        REQUIRE(::write(stopper.get(), "", 1) == 1);
        Output output = Output::from_fd(std::move(writer), "stdout", stop.get());
        const Result<void> written = output.append(Bytes(Output::kBufferSize));
        REQUIRE_FALSE(written.ok());
        CHECK(written.error().code == ECANCELED);
        CHECK(written.error().message ==
              fmt::format("write stdout: nothing was read for 1000 ms after the signal to stop; {} "
                          "bytes were written, {} were not",
                          room, static_cast<int>(Output::kBufferSize) - room));
    }
}

TEST_CASE("a pipe that is given up within data that are elsewhere tells the bytes to the last") {
    for (const int flags : {0, O_NONBLOCK}) {
        auto [reader, writer] = make_pipe(0);
        REQUIRE(::fcntl(writer.get(), F_SETFL, flags) == 0);
        auto [stop, stopper] = make_pipe(0);
        REQUIRE(::write(stopper.get(), "", 1) == 1);
        Output output = Output::from_fd(std::move(writer), "stdout", stop.get());
        need(output.append(Bytes(100)));
        const Result<void> written = end_split_block(output, 28, Bytes(300001), 7);
        REQUIRE_FALSE(written.ok());
        CHECK(written.error().code == ECANCELED);
        REQUIRE(::fcntl(reader.get(), F_SETFL, O_NONBLOCK) == 0);
        const size_t got = drain(reader).size();
        CHECK(got > 128);
        CHECK(contains(written.error().message, fmt::format("; {} bytes were written, {} were not",
                                                            got, 100 + 28 + 300001 + 7 - got)));
        CHECK(output.bytes() == got);
    }
}
