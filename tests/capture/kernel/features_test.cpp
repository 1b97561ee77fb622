// SPDX-License-Identifier: GPL-2.0-only
//
// The probes on this machine's kernel, as root and as nobody.
#include "capture/kernel/features.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <sstream>
#include <system_error>

#include "capture/kernel/bpf_probe.h"
#include "capture/kernel/feature_list.h"
#include "capture/kernel/privilege.h"
#include "capture/kernel/surroundings.h"

using capture::Feature;
using State = Feature::State;

namespace {

std::vector<Feature> features_now() {
    capture::Features kernel;
    return capture::list_features(kernel);
}

const Feature& find(const std::vector<Feature>& features, const std::string& id) {
    const auto found = std::find_if(features.begin(), features.end(),
                                    [&id](const Feature& feature) { return feature.id == id; });
    REQUIRE(found != features.end());
    return *found;
}

// What a command prints; nothing if it fails.
std::string output_of(const char* command) {
    std::FILE* pipe = popen(command, "r");  // NOLINT: a test's own words
    std::string text;
    std::array<char, 4096> part{};
    for (size_t size = 0; pipe && (size = fread(part.data(), 1, part.size(), pipe)) > 0;) {
        text.append(part.data(), size);
    }
    return pipe && pclose(pipe) == 0 ? text : std::string();
}

// Every open descriptor of this process: programs and links live as long as theirs.
std::vector<std::string> open_files() {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        files.push_back(std::filesystem::read_symlink(entry.path(), gone).string());
    }
    std::sort(files.begin(), files.end());
    return files;
}

// Runs `body` in a child after `prepare`; whether both are content.
bool in_child(const std::function<bool()>& prepare, const std::function<bool()>& body) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(prepare() && body() ? 0 : 1);
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    return status == 0;
}

bool as_nobody(const std::function<bool()>& body) {
    return in_child([] { return setgid(65534) == 0 && setuid(65534) == 0; }, body);
}

}  // namespace

TEST_CASE("as root on a kernel with all that is required, a capture can work") {
    const std::vector<Feature> features = features_now();
    for (const Feature& feature : features) {
        CAPTURE(feature.id, feature.detail);
        if (feature.need == Feature::Need::kRequired) {
            CHECK(feature.state == State::kYes);
        }
        CHECK(feature.state != State::kUnknown);
        CHECK_FALSE(feature.cost.empty());
        CHECK(feature.remedy.empty() == (feature.state == State::kYes));
    }
    CHECK(capture::can_capture(features));
    CHECK(capture::missing_capabilities().empty());
}

TEST_CASE("the probe of tcx without attaching agrees with attaching") {
    const bool attached = find(features_now(), "tcx").state == State::kYes;
    CHECK((capture::try_tcx_known() == 0) == attached);
}

TEST_CASE("probing leaves no descriptor, process, namespace, filter or qdisc behind") {
    // In a namespace of its own, where nobody else attaches anything.
    CHECK(in_child([] { return unshare(CLONE_NEWNET) == 0; },
                   [] {
                       const char* state =
                           "bpftool net show; tc qdisc show; readlink /proc/$PPID/ns/net";
                       const std::string before = output_of(state);
                       const std::vector<std::string> files = open_files();
                       (void)features_now();
                       const bool no_child = waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
                       return !before.empty() && output_of(state) == before &&
                              open_files() == files && no_child;
                   }));
}

TEST_CASE("without privilege the probes say that they could not be tried") {
    CHECK(as_nobody([] {
        const std::vector<Feature> features = features_now();
        const auto state = [&features](const std::string& id) {
            const auto found = std::find_if(features.begin(), features.end(),
                                            [&id](const Feature& f) { return f.id == id; });
            return found->state;
        };
        return state("cap_bpf") == State::kNo && state("tcx") == State::kUnknown &&
               state("helper_tc_sk_storage_get") == State::kUnknown &&
               state("map_ringbuf") == State::kUnknown && state("btf") == State::kYes &&
               !capture::can_capture(features) && capture::try_tcx_known() != 0;
    }));
}

TEST_CASE("a refusal names the missing capabilities and the next step") {
    CHECK(as_nobody([] {
        const std::string message =
            capture::privilege_error("load the capture programs", EPERM).message;
        return message ==
               "load the capture programs: Operation not permitted; this process lacks CAP_BPF, "
               "CAP_PERFMON, CAP_NET_ADMIN: " +
                   // This may be a container.
                   capture::Surroundings::find().with_capabilities(
                       "CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN") +
                   ", or see `pidcap doctor`";
    }));
    CHECK(capture::privilege_error("load x", ENOMEM).message == "load x: Cannot allocate memory");
}
