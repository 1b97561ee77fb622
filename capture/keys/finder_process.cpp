// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/finder_process.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <iterator>
#include <utility>
#include <vector>

#include "capture/confinement/message.h"
#include "capture/tls/elf_image.h"
#include "pcapng/fd.h"

namespace capture::tls {
namespace {

using pcapng::errno_error;
using pcapng::Fd;
using pcapng::Result;

// What is found in a file has some 2 KiB: a few functions with a dozen labels each.
constexpr size_t kMaxMessage = size_t{128} * 1024;
constexpr size_t kSmallestText = sizeof(uint32_t);
constexpr size_t kSmallestLabel = kSmallestText + sizeof(uint64_t);

// Room for one descriptor's control message.
struct ControlBytes {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> bytes{};
};

bool send_fd(int socket, int fd) {
    char nothing = 0;
    iovec part{&nothing, sizeof(nothing)};
    ControlBytes control;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(fd));
    std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    return sendmsg(socket, &message, MSG_NOSIGNAL) == sizeof(nothing);
}

// Returns an invalid one at the end.
Fd receive_fd(int socket) {
    char nothing = 0;
    iovec part{&nothing, sizeof(nothing)};
    ControlBytes control;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != sizeof(nothing)) {
        return {};
    }
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) {
        return {};
    }
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    return Fd(fd);
}

void add(MessageWriter& message, const Operand& operand) {
    message.add(operand.reg);
    message.add(operand.loads);
    for (const int32_t offset : operand.offsets) {
        message.add(offset);
    }
}

Operand operand_in(MessageReader& message) {
    Operand operand;
    operand.reg = message.number<uint16_t>();
    operand.loads = std::min(message.number<uint16_t>(), uint16_t{Operand::kMaxLoads});
    for (int32_t& offset : operand.offsets) {
        offset = message.number<int32_t>();
    }
    return operand;
}

void add(MessageWriter& message, const KeyLogFunction& function) {
    message.add(function.library);
    message.add(function.version);
    message.add(function.file_offset);
    const Recipe& recipe = function.recipe;
    for (const Operand* operand : {&recipe.label, &recipe.client_random, &recipe.secret,
                                   &recipe.secret_length, &recipe.label_length}) {
        add(message, *operand);
    }
    message.add(recipe.has_label_length);
    message.add(recipe.pointers_of_32_bits);
    message.add(static_cast<uint32_t>(function.labels.size()));
    for (const Label& label : function.labels) {
        message.add(label.text);
        message.add(label.address);
    }
}

KeyLogFunction function_in(MessageReader& message) {
    KeyLogFunction function;
    function.library = message.text();
    function.version = message.text();
    function.file_offset = message.number<uint64_t>();
    Recipe& recipe = function.recipe;
    for (Operand* operand : {&recipe.label, &recipe.client_random, &recipe.secret,
                             &recipe.secret_length, &recipe.label_length}) {
        *operand = operand_in(message);
    }
    recipe.has_label_length = message.number<bool>();
    recipe.pointers_of_32_bits = message.number<bool>();
    const size_t labels = message.count(kSmallestLabel);
    for (size_t i = 0; i < labels && !message.failed(); i++) {
        std::string text = message.text();
        function.labels.push_back({std::move(text), message.number<uint64_t>()});
    }
    return function;
}

MessageWriter answer_of(const Result<Finding>& finding) {
    MessageWriter message;
    // An error without a number isn't success.
    message.add(finding ? 0 : std::max(1, finding.error().code));
    if (!finding) {
        message.add(finding.error().message);
        return message;
    }
    message.add(finding->has_tls);
    message.add(static_cast<uint32_t>(finding->functions.size()));
    for (const KeyLogFunction& function : finding->functions) {
        add(message, function);
    }
    message.add(static_cast<uint32_t>(finding->unsupported.size()));
    for (const std::string& reason : finding->unsupported) {
        message.add(reason);
    }
    return message;
}

Result<Finding> finding_in(MessageReader& message) {
    if (const int code = message.number<int>(); code != 0) {
        return pcapng::Error{message.text(), code};
    }
    Finding finding;
    finding.has_tls = message.number<bool>();
    const size_t functions = message.count(kSmallestText);
    for (size_t i = 0; i < functions && !message.failed(); i++) {
        finding.functions.push_back(function_in(message));
    }
    const size_t unsupported = message.count(kSmallestText);
    for (size_t i = 0; i < unsupported && !message.failed(); i++) {
        finding.unsupported.push_back(message.text());
    }
    if (!message.complete()) {
        return errno_error("understand the process that looks for TLS libraries", EBADMSG);
    }
    return finding;
}

bool send_answer(int socket, const Result<Finding>& finding) {
    const MessageWriter answer = answer_of(finding);
    const auto bytes = answer.bytes();
    return send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0;
}

// Returns 0, or why the process has sent no answer. Signals are blocked, so that they can be waited
// for.
int wait_for(pid_t pid) {
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    const timespec patience{FinderProcess::kPatienceSeconds, 0};
    int status = 0;
    const bool late = sigtimedwait(&ended, nullptr, &patience) < 0;
    if (late && waitpid(pid, &status, WNOHANG) == 0) {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
        return ETIME;
    }
    if (!late) {
        waitpid(pid, &status, 0);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : EPIPE;
}

// Whether this machine runs such code itself. An emulator reads that of others, and a breakpoint
// isn't what it expects to find.
bool is_native(Machine machine) {
#ifdef __aarch64__
    return machine == Machine::kAarch64;
#else
    return machine == Machine::kX86_64 || machine == Machine::kI386;
#endif
}

Result<Finding> find_in(int fd) {
    const auto image = ElfImage::read(fd);
    return image && !is_native(image->machine()) ? Finding{} : find_key_log(fd);
}

void serve(int socket) {
    const pid_t self = getpid();
    for (Fd file = receive_fd(socket); file.valid(); file = receive_fd(socket)) {
        const pid_t pid = fork();
        if (pid == 0) {
            const bool sent = end_with_parent(self) && send_answer(socket, find_in(file.get()));
            _exit(sent ? 0 : 1);
        }
        const int failed = pid < 0 ? errno : wait_for(pid);
        if (failed != 0 &&
            !send_answer(socket, errno_error("look for TLS libraries in it", failed))) {
            return;
        }
    }
}

}  // namespace

Result<FinderProcess> FinderProcess::start(const std::optional<UserIds>& user) {
    Confinement confinement;
    confinement.user = user;
    confinement.denied = SystemCalls{};
    auto helper =
        HelperProcess::start("pidcap-elf", confinement, [] { return HelperProcess::Serve(serve); });
    if (!helper) {
        return std::move(helper).error();
    }
    return FinderProcess(*std::move(helper));
}

Result<Finding> FinderProcess::find(int fd) const {
    std::vector<char> bytes(kMaxMessage);
    ssize_t got = -1;
    if (send_fd(helper_.socket(), fd)) {
        do {
            got = recv(helper_.socket(), bytes.data(), bytes.size(), 0);
        } while (got < 0 && errno == EINTR);
    }
    if (got <= 0) {
        return errno_error("ask the process that looks for TLS libraries", EPIPE);
    }
    MessageReader answer({bytes.data(), static_cast<size_t>(got)});
    return finding_in(answer);
}

}  // namespace capture::tls
