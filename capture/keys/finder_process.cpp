// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/finder_process.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <optional>
#include <utility>
#include <vector>

#include "capture/confinement/message.h"
#include "capture/keys/label_list.h"

namespace capture::tls {
namespace {

using pcapng::errno_error;
using pcapng::Result;

// What is found in a file has some 2 KiB: a few functions with a dozen labels each.
constexpr size_t kMaxMessage = size_t{128} * 1024;
constexpr size_t kSmallestText = sizeof(uint32_t);

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
    add_labels(message, function.labels);
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
    function.labels = labels_in(message);
    return function;
}

void add(MessageWriter& message, const PlaintextFunction& function) {
    message.add(static_cast<uint8_t>(function.library));
    message.add(function.version);
    message.add(static_cast<uint8_t>(function.call));
    message.add(function.file_offset);
    message.add(static_cast<uint32_t>(function.return_offsets.size()));
    for (const uint64_t offset : function.return_offsets) {
        message.add(offset);
    }
    for (const Operand* operand :
         {&function.object, &function.buffer, &function.length, &function.passed, &function.flags,
          &function.stack, &function.routine, &function.result}) {
        add(message, *operand);
    }
    for (const bool flag :
         {function.owns_returns, function.has_passed, function.has_flags, function.has_wide_length,
          function.has_wide_result, function.pointers_of_32_bits}) {
        message.add(flag);
    }
}

PlaintextFunction plaintext_function_in(MessageReader& message) {
    PlaintextFunction function;
    function.library = static_cast<PlaintextLibrary>(message.number<uint8_t>());
    function.version = message.text();
    function.call = static_cast<PlaintextCall>(message.number<uint8_t>());
    function.file_offset = message.number<uint64_t>();
    const size_t returns = message.count(sizeof(uint64_t));
    for (size_t i = 0; i < returns && !message.failed(); i++) {
        function.return_offsets.push_back(message.number<uint64_t>());
    }
    for (Operand* operand :
         {&function.object, &function.buffer, &function.length, &function.passed, &function.flags,
          &function.stack, &function.routine, &function.result}) {
        *operand = operand_in(message);
    }
    for (bool* flag :
         {&function.owns_returns, &function.has_passed, &function.has_flags,
          &function.has_wide_length, &function.has_wide_result, &function.pointers_of_32_bits}) {
        *flag = message.number<bool>();
    }
    return function;
}

void add(MessageWriter& message, const std::vector<std::string>& texts) {
    message.add(static_cast<uint32_t>(texts.size()));
    for (const std::string& text : texts) {
        message.add(text);
    }
}

std::vector<std::string> texts_in(MessageReader& message) {
    std::vector<std::string> texts;
    const size_t count = message.count(kSmallestText);
    for (size_t i = 0; i < count && !message.failed(); i++) {
        texts.push_back(message.text());
    }
    return texts;
}

MessageWriter answer_of(const Result<Finding>& finding) {
    MessageWriter message;
    message.add_outcome(finding);
    if (!finding) {
        return message;
    }
    message.add(finding->has_tls);
    message.add(static_cast<uint32_t>(finding->functions.size()));
    for (const KeyLogFunction& function : finding->functions) {
        add(message, function);
    }
    add(message, finding->unsupported);
    message.add(static_cast<uint32_t>(finding->plaintext.size()));
    for (const PlaintextFunction& function : finding->plaintext) {
        add(message, function);
    }
    add(message, finding->plaintext_unsupported);
    return message;
}

Result<Finding> finding_in(MessageReader& message) {
    if (auto error = message.error()) {
        return *std::move(error);
    }
    Finding finding;
    finding.has_tls = message.number<bool>();
    const size_t functions = message.count(kSmallestText);
    for (size_t i = 0; i < functions && !message.failed(); i++) {
        finding.functions.push_back(function_in(message));
    }
    finding.unsupported = texts_in(message);
    const size_t plaintext = message.count(kSmallestText);
    for (size_t i = 0; i < plaintext && !message.failed(); i++) {
        finding.plaintext.push_back(plaintext_function_in(message));
    }
    finding.plaintext_unsupported = texts_in(message);
    if (!message.complete()) {
        return errno_error("understand the process that looks for TLS libraries", EBADMSG);
    }
    return finding;
}

// Returns 0, or why the process has sent no answer. Signals are blocked, so that they can be waited
// for.
int wait_for(pid_t pid) {
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    const timespec urgent{0, 1'000'000L * FinderProcess::kUrgentMilliseconds};
    const timespec patience{FinderProcess::kPatienceSeconds, 0};
    int status = 0;
    bool late = sigtimedwait(&ended, nullptr, &urgent) < 0;
    if (late) {
        (void)setpriority(PRIO_PROCESS, static_cast<id_t>(pid), 0);
        late = sigtimedwait(&ended, nullptr, &patience) < 0;
    }
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
    auto finding = find_tls(fd);
    return finding && !is_native(finding->machine) ? Finding{} : std::move(finding);
}

void serve(int socket) {
    const pid_t self = getpid();
    std::array<char, 1> room;
    while (const auto question = receive_message(socket, room)) {
        const pid_t pid = fork();
        if (pid == 0) {
            const bool sent = end_with_parent(self) &&
                              send_message(socket, answer_of(find_in(question->fd.get())));
            _exit(sent ? 0 : 1);
        }
        const int failed = pid < 0 ? errno : wait_for(pid);
        if (failed != 0 &&
            !send_message(socket, answer_of(errno_error("look for TLS libraries in it", failed)))) {
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
    MessageWriter question;
    question.add(uint8_t{0});  // the descriptor is the question
    std::vector<char> room(kMaxMessage);
    std::optional<ReceivedMessage> received;
    if (send_message(helper_.socket(), question, fd)) {
        received = receive_message(helper_.socket(), room);
    }
    if (!received) {
        return errno_error("ask the process that looks for TLS libraries", EPIPE);
    }
    MessageReader answer(received->bytes);
    return finding_in(answer);
}

}  // namespace capture::tls
