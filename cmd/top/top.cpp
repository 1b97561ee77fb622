// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/top.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <utility>
#include <variant>

#include "capture/hooks/descriptor_limit.h"
#include "capture/session.h"
#include "cmd/capture_options.h"
#include "cmd/drop_privileges.h"
#include "cmd/filter.h"
#include "cmd/list_interfaces.h"
#include "cmd/message.h"
#include "cmd/process_options.h"
#include "cmd/session_lines.h"
#include "cmd/stop_signals.h"
#include "cmd/top/capture_launcher.h"
#include "cmd/top/terminal.h"
#include "cmd/top/top_json.h"
#include "cmd/top/top_options.h"
#include "cmd/top/top_row.h"
#include "cmd/top/top_screen.h"
#include "cmd/top/traffic.h"
#include "cmd/top/usage_meter.h"
#include "packet/filter/process_expression.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using capture::Result;
using Clock = std::chrono::steady_clock;

// A session that counts delivers no packets.
class NoPackets : public packet::Sink {
  public:
    Result<void> interface(const packet::Interface& /*interface*/) override { return {}; }
    Result<void> packet(const packet::Packet& /*packet*/) override { return {}; }
    Result<void> idle() override { return {}; }
    Result<void> finish(const std::vector<packet::InterfaceCounters>& /*counters*/) override {
        return {};
    }
};

std::string time_text() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    return fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

void say(const std::string& text, Priority priority) {
    write_message(fmt::format("pidcap: {}\n", text), priority);
}

class Top {
  public:
    explicit Top(TopOptions options) : options_(std::move(options)) {}

    Result<void> run();

  private:
    Result<void> open();
    // Returns true if it is to end.
    Result<bool> wait_until(Clock::time_point end);
    Result<void> take();
    std::string where() const;
    void say_notices();
    Result<void> print_intervals();
    void print();
    Result<void> show_intervals();
    Result<bool> press_keys();
    Result<void> filter();
    void write_selected();
    void draw() { terminal_->draw(screen_->lines(terminal_->width(), terminal_->height())); }

    TopOptions options_;
    std::optional<StopSignals> signals_;
    NoPackets sink_;
    std::unique_ptr<capture::Session> session_;
    std::optional<UsageMeter> usages_;
    Traffic traffic_;
    capture::Amount seen_;
    capture::Amount uncounted_;
    // With a terminal only.
    std::optional<CaptureLauncher> launcher_;
    std::optional<Terminal> terminal_;
    std::optional<TopScreen> screen_;
};

Result<void> Top::open() {
    if (auto checked = Terminal::check(); options_.uses_terminal() && !checked) {
        return checked;
    }
    auto signals = StopSignals::open();
    if (!signals) {
        return std::move(signals).error();
    }
    signals_ = *std::move(signals);
    if (options_.uses_terminal()) {
        // Before anything is loaded: what it forks shall have none of it.
        auto launcher = CaptureLauncher::start(options_.where, *signals_);
        if (!launcher) {
            return std::move(launcher).error();
        }
        launcher_.emplace(*std::move(launcher));
    }
    if (auto resolved = resolve_interfaces(options_.capture); !resolved) {
        return resolved;
    }
    capture::raise_descriptor_limit();
    auto filter = read_filter(options_.capture);
    if (!filter) {
        return std::move(filter).error();
    }
    auto wanted = session_options(options_.capture, std::nullopt, *std::move(filter));
    wanted.programs.counts = true;
    wanted.programs.buffer_bytes = 1;  // the smallest rings: no packet comes through them
    wanted.helper_user = running_user(options_.capture);
    auto session = capture::Session::open(wanted);
    if (!session) {
        return std::move(session).error();
    }
    session_ = *std::move(session);
    if (options_.uses_terminal()) {
        auto terminal = Terminal::open();
        if (!terminal) {
            return std::move(terminal).error();
        }
        terminal_.emplace(*std::move(terminal));
    }
    if (auto started = session_->start(sink_); !started) {
        return started;
    }
    DropOptions drop;
    drop.user = running_user(options_.capture);
    if (auto dropped = drop_privileges(*session_, drop); !dropped) {
        return dropped;
    }
    usages_.emplace(*session_);
    return {};
}

Result<bool> Top::wait_until(Clock::time_point end) {
    std::vector<int> watched = {signals_->fd()};
    if (terminal_) {
        watched.insert(watched.end(), {STDIN_FILENO, launcher_->fd()});
    }
    while (true) {
        if (auto handed = session_->step(); !handed) {
            return std::move(handed).error();
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        if (left <= 0) {
            return false;
        }
        auto ready = session_->wait(watched, -1, static_cast<int>(left));
        if (!ready) {
            return ready;
        }
        if (signals_->pending()) {
            return true;
        }
        auto quits = terminal_ ? press_keys() : Result<bool>(false);
        if (!quits || *quits) {
            return quits;
        }
    }
}

// Returns true if one of them ends it.
Result<bool> Top::press_keys() {
    bool has_changed = false;
    while (const auto key = terminal_->read_key()) {
        has_changed = true;
        switch (screen_->press(*key)) {
            case TopScreen::Action::kNone:
                break;
            case TopScreen::Action::kQuit:
                return true;
            case TopScreen::Action::kWrite:
                write_selected();
                break;
            case TopScreen::Action::kFilter:
                if (auto filtered = filter(); !filtered) {
                    return std::move(filtered).error();
                }
                break;
        }
    }
    if (const std::string message = launcher_->take_message(); !message.empty()) {
        screen_->say(message);
        has_changed = true;
    }
    if (has_changed) {
        draw();
    }
    return false;
}

void Top::write_selected() {
    const auto selected = screen_->selected();
    if (selected && selected->pid != 0) {
        launcher_->toggle(selected->pid, selected->lives);
    } else {
        screen_->say("select a process: its packets are written");
    }
}

Result<void> Top::filter() {
    const std::string& text = screen_->typed();
    packet::ProcessConditions conditions;
    if (!text.empty()) {
        auto parsed = packet::parse_process_expression(text);
        if (const auto* error = std::get_if<packet::SyntaxError>(&parsed)) {
            screen_->say(fmt::format("{}: {}", text, error->message));
            return {};
        }
        conditions.expression = std::get<packet::ProcessExpression>(std::move(parsed));
        conditions.follow = options_.capture.process_filter.follow;
    }
    if (auto set = session_->set_filter(conditions); !set) {
        screen_->say(set.error().message);
        return {};
    }
    screen_->set_filter(text);
    // What was counted by the filter before isn't shown.
    if (auto taken = take(); !taken) {
        return taken;
    }
    traffic_ = {};
    screen_->update(time_text());
    return {};
}

std::string Top::where() const {
    return options_.capture.hook == capture::Hook::kCgroup
               ? "sockets of all network namespaces"
               : packet::printable(fmt::format("{}", fmt::join(options_.capture.interfaces, ", ")));
}

Result<void> Top::show_intervals() {
    screen_.emplace(traffic_, options_.view, options_.sort, where(), options_.processes_text);
    screen_->update(time_text());
    draw();
    for (auto next = Clock::now() + options_.delay;; next += options_.delay) {
        auto ended = wait_until(next);
        if (!ended) {
            return std::move(ended).error();
        }
        if (*ended) {
            return {};
        }
        if (auto taken = take(); !taken) {
            return taken;
        }
        for (std::string& notice : session_->take_notices()) {
            screen_->say(std::move(notice));
        }
        screen_->update(time_text());
        draw();
    }
}

Result<void> Top::take() {
    auto counts = session_->take_counts();
    if (!counts) {
        return std::move(counts).error();
    }
    seen_ += counts->out + counts->in + counts->loopback;
    uncounted_ += counts->uncounted;
    traffic_.add(
        *counts,
        [this](const packet::Process& process) { return session_->processes().parent_of(process); },
        [&](uint32_t process) { return usages_->usage_of(process, counts->seconds); });
    return {};
}

void Top::say_notices() {
    for (const std::string& notice : session_->take_notices()) {
        say(notice, Priority::kNotice);
    }
}

void Top::print() {
    if (options_.json) {
        capture::WallClock clock;
        fmt::print("{}\n", top_json(traffic_, clock.now()));
    } else {
        const auto rows = top_rows(traffic_, options_.view, options_.sort);
        const CellRows cells{rows.size(), [&](size_t row) {
                                 return top_cells(rows[row], options_.view, traffic_.seconds());
                             }};
        print_table(top_headings(options_.view), cells, width_of(STDOUT_FILENO), false,
                    [](std::string_view line) {
                        fmt::print("{}", line);
                        return true;
                    });
    }
    std::fflush(stdout);
}

Result<void> Top::print_intervals() {
    say_notices();
    say(fmt::format("counting on {}", where()), Priority::kInfo);
    auto next = Clock::now();
    const uint64_t count = options_.once ? 1 : options_.count.value_or(UINT64_MAX);
    for (uint64_t i = 0; i < count && std::ferror(stdout) == 0; i++) {
        next += options_.delay;
        const auto ended = wait_until(next);
        if (!ended) {
            return ended.error();
        }
        if (auto taken = take(); !taken) {
            return taken;
        }
        print();
        say_notices();
        if (*ended) {
            break;
        }
    }
    return {};
}

Result<void> Top::run() {
    if (auto opened = open(); !opened) {
        return capture::explain_descriptors(opened.error());
    }
    auto ran = options_.uses_terminal() ? show_intervals() : print_intervals();
    terminal_.reset();
    auto finished = session_->finish();
    if (!options_.uses_terminal()) {
        say(fmt::format("{} packets seen, {} not counted", seen_.packets, uncounted_.packets),
            Priority::kInfo);
    }
    // The first one is of captured packets.
    const std::vector<std::string> lines = end_lines(*session_);
    for (size_t i = 1; i < lines.size(); i++) {
        say(lines[i], Priority::kWarning);
    }
    return ran ? finished : ran;
}

}  // namespace

std::optional<int> run_top_command(std::span<const std::string> arguments) {
    if (arguments.empty() || arguments.front() != "top") {
        return std::nullopt;
    }
    auto parsed = parse_top_options(arguments.subspan(1));
    if (const auto* stop = std::get_if<Stop>(&parsed)) {
        return say(*stop);
    }
    if (auto ran = Top(std::get<TopOptions>(std::move(parsed))).run(); !ran) {
        print_message("pidcap: {}\n", ran.error().message);
        return kExitFailed;
    }
    return kExitDone;
}

}  // namespace cmd
