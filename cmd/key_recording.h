// SPDX-License-Identifier: GPL-2.0-only
//
// KeyRecording: what --tls-keys and --tls-plaintext add to a capture: the probes, the sinks in
// front of the file, and what is said of it. Stands between the session and the capture's file. One
// thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/confinement/confinement.h"
#include "capture/keys/key_capture.h"
#include "capture/keys/key_sink.h"
#include "capture/session.h"
#include "cmd/key_log_sink.h"
#include "cmd/key_options.h"
#include "cmd/options.h"
#include "cmd/plaintext_count.h"
#include "pcapng/fd.h"

namespace cmd {

// Checks what can be checked before the capture's file is opened, and keeps secrets out of core
// dumps. Nothing is wrong without --tls-keys and --tls-plaintext.
capture::Result<void> prepare_for_keys(const Options& options);

// What the start of a capture says of plaintext.
inline constexpr const char* kPlaintextNote =
    "what processes pass through TLS libraries is recorded in clear, whatever the packet filter";

// What the start of a capture says of the keys in its files.
inline constexpr const char* kKeysNote =
    "the TLS secrets of recorded connections are in this file: who has it can read them";

class KeyRecording {
  public:
    // Puts probes into the TLS libraries of all processes. `mode`: of a key log that is made.
    // `user`: see KeyCapture.
    static capture::Result<std::unique_ptr<KeyRecording>> open(
        const capture::Session& session, const KeyOptions& options, FileMode mode,
        const std::optional<capture::UserIds>& user);

    // Probes a program that is about to be started, ahead of it.
    capture::Result<void> prepare(const std::string& program) { return keys_.prepare(program); }

    // Returns the sink for the session. `next`, which outlives it, gets what it hands on.
    packet::Sink& in_front_of(packet::Sink& next);

    // Returns after how many milliseconds the session's next step is due: for packets that wait, or
    // for the ring of secrets, which nobody else empties.
    int milliseconds_left() const {
        const int waiting = sink_ ? sink_->milliseconds_left() : -1;
        return waiting < 0 ? kEmptyRingMs : waiting;
    }
    int fd() const { return keys_.fd(); }
    std::vector<std::string> take_notices() { return keys_.take_notices(); }

    // Takes the probes out.
    void stop() { keys_.stop(); }
    // What came of it: first how many connections, then what was missed.
    std::vector<std::string> end_lines(int verbose) const;

  private:
    std::vector<std::string> key_lines(int verbose) const;
    std::vector<std::string> plaintext_lines(int verbose) const;

    KeyRecording(capture::tls::KeyCapture keys, const KeyOptions& options)
        : keys_(std::move(keys)), options_(options) {}

    static constexpr int kEmptyRingMs = 100;

    capture::tls::KeyCapture keys_;
    KeyOptions options_;
    pcapng::Fd log_file_;
    std::unique_ptr<KeyLogSink> log_;
    std::unique_ptr<capture::tls::KeySink> sink_;
    std::unique_ptr<PlaintextCount> plaintext_;
};

}  // namespace cmd
