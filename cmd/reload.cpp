// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/reload.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <string_view>
#include <utility>

namespace cmd {
namespace {

using pcapng::Fd;

constexpr unsigned kPatienceSeconds = 5;

constexpr std::array<std::string_view, 17> kProcessFilter = {
    "pid",       "comm",           "exe",   "cmdline", "uid",  "gid",  "cgroup",
    "container", "container-name", "image", "pod",     "unit", "tree", "process",
    "follow",    "unattributed",   "kernel"};

// Those whose numbers can change; whether there are any decides on the names of the files.
constexpr std::array<std::string_view, 2> kRotation = {"rotate-size", "rotate-time"};

template <typename Names>
bool is_among(const Names& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> values_of(const Options& options, const std::string& name) {
    const auto found = options.settings.find(name);
    return found != options.settings.end() ? found->second : std::vector<std::string>();
}

// The names of all settings of which the two have different values.
std::set<std::string> changed_settings(const Options& one, const Options& other) {
    std::set<std::string> changed;
    for (const auto* settings : {&one.settings, &other.settings}) {
        for (const auto& [name, values] : *settings) {
            if (values_of(one, name) != values_of(other, name)) {
                changed.insert(name);
            }
        }
    }
    return changed;
}

// What a usage error says, in one line: without "pidcap: ", and without where to find the help.
std::string reason_of(const Stop& stop) {
    constexpr std::string_view kProgram = "pidcap: ";
    std::string_view text = stop.text;
    text.remove_prefix(text.starts_with(kProgram) ? kProgram.size() : 0);
    const size_t help = text.find("\nTry 'pidcap");
    return std::string(text.substr(0, help));
}

// Whether reading the options kills nobody: a capture that has given up its rights may not connect,
// and asking a server for the name of a user would. A child does it first.
bool may_read(const Options& now) {
    const pid_t child = fork();
    if (child < 0) {
        return false;
    }
    if (child == 0) {
        alarm(kPatienceSeconds);
        (void)parse_options(now.arguments, Users::kLocal);
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status);
}

}  // namespace

bool ReloadSignal::is_wanted(const Options& options) {
    return options.config && options.command.empty() &&
           !Fd(::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)).valid();
}

pcapng::Result<ReloadSignal> ReloadSignal::open() {
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    sigprocmask(SIG_BLOCK, &hangup, nullptr);
    ReloadSignal signal;
    signal.fd_ = Fd(signalfd(-1, &hangup, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signal.fd_.valid()) {
        return pcapng::errno_error("wait for SIGHUP", errno);
    }
    return signal;
}

bool ReloadSignal::take() {
    signalfd_siginfo info{};
    return read(fd_.get(), &info, sizeof(info)) == sizeof(info);
}

std::variant<ReloadPlan, std::string> plan_reload(const Options& now) {
    if (!may_read(now)) {
        return "the name of a user or group can't be looked up any more: give its number";
    }
    auto parsed = parse_options(now.arguments, Users::kLocal);
    if (const auto* stop = std::get_if<Stop>(&parsed)) {
        return reason_of(*stop);
    }
    ReloadPlan plan{.options = std::get<Options>(std::move(parsed))};
    for (const std::string& name : changed_settings(now, plan.options)) {
        const bool was_given = !values_of(now, name).empty();
        const bool is_given = !values_of(plan.options, name).empty();
        if (is_among(kProcessFilter, name) && now.finds_processes) {
            plan.process_filter.push_back(name);
        } else if (name == "keep-free" || (is_among(kRotation, name) && was_given && is_given)) {
            plan.rotation.push_back(name);
        } else {
            plan.others.push_back(name);
        }
    }
    return plan;
}

void take_over(Options& now, const Options& next, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        now.settings.erase(name);
        if (const auto found = next.settings.find(name); found != next.settings.end()) {
            now.settings.insert(*found);
        }
    }
}

}  // namespace cmd
