// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/proc_reader.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "capture/confinement/message.h"
#include "capture/processes/cgroup.h"

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Result;

struct Question {
    enum class Kind : uint32_t { kStat, kRead, kTitle, kAddresses, kCgroup };

    Kind kind = Kind::kStat;
    uint32_t pid = 0;
    uint64_t cgroup = 0;
};

// An executable's path, a command line and a cgroup's path have 4 KiB each at most.
constexpr size_t kMaxAnswer = size_t{32} * 1024;

void add(MessageWriter& answer, const ProcStat& stat) {
    answer.add(stat.ppid);
    answer.add(stat.start_ticks);
    answer.add(stat.state);
    answer.add(stat.comm);
    answer.add(stat.user_ticks);
    answer.add(stat.system_ticks);
    answer.add(stat.threads);
    answer.add(stat.resident_pages);
}

ProcStat stat_in(MessageReader& answer) {
    ProcStat stat;
    stat.ppid = answer.number<uint32_t>();
    stat.start_ticks = answer.number<uint64_t>();
    stat.state = answer.number<char>();
    stat.comm = answer.text();
    stat.user_ticks = answer.number<uint64_t>();
    stat.system_ticks = answer.number<uint64_t>();
    stat.threads = answer.number<uint32_t>();
    stat.resident_pages = answer.number<uint64_t>();
    return stat;
}

void add(MessageWriter& answer, const ProcTitle& title) {
    add(answer, title.stat);
    answer.add(title.cmdline);
}

ProcTitle title_in(MessageReader& answer) {
    ProcTitle title;
    title.stat = stat_in(answer);
    title.cmdline = answer.text();
    return title;
}

void add(MessageWriter& answer, const ProcProcess& process) {
    add(answer, process.stat);
    for (const uint32_t number : {process.status.tgid, process.status.uid, process.status.gid,
                                  process.status.nspid, process.netns, process.mntns}) {
        answer.add(number);
    }
    answer.add(process.exe);
    answer.add(process.exe_device);
    answer.add(process.exe_inode);
    answer.add(process.cmdline);
    answer.add(process.cgroup);
}

void add(MessageWriter& answer, const ProcAddresses& process) {
    add(answer, process.stat);
    answer.add(process.netns);
    for (const packet::Address& address : process.addresses) {
        answer.add(std::string(address.bytes.begin(), address.bytes.begin() + address.length));
    }
    answer.add(std::string());
}

ProcAddresses addresses_in(MessageReader& answer) {
    ProcAddresses process;
    process.stat = stat_in(answer);
    process.netns = answer.number<uint32_t>();
    for (std::string text; !(text = answer.text()).empty();) {
        process.addresses.push_back(packet::address_of(std::as_bytes(std::span(text))));
    }
    return process;
}

ProcProcess process_in(MessageReader& answer) {
    ProcProcess process;
    process.stat = stat_in(answer);
    for (uint32_t* number : {&process.status.tgid, &process.status.uid, &process.status.gid,
                             &process.status.nspid, &process.netns, &process.mntns}) {
        *number = answer.number<uint32_t>();
    }
    process.exe = answer.text();
    process.exe_device = answer.text();
    process.exe_inode = answer.number<uint64_t>();
    process.cmdline = answer.text();
    process.cgroup = answer.text();
    return process;
}

template <typename Value>
MessageWriter answer_of(const Result<Value>& value) {
    MessageWriter answer;
    answer.add_outcome(value);
    if (value) {
        add(answer, *value);
    }
    return answer;
}

MessageWriter answer_to(const Question& question, const ProcFs& procfs, CgroupTree& cgroups) {
    using Kind = Question::Kind;
    switch (question.kind) {
        case Kind::kStat:
            return answer_of(procfs.stat(question.pid));
        case Kind::kRead:
            return answer_of(procfs.read(question.pid));
        case Kind::kTitle:
            return answer_of(procfs.title(question.pid));
        case Kind::kAddresses:
            return answer_of(procfs.addresses(question.pid));
        case Kind::kCgroup:
            break;
    }
    MessageWriter answer;
    answer.add_outcome(Result<void>());
    answer.add(cgroups.path(question.cgroup));
    return answer;
}

void serve(int socket, const ProcFs& procfs, CgroupTree& cgroups) {
    Question question;
    while (recv(socket, &question, sizeof(question), 0) == sizeof(question)) {
        if (!send_message(socket, answer_to(question, procfs, cgroups))) {
            return;
        }
    }
}

// Returns what `read` makes of the answer.
template <typename Value>
Result<Value> ask(int socket, const Question& question, Value (*read)(MessageReader&)) {
    std::array<char, kMaxAnswer> room;
    std::optional<ReceivedMessage> received;
    if (send(socket, &question, sizeof(question), MSG_NOSIGNAL) == sizeof(question)) {
        received = receive_message(socket, room);
    }
    if (!received) {
        return errno_error("ask the process that reads /proc", EPIPE);
    }
    MessageReader answer(received->bytes);
    if (const auto error = answer.error()) {
        return errno_error("read a process", error->code);
    }
    Value value = read(answer);
    if (!answer.complete()) {
        return errno_error("understand the process that reads /proc", EBADMSG);
    }
    return value;
}

}  // namespace

Result<ProcReader> ProcReader::start(const std::optional<UserIds>& user,
                                     const std::string& proc_root) {
    Confinement confinement;
    confinement.user = user;
    confinement.kept = {CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH};
    confinement.denied = SystemCalls{.opens_by_handle = true};
    const auto prepare = [&]() -> Result<HelperProcess::Serve> {
        auto procfs = ProcFs::open(proc_root);
        if (!procfs) {
            return std::move(procfs).error();
        }
        auto cgroups = CgroupTree::open();
        // A function that is handed on has to be copied, and these can't be.
        const auto files = std::make_shared<ProcFs>(*std::move(procfs));
        const auto tree =
            std::make_shared<CgroupTree>(cgroups ? *std::move(cgroups) : CgroupTree());
        return HelperProcess::Serve([files, tree](int socket) { serve(socket, *files, *tree); });
    };
    auto helper = HelperProcess::start("pidcap-proc", confinement, prepare);
    if (!helper) {
        return std::move(helper).error();
    }
    return ProcReader(*std::move(helper));
}

Result<ProcStat> ProcReader::stat(uint32_t pid) const {
    return ask(helper_.socket(), {Question::Kind::kStat, pid}, stat_in);
}

Result<ProcProcess> ProcReader::read(uint32_t pid) const {
    return ask(helper_.socket(), {Question::Kind::kRead, pid}, process_in);
}

Result<ProcTitle> ProcReader::title(uint32_t pid) const {
    return ask(helper_.socket(), {Question::Kind::kTitle, pid}, title_in);
}

Result<ProcAddresses> ProcReader::addresses(uint32_t pid) const {
    return ask(helper_.socket(), {Question::Kind::kAddresses, pid}, addresses_in);
}

std::string ProcReader::cgroup_path(uint64_t id) const {
    const auto path = ask<std::string>(helper_.socket(), {Question::Kind::kCgroup, 0, id},
                                       [](MessageReader& answer) { return answer.text(); });
    return path ? *path : std::string();
}

}  // namespace capture
