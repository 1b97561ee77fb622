// SPDX-License-Identifier: GPL-2.0-only
//
// Recorder: what makes a capture a recorder: its triggers (SIGUSR1, `pidcap trigger`, an
// expression), and what `pidcap status` is told. It stands between the session and the file, as a
// sink. The options, the file and the session outlive it. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/clock.h"
#include "capture/session.h"
#include "cmd/options.h"
#include "cmd/recorder/control_socket.h"
#include "cmd/recorder/recorder_status.h"
#include "cmd/recorder/trigger_expression.h"
#include "cmd/recorder/trigger_signal.h"
#include "cmd/recorder/triggered_file.h"

namespace cmd {

class Recorder : public packet::Sink {
  public:
    // Listens. Call it before privileges are dropped. `filter`: the packet filter's expression.
    // Error: the name is another recorder's.
    static capture::Result<std::unique_ptr<Recorder>> open(const Options& options,
                                                           const std::string& filter,
                                                           TriggerSignal signal,
                                                           TriggeredFile& file);

    // Takes the session that it records. Call it before the session is started.
    capture::Result<void> attach(capture::Session& session);

    capture::Result<void> interface(const packet::Interface& interface) override {
        return file_.interface(interface);
    }
    capture::Result<void> packet(const packet::Packet& packet) override;
    capture::Result<void> process(const packet::ProcessEvent& event) override {
        return file_.process(event);
    }
    capture::Result<void> keys(std::span<const packet::KeyLogLine> lines) override {
        return file_.keys(lines);
    }
    capture::Result<void> idle() override { return file_.idle(); }
    capture::Result<void> finish(const std::vector<packet::InterfaceCounters>& counters) override {
        return file_.finish(counters);
    }

    // What to wait for. Changes with each serve().
    std::vector<int> fds() const;
    // Whether the next round is to begin at once.
    bool busy() const { return file_.busy(); }
    // Acts on signals and requests. Call it between rounds, once the file has begun.
    void serve();
    // Returns what the user should know, a line each, since the last call.
    std::vector<std::string> take_notices() { return std::exchange(notices_, {}); }

  private:
    Recorder(const Options& options, const std::string& filter, TriggerSignal signal,
             TriggeredFile& file);

    capture::Result<TriggerAnswer> trigger(const Trigger& trigger);
    std::string answer(std::string_view request, uid_t asking);

    const Options& options_;
    TriggerSignal signal_;
    TriggeredFile& file_;
    capture::Session* session_ = nullptr;
    std::optional<ControlSocket> socket_;
    std::optional<TriggerExpression> expression_;
    capture::WallClock clock_;
    RecorderSource source_;
    TriggerCounts counts_;
    RateMeter rates_;
    uint64_t ignored_until_ = 0;  // expressions, after a failure
    bool told_extension_ = false;
    std::vector<std::string> notices_;
};

}  // namespace cmd
