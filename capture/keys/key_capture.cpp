// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/key_capture.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <string_view>
#include <utility>

#include "capture/clock.h"
#include "capture/kernel/privilege.h"
#include "capture/keys/key_probe.h"

namespace capture::tls {
namespace {

using packet::Secret;
using pcapng::Result;

// A file in memory keeps the place of a text within its page.
constexpr uint64_t kPlaceInPage = 0xfff;

// Processes without keys that are remembered.
constexpr size_t kMostReasons = 65'536;

bool is_label(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
}

// What the function of TLS 1.2 that makes everything out of secrets is called with (RFC 5246,
// sections 6.3, 7.4.9 and 8.1; RFC 7627): for keys, the master secret; else something that is none
// of a key log.
constexpr std::string_view kKeyExpansion = "key expansion";
constexpr std::array<std::string_view, 4> kOtherUses = {"master secret", "extended master secret",
                                                        "client finished", "server finished"};

std::string name_of(const ProbedFile& file) {
    return file.version.empty() ? file.library : file.library + " " + file.version;
}

}  // namespace

Result<KeyCapture> KeyCapture::start(ProbeSettings settings, const std::optional<UserIds>& user) {
    if (!probes_by_links() && !has_capability(CAP_SYS_ADMIN)) {
        return pcapng::Error{
            "this kernel attaches programs to functions of user space for CAP_SYS_ADMIN only "
            "(Linux 6.6 for CAP_PERFMON, too): run as root",
            EPERM};
    }
    auto ring = SecretRing::create();
    if (!ring) {
        return std::move(ring).error();
    }
    settings.secrets = ring->fd();
    settings.secrets_missed = ring->missed_fd();
    auto prober = Prober::start(settings, user);
    if (!prober) {
        return std::move(prober).error();
    }
    return KeyCapture(*std::move(ring), *std::move(prober));
}

void KeyCapture::read_files() {
    auto files = prober_.take_files();
    if (!files) {
        if (!std::exchange(ended_, true)) {
            notices_.push_back("TLS keys: " + files.error().message + ": there are no more keys");
        }
        return;
    }
    for (ProbedFile& file : *files) {
        if (file.probe != 0) {
            by_probe_[file.probe] = files_.size();
            files_.push_back(std::move(file));
            continue;
        }
        if (reasons_.size() >= kMostReasons) {
            reasons_.clear();
        }
        reasons_[file.pid] = fmt::format("{}: {}", file.path, file.reason);
    }
}

// What that process has to say is taken here, too: without secrets to take nobody else does.
std::vector<std::string> KeyCapture::take_notices() {
    read_files();
    return std::exchange(notices_, {});
}

std::string KeyCapture::reason_of(uint32_t pid) const {
    const auto found = reasons_.find(pid);
    return found != reasons_.end() ? found->second : std::string();
}

// A label that couldn't be read is told by its place.
std::string KeyCapture::label_of(const pidcap_secret& raw, const ProbedFile& file) const {
    if (raw.label_len > 0) {
        return {raw.label, strnlen(raw.label, sizeof(raw.label))};
    }
    const auto is_it = [&](const Label& label) {
        return ((label.address ^ raw.label_address) & kPlaceInPage) == 0;
    };
    const auto found = std::find_if(file.labels.begin(), file.labels.end(), is_it);
    const bool is_only =
        found != file.labels.end() && std::none_of(found + 1, file.labels.end(), is_it);
    return is_only ? found->text : std::string();
}

// Adds the secret, unless it is none, and overwrites it.
void KeyCapture::take(pidcap_secret& raw, uint64_t time_ns, std::vector<DerivedSecret>& secrets) {
    const ProbedFile& file = files_[by_probe_.at(raw.probe)];
    DerivedSecret secret{.time_ns = time_ns, .pid = raw.tgid, .library = name_of(file)};
    secret.line.label = label_of(raw, file);
    if (secret.line.label == kKeyExpansion) {
        secret.line.label = "CLIENT_RANDOM";
    }
    const bool is_other = std::ranges::find(kOtherUses, secret.line.label) != kOtherUses.end();
    if (is_other) {
        // It isn't for a key log.
    } else if (!is_label(secret.line.label) || raw.secret_len > sizeof(raw.secret)) {
        unreadable_++;
    } else if (!packet::is_exporter_label(secret.line.label)) {
        std::copy(std::begin(raw.client_random), std::end(raw.client_random),
                  secret.line.client_random.begin());
        secret.line.secret = Secret(std::span(raw.secret).first(raw.secret_len));
        secrets.push_back(std::move(secret));
    }
    explicit_bzero(&raw, sizeof(raw));
}

std::vector<DerivedSecret> KeyCapture::take_secrets() {
    std::vector<DerivedSecret> secrets;
    ring_.read([this](const pidcap_secret& raw) { early_.push_back(raw); });
    read_files();
    if (ended_) {
        early_.clear();
    }
    if (early_.empty()) {
        return secrets;
    }
    const WallClock clock;
    while (!early_.empty() && by_probe_.contains(early_.front().probe)) {
        take(early_.front(), clock.from_mono(early_.front().time_mono), secrets);
        early_.pop_front();
    }
    return secrets;
}

}  // namespace capture::tls
