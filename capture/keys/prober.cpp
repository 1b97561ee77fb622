// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/prober.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <memory>
#include <utility>

#include "capture/keys/file_changes.h"
#include "capture/keys/finder_process.h"
#include "capture/keys/key_probe.h"
#include "capture/keys/mapping_watch.h"
#include "capture/keys/plaintext_probe.h"
#include "capture/keys/probe_server.h"

namespace capture::tls {
namespace {

using pcapng::Result;

constexpr int kUrgent = -10;  // nice(2)

pcapng::Error ended() {
    return {"the process that puts probes into TLS libraries (pidcap-tls) has ended", EPIPE};
}

Confinement confinement_for(const std::optional<UserIds>& user) {
    Confinement confinement;
    confinement.user = user;
    confinement.kept = {CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH,
                        CAP_CHECKPOINT_RESTORE};
    if (!probes_by_links()) {
        confinement.kept.push_back(CAP_SYS_ADMIN);
    }
    confinement.denied = SystemCalls{.loads_programs = true};
    return confinement;
}

Result<ProbeServer::Programs> load_programs(const ProbeSettings& settings) {
    ProbeServer::Programs programs;
    if (settings.takes_secrets) {
        auto keys = KeyProbes::load(settings);
        if (!keys) {
            return std::move(keys).error();
        }
        programs.keys.emplace(*std::move(keys));
    }
    if (settings.plaintext) {
        auto plaintext = PlaintextProbes::load(settings);
        if (!plaintext) {
            return std::move(plaintext).error();
        }
        programs.plaintext.emplace(*std::move(plaintext));
    }
    return programs;
}

}  // namespace

Result<Prober> Prober::start(const ProbeSettings& settings, const std::optional<UserIds>& user) {
    const auto prepare = [&]() -> Result<HelperProcess::Serve> {
        // Ahead of the program whose first handshake it is about. Where that isn't allowed, which
        // takes CAP_SYS_NICE, it comes in its turn.
        (void)setpriority(PRIO_PROCESS, 0, kUrgent);
        auto finder = FinderProcess::start(user);
        if (!finder) {
            return std::move(finder).error();
        }
        auto programs = load_programs(settings);
        if (!programs) {
            return std::move(programs).error();
        }
        auto watch = MappingWatch::open();
        if (!watch) {
            return std::move(watch).error();
        }
        auto changes = FileChanges::open();
        if (!changes) {
            return std::move(changes).error();
        }
        // A function that is handed on has to be copied, and this can't be.
        const auto server = std::make_shared<ProbeServer>(*std::move(programs), *std::move(finder),
                                                          *std::move(watch), *std::move(changes));
        return HelperProcess::Serve([server](int socket) { server->serve(socket); });
    };
    std::vector<int> kept = {settings.secrets, settings.secrets_missed, settings.unwanted,
                             settings.changes};
    if (settings.plaintext) {
        std::ranges::copy(PlaintextProbes::descriptors(*settings.plaintext),
                          std::back_inserter(kept));
    }
    auto helper = HelperProcess::start("pidcap-tls", confinement_for(user), prepare, kept);
    if (!helper) {
        return std::move(helper).error();
    }
    Prober prober(*std::move(helper));
    if (!prober.wait_for(ProberReport::kReady)) {
        return ended();
    }
    return prober;
}

// Takes one message of the process. Returns nothing if there is none, or no more will come.
std::optional<ProberReport> Prober::receive(int flags) {
    const auto received = receive_message(fd(), room_, flags);
    if (!received) {
        alive_ = errno == EAGAIN;
        return std::nullopt;
    }
    MessageReader message(received->bytes);
    const auto report = static_cast<ProberReport>(message.number<uint8_t>());
    if (report == ProberReport::kFile) {
        ProbedFile file = probed_file_in(message);
        if (message.complete()) {
            files_.push_back(std::move(file));
        }
    }
    return report;
}

// Waits for this message, and keeps what comes before. False: it doesn't come.
bool Prober::wait_for(ProberReport wanted) {
    std::optional<ProberReport> got;
    do {
        got = receive(0);
    } while (got && *got != wanted);
    return got.has_value();
}

Result<void> Prober::prepare(const std::string& path) {
    MessageWriter message = message_of(ProberOrder::kPrepare);
    message.add(path);
    if (!send_message(fd(), message) || !wait_for(ProberReport::kPrepared)) {
        return ended();
    }
    return {};
}

Result<std::vector<ProbedFile>> Prober::take_files() {
    while (alive_ && receive(MSG_DONTWAIT)) {
    }
    if (!alive_ && files_.empty()) {
        return ended();
    }
    return std::exchange(files_, {});
}

void Prober::stop() {
    if (alive_ && send_message(fd(), message_of(ProberOrder::kStop))) {
        wait_for(ProberReport::kStopped);
    }
    alive_ = false;
}

}  // namespace capture::tls
