// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/spool.h"

#include <fmt/format.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "capture/confinement/descriptors.h"
#include "capture/confinement/system_calls.h"
#include "cmd/capabilities.h"
#include "cmd/spool_message.h"
#include "cmd/spool_process.h"
#include "cmd/sudo_caller.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using pcapng::errno_error;
using pcapng::Error;
using pcapng::Fd;
using pcapng::Result;

// Root may write in everybody's folders; nothing else is needed to make files.
Result<void> keep_only_writing() {
    Capabilities kept(cap_init());
    const Capabilities now(cap_get_proc());
    const cap_value_t writing = CAP_DAC_OVERRIDE;
    cap_flag_value_t permitted = CAP_CLEAR;
    if (kept == nullptr || now == nullptr ||
        cap_get_flag(now.get(), writing, CAP_PERMITTED, &permitted) != 0) {
        return errno_error("read this process's capabilities", errno);
    }
    if (permitted == CAP_SET && geteuid() == 0) {
        cap_set_flag(kept.get(), CAP_PERMITTED, 1, &writing, CAP_SET);
        cap_set_flag(kept.get(), CAP_EFFECTIVE, 1, &writing, CAP_SET);
    }
    if (cap_set_proc(kept.get()) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return errno_error("drop privileges", errno);
    }
    return {};
}

[[noreturn]] void run_process(Fd socket, const FilePattern& pattern, const RotationOptions& options,
                              const StopSignals& signals) {
    prctl(PR_SET_NAME, "pidcap-files");
    // What is open in the capture, a waiting command's pipes.
    capture::close_all_but({socket.get()}, STDERR_FILENO + 1);
    const auto caller = SudoCaller::find();
    Result<void> changed;
    if (caller) {
        changed = caller->become();
    } else if (!options.command || geteuid() != 0) {
        changed = keep_only_writing();
    }
    if (changed && !options.command) {
        // Whatever -z runs would be held by such a filter, too.
        changed = capture::deny({.opens_for_writing = true});
    }
    if (!changed) {
        if (receive_request(socket.get())) {
            send_answer(socket.get(), {changed.error().code, 0, changed.error().message});
        }
        _exit(1);
    }
    SpoolProcess(std::move(socket), pattern, options, signals).run();
    _exit(0);
}

Error error_of(const SpoolAnswer& answer) {
    Error error = pcapng::errno_error(answer.text, answer.code);
    const auto caller = SudoCaller::find();
    if (answer.code == EEXIST) {
        error.message = answer.text + ": it is no regular file";
    } else if (answer.code == ENOENT) {
        error.message += "; the folder must exist";
    } else if (caller && (answer.code == EACCES || answer.code == EPERM)) {
        error.message += rights_under_sudo(*caller);
    }
    return error;
}

}  // namespace

Result<Spool> Spool::open(const FilePattern& pattern, const RotationOptions& options,
                          const StopSignals& signals) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return errno_error("make a pair of sockets", errno);
    }
    Fd ours(ends[0]);
    Fd theirs(ends[1]);
    const pid_t pid = fork();
    if (pid < 0) {
        return errno_error("fork for the files of -w", errno);
    }
    if (pid == 0) {
        ours.reset();
        run_process(std::move(theirs), pattern, options, signals);
    }
    theirs.reset();
    Spool spool(pid, std::move(ours), pattern);
    if (auto ready = spool.ask({SpoolRequest::Kind::kReady}); !ready) {
        return std::move(ready).error();
    }
    return spool;
}

Spool::~Spool() {
    if (pid_ > 0) {
        socket_.reset();
        while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
}

Result<SpoolAnswer> Spool::ask(const SpoolRequest& request) {
    if (!send_request(socket_.get(), request)) {
        return Error{"the process that opens the files of -w has ended", ESRCH};
    }
    auto answer = receive_answer(socket_.get());
    if (!answer) {
        return Error{"the process that opens the files of -w has ended", ESRCH};
    }
    if (answer->code != 0) {
        return error_of(*answer);
    }
    return *std::move(answer);
}

Result<Spool::Begun> Spool::begin(const std::string& name) {
    auto answer = ask({SpoolRequest::Kind::kBegin, name});
    if (!answer) {
        return std::move(answer).error();
    }
    return Begun{std::move(answer->fd), name};
}

Result<Spool::Begun> Spool::begin_new(const std::string& name) {
    auto answer = ask({SpoolRequest::Kind::kBeginNew, name});
    if (!answer) {
        return std::move(answer).error();
    }
    return Begun{std::move(answer->fd), std::move(answer->text)};
}

Result<Result<std::string>> Spool::complete(const std::string& name, const std::string& keep_as) {
    auto answer = ask({SpoolRequest::Kind::kComplete, name, keep_as});
    if (!answer) {
        return std::move(answer).error();
    }
    if (const int code = static_cast<int>(answer->bytes); code != 0) {
        return Result<std::string>(errno_error(answer->text, code));
    }
    return Result<std::string>(std::move(answer->text));
}

Result<std::string> Spool::keep(const std::string& name, const std::string& as) {
    auto answer = ask({SpoolRequest::Kind::kKeep, name, as});
    return answer.ok() ? Result<std::string>(std::move(answer->text)) : std::move(answer).error();
}

Result<std::optional<Spool::Removed>> Spool::remove_oldest() {
    auto answer = ask({SpoolRequest::Kind::kRemoveOldest});
    if (!answer) {
        return answer.error().code == ENOENT ? Result<std::optional<Removed>>(std::nullopt)
                                             : std::move(answer).error();
    }
    return std::optional(Removed{path_of(answer->text), answer->bytes});
}

std::string Spool::path_of(const std::string& name) const {
    return packet::printable(pattern_.path_of(name));
}

}  // namespace cmd
