// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <optional>
#include <utility>

#include "capture/zstd_compressor.h"
#include "cmd/made_file.h"
#include "cmd/message.h"
#include "cmd/sudo_caller.h"
#include "packet/line/terminal_text.h"
#include "pcapng/output.h"
#include "pcapng/write_bytes.h"

namespace cmd {
namespace {

using capture::Error;
using capture::Result;
using pcapng::Fd;

constexpr int kReaderPollMs = 100;  // open(2) of a fifo can't be polled for

Result<Fd> open_stdout() {
    if (isatty(STDOUT_FILENO) != 0) {
        return Error{"a capture is binary: -w - needs a pipe or a file as stdout", 0};
    }
    if (!stdout_takes_data()) {
        return Error{"-w -: standard output is closed, or not open for writing", EBADF};
    }
    Fd fd = pcapng::nonblocking_copy(STDOUT_FILENO);
    if (!fd.valid()) {
        return pcapng::errno_error("open stdout", errno);
    }
    return fd;
}

Error open_error(const std::string& path, const MadeFile& refused,
                 const std::optional<SudoCaller>& caller) {
    if (refused.is_foreign) {
        return Error{fmt::format("open {}: the file is {}", packet::printable(path), kForeign),
                     EACCES};
    }
    Error error = pcapng::Output::open_error(packet::printable(path), refused.code);
    if (caller && (refused.code == EACCES || refused.code == EPERM)) {
        error.message += rights_under_sudo(*caller);
    }
    return error;
}

bool is_fifo(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

Result<Fd> open_path(const std::string& path, bool makes, FileMode mode,
                     const std::optional<SudoCaller>& caller, int stop_fd) {
    MadeFile file;
    // Non-blocking, so that neither a fifo without a reader nor a full one holds us.
    const auto open_once = [&] { file = open_to_write(path, O_NONBLOCK, makes, mode); };
    while (true) {
        if (caller) {
            if (auto changed = caller->act(open_once); !changed) {
                return std::move(changed).error();
            }
        } else {
            open_once();
        }
        if (file.fd.valid()) {
            return std::move(file.fd);
        }
        if (file.code == ENXIO && is_fifo(path)) {
            pollfd stop{stop_fd, POLLIN, 0};
            if (poll(&stop, 1, kReaderPollMs) == 1) {
                return Error{fmt::format("open {}: stopped before the fifo had a reader",
                                         packet::printable(path)),
                             ECANCELED};
            }
        } else if (file.code != EINTR) {
            return open_error(path, file, caller);
        }
    }
}

}  // namespace

bool has_reader(int fd) {
    struct stat status {};
    return fstat(fd, &status) == 0 &&
           (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(fd) != 0);
}

bool reader_left(int fd) {
    pollfd watched{fd, 0, 0};
    return poll(&watched, 1, 0) == 1 && (watched.revents & (POLLERR | POLLHUP)) != 0;
}

Result<std::unique_ptr<OutputFile>> OutputFile::open(const std::string& path,
                                                     const capture::FileOptions& options,
                                                     FileMode mode, int stop_fd) {
    const bool to_stdout = path == "-";
    auto fd = to_stdout ? open_stdout() : open_path(path, true, mode, SudoCaller::find(), stop_fd);
    if (!fd) {
        return std::move(fd).error();
    }
    std::unique_ptr<OutputFile> file(new OutputFile(
        *std::move(fd), to_stdout ? "stdout" : packet::printable(path), options, stop_fd));
    file->to_stdout_ = to_stdout;
    return file;
}

Result<std::unique_ptr<OutputFile>> OutputFile::open_fifo(const std::string& path,
                                                          const capture::FileOptions& options,
                                                          int stop_fd) {
    if (!is_fifo(path)) {
        return Error{fmt::format("open {}: not a fifo", packet::printable(path))};
    }
    auto fd = open_path(path, false, std::nullopt, std::nullopt, stop_fd);
    if (!fd) {
        return std::move(fd).error();
    }
    return std::unique_ptr<OutputFile>(
        new OutputFile(*std::move(fd), packet::printable(path), options, stop_fd));
}

Result<void> OutputFile::begin(const std::string& origin) {
    struct stat status {};
    const bool known = fstat(fd_.get(), &status) == 0;
    has_reader_ = has_reader(fd_.get());
    // What is behind the position in stdout is the shell's business.
    if (!to_stdout_ && known && S_ISREG(status.st_mode) && ftruncate(fd_.get(), 0) != 0) {
        return pcapng::errno_error("empty " + name_, errno);
    }
    auto output = pcapng::Output::from_fd(std::move(fd_), name_, stop_fd_);
    if (options_.compress) {
        output.compress_with(capture::make_zstd_compressor());
    }
    auto sink = capture::FileSink::create(std::move(output), options_, origin);
    if (!sink) {
        return std::move(sink).error();
    }
    sink_ = std::make_unique<capture::FileSink>(*std::move(sink));
    for (const packet::Interface& interface : std::exchange(announced_, {})) {
        if (auto told = noted(sink_->interface(interface)); !told) {
            return told;
        }
    }
    return {};
}

Result<void> OutputFile::noted(Result<void> result) {
    if (!result && !failure_) {
        failure_ = result.error();
    }
    return result;
}

Result<void> OutputFile::interface(const packet::Interface& interface) {
    if (sink_ == nullptr) {
        announced_.push_back(interface);
        return {};
    }
    return failure_ ? Result<void>{} : noted(sink_->interface(interface));
}

Result<void> OutputFile::packet(const packet::Packet& packet) {
    assert(sink_ != nullptr);
    if (failure_) {
        unwritten_++;
        return {};
    }
    return noted(sink_->packet(packet));
}

Result<void> OutputFile::process(const packet::ProcessEvent& event) {
    assert(sink_ != nullptr);
    return failure_ ? Result<void>{} : noted(sink_->process(event));
}

Result<void> OutputFile::keys(std::span<const packet::KeyLogLine> lines) {
    assert(sink_ != nullptr);
    return failure_ ? Result<void>{} : noted(sink_->keys(lines));
}

Result<void> OutputFile::idle() {
    assert(sink_ != nullptr);
    return failure_ ? Result<void>{} : noted(sink_->idle());
}

Result<void> OutputFile::finish(const std::vector<packet::InterfaceCounters>& counters) {
    assert(sink_ != nullptr);
    return failure_ ? Result<void>{} : noted(sink_->finish(counters));
}

}  // namespace cmd
