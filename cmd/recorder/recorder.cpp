// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/recorder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cmd/recorder/recorder_directory.h"
#include "cmd/status_line.h"
#include "cmd/sudo_caller.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using capture::Result;
using nlohmann::json;

constexpr size_t kLongestNote = 1024;
// How long no expression triggers after a file that could not be begun.
constexpr uint64_t kPauseNs = 1'000'000'000;

uid_t owner() {
    const auto caller = SudoCaller::find();
    return caller ? caller->uid() : getuid();
}

std::string error_line(const std::string& message) {
    return json{{"error", message}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

Recorder::Recorder(const Options& options, const std::string& filter, TriggerSignal signal,
                   TriggeredFile& file)
    : options_(options),
      signal_(std::move(signal)),
      file_(file),
      source_(RecorderSource::find(options.recorder.name.value_or(fmt::format("{}", getpid())),
                                   filter)) {}

Result<std::unique_ptr<Recorder>> Recorder::open(const Options& options, const std::string& filter,
                                                 TriggerSignal signal, TriggeredFile& file) {
    std::unique_ptr<Recorder> recorder(new Recorder(options, filter, std::move(signal), file));
    auto directory = make_recorder_directory();
    auto socket =
        directory.ok()
            ? ControlSocket::open(recorder_socket_path(*directory, recorder->source_.name), owner())
            : Result<ControlSocket>(directory.error());
    if (socket) {
        recorder->socket_.emplace(*std::move(socket));
    } else if (socket.error().code == EADDRINUSE || options.recorder.name) {
        return std::move(socket).error();
    } else {
        recorder->notices_.push_back(
            fmt::format("{}; `pidcap status` and `pidcap trigger` won't find this capture",
                        socket.error().message));
    }
    return recorder;
}

Result<void> Recorder::attach(capture::Session& session) {
    session_ = &session;
    if (!options_.recorder.expression) {
        return {};
    }
    auto conditions = parse_trigger_expression(*options_.recorder.expression);
    if (!conditions) {
        return std::move(conditions).error();
    }
    auto processes = session.make_filter({conditions->process, false});
    if (!processes) {
        return capture::Error{"--trigger: " + processes.error().message, processes.error().code};
    }
    auto expression = TriggerExpression::make(*conditions, *std::move(processes));
    if (!expression) {
        return std::move(expression).error();
    }
    expression_.emplace(*std::move(expression));
    return {};
}

Result<void> Recorder::packet(const packet::Packet& packet) {
    if (expression_ && expression_->matches(packet)) {
        const uint64_t time = packet.time_ns.value_or(0);
        if (time >= ignored_until_ &&
            !trigger({.kind = Trigger::Kind::kExpression, .time_ns = time})) {
            ignored_until_ = time + kPauseNs;
        }
    }
    return file_.packet(packet);
}

Result<TriggerAnswer> Recorder::trigger(const Trigger& trigger) {
    uint64_t& count = trigger.kind == Trigger::Kind::kSignal    ? counts_.signal
                      : trigger.kind == Trigger::Kind::kCommand ? counts_.command
                                                                : counts_.expression;
    count++;
    auto answer = file_.trigger(trigger);
    if (!answer) {
        counts_.failed++;
        notices_.push_back(fmt::format("trigger ({}): {}; the capture goes on",
                                       kind_name(trigger.kind), answer.error().message));
        return answer;
    }
    counts_.last = trigger;
    counts_.last_path = answer->path;
    counts_.extended += answer->extended ? 1 : 0;
    if (answer->extended && told_extension_) {
        return answer;
    }
    told_extension_ = answer->extended;
    const std::string note =
        trigger.note.empty() ? "" : fmt::format(" \"{}\"", packet::printable(trigger.note));
    const std::string what =
        answer->extended ? answer->path + " is made longer" : "saving packets to " + answer->path;
    notices_.push_back(fmt::format("trigger ({}){}: {}", kind_name(trigger.kind), note, what));
    return answer;
}

std::vector<int> Recorder::fds() const {
    std::vector<int> fds = socket_ ? socket_->fds() : std::vector<int>{};
    fds.push_back(signal_.fd());
    return fds;
}

void Recorder::serve() {
    while (const auto uid = signal_.take()) {
        (void)trigger({.kind = Trigger::Kind::kSignal, .time_ns = clock_.now(), .uid = *uid});
    }
    if (const uint64_t time = capture::clock_ns(CLOCK_MONOTONIC); rates_.due(time)) {
        const Progress progress = progress_of(session_->counters());
        rates_.add(time, progress.count.packets, progress.bytes);
    }
    if (socket_) {
        socket_->serve(
            [this](std::string_view request, uid_t asking) { return answer(request, asking); });
    }
}

std::string Recorder::answer(std::string_view request, uid_t asking) {
    const json asked = json::parse(request, nullptr, false);
    if (!asked.is_object() || !asked.contains("request") || !asked["request"].is_string()) {
        return error_line("not a request: a JSON object with a member \"request\" is");
    }
    if (asked["request"] == "status") {
        return status_line_json(source_, options_, *session_, file_.status(), counts_, rates_,
                                clock_.now());
    }
    if (asked["request"] != "trigger") {
        return error_line("no such request; there are status and trigger");
    }
    std::string note;
    if (asked.contains("note")) {
        if (!asked["note"].is_string()) {
            return error_line("note: not a text");
        }
        note = asked["note"].get<std::string>();
    }
    if (note.size() > kLongestNote) {
        return error_line(fmt::format("note: longer than {} bytes", kLongestNote));
    }
    const auto done = trigger(
        {.kind = Trigger::Kind::kCommand, .time_ns = clock_.now(), .note = note, .uid = asking});
    if (!done) {
        return error_line(done.error().message);
    }
    return json{{"name", source_.name},
                {"file", done->path},
                {"extended", done->extended},
                {"until", utc_text(done->until_ns)}}
        .dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace cmd
