// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/expedited_rcu.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <optional>
#include <string>

#include "tests/support/child.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/wait.h"

namespace {

using capture::ExpeditedRcu;
using test::content_of;

// The kernel's two settings, as files.
class Settings {
  public:
    Settings(const std::string& expedited, const std::string& normal) {
        std::ofstream(expedited_file()) << expedited;
        std::ofstream(folder_.file("rcu_normal")) << normal;
    }
    const std::string& folder() const { return folder_.path(); }
    std::string expedited_file() const { return folder_.file("rcu_expedited"); }
    std::string expedited() const { return content_of(expedited_file()); }

  private:
    test::TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("grace periods are expedited as long as the object exists") {
    const Settings settings("0\n", "0\n");
    {
        const ExpeditedRcu expedited(settings.folder());
        CHECK(settings.expedited() == "1\n");
    }
    CHECK(settings.expedited() == "0\n");
}

TEST_CASE("grace periods that are expedited already stay so") {
    const Settings settings("1\n", "0\n");
    {
        const ExpeditedRcu expedited(settings.folder());
        CHECK(settings.expedited() == "1\n");
    }
    CHECK(settings.expedited() == "1\n");
}

TEST_CASE("grace periods that may not be expedited aren't") {
    const Settings settings("0\n", "1\n");
    const ExpeditedRcu expedited(settings.folder());
    CHECK(settings.expedited() == "0\n");
}

TEST_CASE("a kernel without the settings is left as it is") {
    const test::TemporaryFolder folder;
    const ExpeditedRcu expedited(folder.path());
    CHECK(content_of(folder.file("rcu_expedited")).empty());
}

TEST_CASE("after SIGKILL grace periods are normal again") {
    const Settings settings("0\n", "0\n");
    {
        std::optional<ExpeditedRcu> expedited;
        const test::Child child([&] { expedited.emplace(settings.folder()); });
        CHECK(settings.expedited() == "1\n");
    }  // which kills the child
    test::wait_until("the setting is restored", [&] { return settings.expedited() == "0\n"; });
}

TEST_CASE("a signal to all processes of the group doesn't leave grace periods expedited") {
    const Settings settings("0\n", "0\n");
    std::optional<ExpeditedRcu> expedited;
    const test::Child child([&] {
        setpgid(0, 0);
        signal(SIGINT, SIG_DFL);  // not that of Catch
        expedited.emplace(settings.folder());
    });
    REQUIRE(settings.expedited() == "1\n");
    REQUIRE(kill(-child.pid(), SIGINT) == 0);
    test::wait_until("the setting is restored", [&] { return settings.expedited() == "0\n"; });
}

TEST_CASE("the child that restores the setting holds no descriptor of ours open") {
    const Settings settings("0\n", "0\n");
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    const pcapng::Fd reader(ends[0]);
    pcapng::Fd writer(ends[1]);
    const ExpeditedRcu expedited(settings.folder());
    writer.reset();
    pollfd watched{reader.get(), POLLIN, 0};
    CHECK(poll(&watched, 1, 10'000) == 1);  // the end of the file
}
