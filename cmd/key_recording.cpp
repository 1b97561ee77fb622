// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/key_recording.h"

#include <fmt/format.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "cmd/key_file.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using capture::tls::KeySink;
using capture::tls::KeySinkOptions;
using capture::tls::KeyStatus;

// Processes that are listed without -v.
constexpr size_t kFew = 10;

// Whoever may run a program with capabilities in its file, as the members of Wireshark's group may,
// has got no further right to the processes of others.
std::optional<uint32_t> caller_of_file_capabilities() {
    return getauxval(AT_SECURE) != 0 ? std::optional<uint32_t>(getuid()) : std::nullopt;
}

// `reason`: why there are no keys, if that is known.
std::string line_of(const KeyStatus& status, const std::string& reason) {
    const std::string who =
        status.pid == 0 ? "other processes"
                        : fmt::format("{} [{}]", packet::printable(status.comm), status.pid);
    const bool tells_why = status.with_keys < status.hellos && !reason.empty();
    return fmt::format("TLS keys: {}{}: {} of {} connections{}", who,
                       status.library.empty() ? "" : ", " + packet::printable(status.library),
                       status.with_keys, status.hellos,
                       tells_why ? "; " + packet::printable(reason) : "");
}

}  // namespace

capture::Result<void> prepare_for_keys(const Options& options) {
    if (!options.keys.need_probes()) {
        return {};
    }
    const rlimit none{0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) {
        return pcapng::errno_error("keep secrets out of core dumps", errno);
    }
    const bool one_file = options.output && !options.rotation.several_files();
    return one_file && !options.mode ? refuse_exposed(*options.output) : capture::Result<void>{};
}

capture::Result<std::unique_ptr<KeyRecording>> KeyRecording::open(
    const capture::Session& session, const KeyOptions& options, FileMode mode,
    const std::optional<capture::UserIds>& user) {
    pcapng::Fd file;
    if (options.log_file) {
        auto opened = open_key_log(*options.log_file, mode);
        if (!opened) {
            return std::move(opened).error();
        }
        file = *std::move(opened);
    }
    auto keys = session.capture_keys(user, caller_of_file_capabilities(), options.wanted);
    if (!keys) {
        pcapng::Error error = std::move(keys).error();
        error.message = (options.wanted ? "--tls-keys: " : "--tls-plaintext: ") + error.message;
        return error;
    }
    std::unique_ptr<KeyRecording> recording(new KeyRecording(*std::move(keys), options));
    recording->log_file_ = std::move(file);
    return recording;
}

packet::Sink& KeyRecording::in_front_of(packet::Sink& next) {
    packet::Sink* target = &next;
    if (options_.plaintext) {
        plaintext_ = std::make_unique<PlaintextCount>(*target);
        target = plaintext_.get();
    }
    if (!options_.wanted) {
        return *target;
    }
    if (log_file_.valid()) {
        log_ = std::make_unique<KeyLogSink>(*target, std::move(log_file_), *options_.log_file);
        target = log_.get();
    }
    KeySinkOptions wanted;
    wanted.wait_ns = static_cast<uint64_t>(options_.wait.count());
    if (!options_.in_file) {
        // No reader of packets waits for keys.
        wanted.lag_ns = 0;
        wanted.wait_ns = 0;
    }
    sink_ = std::make_unique<KeySink>(
        *target, [this] { return keys_.take_secrets(); }, wanted);
    return *sink_;
}

std::vector<std::string> KeyRecording::end_lines(int verbose) const {
    std::vector<std::string> lines =
        options_.wanted ? key_lines(verbose) : std::vector<std::string>();
    if (options_.plaintext) {
        std::ranges::move(plaintext_lines(verbose), std::back_inserter(lines));
    }
    return lines;
}

std::vector<std::string> KeyRecording::plaintext_lines(int verbose) const {
    std::vector<std::string> lines = plaintext_ ? plaintext_->lines() : std::vector<std::string>();
    if (lines.empty()) {
        lines.emplace_back("TLS plaintext: no process passed any while this ran");
    }
    if (lines.size() > kFew && verbose == 0) {
        const size_t more = lines.size() - kFew;
        lines.resize(kFew);
        lines.push_back(fmt::format("TLS plaintext: {} processes more; -v lists them all", more));
    }
    if (const uint64_t unbegun = keys_.unbegun(); unbegun > 0) {
        lines.push_back(
            fmt::format("TLS plaintext: {} calls were under way at the start, so what "
                        "they passed is missing",
                        unbegun));
    }
    return lines;
}

std::vector<std::string> KeyRecording::key_lines(int verbose) const {
    std::vector<std::string> lines;
    const std::vector<KeyStatus> all = sink_ ? sink_->status() : std::vector<KeyStatus>();
    uint64_t hellos = 0;
    for (size_t i = 0; i < all.size(); i++) {
        hellos += all[i].hellos;
        if (i < kFew || verbose > 0) {
            lines.push_back(line_of(all[i], keys_.reason_of(all[i].pid)));
        }
    }
    if (all.size() > lines.size()) {
        lines.push_back(fmt::format("TLS keys: {} processes more; -v lists them all",
                                    all.size() - lines.size()));
    }
    if (hellos == 0) {
        lines.emplace_back("TLS keys: no connection began while this ran");
    }
    if (const uint64_t late = sink_ && options_.in_file ? sink_->late() : 0; late > 0) {
        lines.push_back(
            fmt::format("TLS keys: {} secrets came too late for their packets: a longer --tls-wait "
                        "may help; \"pidcap extract FILE -w OUT\" puts them in front",
                        late));
    }
    if (const uint64_t missed = keys_.ring_full(); missed > 0) {
        lines.push_back(
            fmt::format("TLS keys: {} secrets lost, as there were too many at a time", missed));
    }
    if (const uint64_t unreadable = keys_.unreadable(); unreadable > 0) {
        lines.push_back(fmt::format(
            "TLS keys: {} times a library was called with what is no secret", unreadable));
    }
    return lines;
}

}  // namespace cmd
