// SPDX-License-Identifier: GPL-2.0-only
#include "tests/capture/tls/breakpoint_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "capture/tls/finder.h"
#include "pcapng/fd.h"

namespace test {
namespace {

using capture::tls::KeyLogFunction;
using capture::tls::Operand;

constexpr size_t kRandomSize = 32;
constexpr size_t kMaxSecret = 64;
constexpr size_t kMaxLabel = 64;
constexpr uint8_t kBreakpoint = 0xcc;  // int3
constexpr int kSystemCallStop = SIGTRAP | 0x80;

// The kernel's struct pt_regs and what ptrace gives are the same on x86-64.
static_assert(offsetof(user_regs_struct, rdi) == 112 && offsetof(user_regs_struct, rsp) == 152);

[[noreturn]] void run_program(const std::vector<std::string>& arguments,
                              const std::vector<std::string>& environment) {
    for (const std::string& each : environment) {
        putenv(const_cast<char*>(each.c_str()));
    }
    const int null = open("/dev/null", O_RDWR);
    for (const int stream : {0, 1, 2}) {
        dup2(null, stream);
    }
    std::vector<char*> words;
    for (const std::string& each : arguments) {
        words.push_back(const_cast<char*>(each.c_str()));
    }
    words.push_back(nullptr);
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    execvp(words[0], words.data());
    _exit(127);
}

std::string hex(const std::vector<uint8_t>& bytes) {
    return fmt::format("{:02x}", fmt::join(bytes, ""));
}

class Tracee {
  public:
    explicit Tracee(pid_t pid) : pid_(pid), stopped_(pid) {}

    BreakpointLog trace();

  private:
    struct Breakpoint {
        KeyLogFunction function;
        uint8_t original = 0;
    };

    std::vector<uint8_t> read(uint64_t address, size_t size) const;
    uint64_t follow(const user_regs_struct& registers, const Operand& operand, size_t word) const;
    void write_byte(uint64_t address, uint8_t byte) const;
    void look_at_mappings();
    void add_file(const std::string& path, uint64_t start, uint64_t end, uint64_t offset);
    void log(const user_regs_struct& registers, const KeyLogFunction& function);
    // Returns the signal that the thread gets.
    int handle(int signal);
    void hit(user_regs_struct registers, const Breakpoint& breakpoint);

    pid_t pid_;
    pid_t stopped_;  // the thread that is
    std::map<uint64_t, Breakpoint> breakpoints_;
    std::set<std::pair<std::string, uint64_t>> seen_;
    std::set<pid_t> threads_;
    BreakpointLog result_;
};

std::vector<uint8_t> Tracee::read(uint64_t address, size_t size) const {
    std::vector<uint8_t> bytes(size);
    const iovec local{bytes.data(), size};
    const iovec remote{reinterpret_cast<void*>(address), size};
    const ssize_t got = process_vm_readv(pid_, &local, 1, &remote, 1, 0);
    bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return bytes;
}

uint64_t Tracee::follow(const user_regs_struct& registers, const Operand& operand,
                        size_t word) const {
    uint64_t value = 0;
    std::memcpy(&value, reinterpret_cast<const char*>(&registers) + operand.reg, sizeof(value));
    for (uint16_t i = 0; i < operand.loads; ++i) {
        const auto bytes = read(value + static_cast<uint64_t>(int64_t{operand.offsets[i]}), word);
        value = 0;
        std::memcpy(&value, bytes.data(), bytes.size());
    }
    return value + static_cast<uint64_t>(int64_t{operand.offsets[operand.loads]});
}

void Tracee::write_byte(uint64_t address, uint8_t byte) const {
    errno = 0;
    long word = ptrace(PTRACE_PEEKTEXT, stopped_, address, nullptr);
    if (errno != 0) {
        throw std::runtime_error("no code at a breakpoint");
    }
    std::memcpy(&word, &byte, 1);
    ptrace(PTRACE_POKETEXT, stopped_, address, word);
}

void Tracee::look_at_mappings() {
    std::ifstream maps(fmt::format("/proc/{}/maps", pid_));
    for (std::string line; std::getline(maps, line);) {
        uint64_t start = 0;
        uint64_t end = 0;
        uint64_t offset = 0;
        char dash = 0;
        std::string rights;
        std::string device;
        std::string inode;
        std::string path;
        std::istringstream words(line);
        words >> std::hex >> start >> dash >> end >> rights >> offset >> device >> inode >> path;
        if (rights.find('x') != std::string::npos && path.starts_with("/") &&
            seen_.emplace(path, start).second) {
            add_file(path, start, end, offset);
        }
    }
}

void Tracee::add_file(const std::string& path, uint64_t start, uint64_t end, uint64_t offset) {
    const pcapng::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const auto finding = capture::tls::find_tls(file.get());
    if (!finding) {
        throw std::runtime_error(path + ": " + finding.error().message);
    }
    for (const KeyLogFunction& function : finding->functions) {
        if (function.file_offset < offset || function.file_offset - offset >= end - start) {
            continue;
        }
        const uint64_t address = start + (function.file_offset - offset);
        const uint8_t original = read(address, 1).at(0);
        if (original == kBreakpoint) {
            // Which the kernel takes the trap for, whoever has put it there.
            throw std::runtime_error(path + ": somebody has a uprobe at the function");
        }
        breakpoints_[address] = {function, original};
        write_byte(address, kBreakpoint);
        result_.found[path] = function.library + " " + function.version;
    }
}

void Tracee::log(const user_regs_struct& registers, const KeyLogFunction& function) {
    const auto& recipe = function.recipe;
    const size_t word = recipe.pointers_of_32_bits ? 4 : 8;
    const auto value = [&](const Operand& operand) { return follow(registers, operand, word); };
    const size_t length =
        recipe.has_label_length ? static_cast<uint32_t>(value(recipe.label_length)) : kMaxLabel;
    const std::vector<uint8_t> text = read(value(recipe.label), length);
    std::string label(text.begin(), text.end());
    label.resize(recipe.has_label_length ? length : strnlen(label.c_str(), length));
    const auto size = static_cast<uint32_t>(value(recipe.secret_length));
    if (size > kMaxSecret) {
        throw std::runtime_error(fmt::format("a secret of {} bytes", size));
    }
    result_.lines.insert(fmt::format("{} {} {}", label,
                                     hex(read(value(recipe.client_random), kRandomSize)),
                                     hex(read(value(recipe.secret), size))));
}

void Tracee::hit(user_regs_struct registers, const Breakpoint& breakpoint) {
    log(registers, breakpoint.function);
    write_byte(registers.rip, breakpoint.original);
    ptrace(PTRACE_SETREGS, stopped_, nullptr, &registers);
    ptrace(PTRACE_SINGLESTEP, stopped_, nullptr, nullptr);
    int status = 0;
    waitpid(stopped_, &status, __WALL);
    write_byte(registers.rip, kBreakpoint);
}

int Tracee::handle(int signal) {
    if (signal == kSystemCallStop) {
        user_regs_struct registers{};
        ptrace(PTRACE_GETREGS, stopped_, nullptr, &registers);
        const bool is_i386 = registers.cs == 0x23;
        if (registers.orig_rax == (is_i386 ? 192U : 9U)) {  // mmap2, mmap
            look_at_mappings();
        }
        return 0;
    }
    if (signal == SIGTRAP) {
        user_regs_struct registers{};
        ptrace(PTRACE_GETREGS, stopped_, nullptr, &registers);
        const auto found = breakpoints_.find(registers.rip - 1);
        if (found != breakpoints_.end()) {
            --registers.rip;
            hit(registers, found->second);
        }
        return 0;
    }
    // A new thread's first stop.
    return signal == SIGSTOP && threads_.insert(stopped_).second ? 0 : signal;
}

BreakpointLog Tracee::trace() {
    int status = 0;
    waitpid(pid_, &status, 0);
    if (!WIFSTOPPED(status)) {
        throw std::runtime_error("the program can't be traced");
    }
    threads_.insert(pid_);
    ptrace(PTRACE_SETOPTIONS, pid_, nullptr,
           PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL);
    look_at_mappings();
    ptrace(PTRACE_SYSCALL, pid_, nullptr, nullptr);
    for (;;) {
        const pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0) {
            throw std::runtime_error("the program is gone");
        }
        if (thread == pid_ && !WIFSTOPPED(status)) {
            result_.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
            return result_;
        }
        if (WIFSTOPPED(status)) {
            stopped_ = thread;
            const int signal = handle(WSTOPSIG(status));
            ptrace(PTRACE_SYSCALL, thread, nullptr, signal);
        }
    }
}

}  // namespace

BreakpointLog run_with_breakpoints(const std::vector<std::string>& arguments,
                                   const std::vector<std::string>& environment) {
    const pid_t pid = fork();
    if (pid == 0) {
        run_program(arguments, environment);
    }
    return Tracee(pid).trace();
}

}  // namespace test
