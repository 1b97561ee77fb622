// SPDX-License-Identifier: GPL-2.0-only
//
// Which files a spool's process removes for --keep-free, and what that frees.
#include "cmd/spool.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

using namespace cmd;
using test::TemporaryFolder;

namespace {

// A spool for a ring of files, with what a RotatingFile asks of it.
class Ring {
  public:
    explicit Ring(const std::string& folder)
        : signals_(StopSignals::open().value()), spool_(make(folder, signals_)) {}

    // With some bytes in it.
    void write(const std::string& name, const std::string& keep_as = {}) {
        auto begun = spool_.begin(name);
        REQUIRE(begun);
        const std::string bytes(8192, 'x');
        REQUIRE(::write(begun->fd.get(), bytes.data(), bytes.size()) ==
                static_cast<ssize_t>(bytes.size()));
        begun->fd.reset();
        auto completed = spool_.complete(name, keep_as);
        REQUIRE(completed);
        REQUIRE(completed->ok());
    }

    std::optional<Spool::Removed> remove_oldest() {
        auto removed = spool_.remove_oldest();
        REQUIRE(removed);
        return *removed;
    }

  private:
    static Spool make(const std::string& folder, const StopSignals& signals) {
        unsetenv("SUDO_UID");  // the files are this process's
        RotationOptions options;
        options.size = 1;
        options.count = 3;
        auto spool = Spool::open(split_pattern(folder + "/a"), options, signals);
        REQUIRE(spool);
        return *std::move(spool);
    }

    StopSignals signals_;
    Spool spool_;
};

}  // namespace

TEST_CASE("the oldest file of a ring goes first, however often its name was used") {
    const TemporaryFolder folder;
    Ring ring(folder.path());
    for (const std::string name : {"a0", "a1", "a2"}) {
        ring.write(name);
    }
    CHECK(ring.remove_oldest()->name == folder.file("a0"));
    ring.write("a0");
    ring.write("a1");
    for (const std::string name : {"a2", "a0", "a1"}) {
        const auto removed = ring.remove_oldest();
        REQUIRE(removed);
        CHECK(removed->name == folder.file(name));
        CHECK(removed->bytes >= 8192);
    }
    CHECK_FALSE(ring.remove_oldest());
}

TEST_CASE("removing a file that is kept under another name frees nothing") {
    const TemporaryFolder folder;
    Ring ring(folder.path());
    ring.write("a0", "kept");
    ring.write("a1");
    const auto kept = ring.remove_oldest();
    REQUIRE(kept);
    CHECK(kept->name == folder.file("a0"));
    CHECK(kept->bytes == 0);
    CHECK(ring.remove_oldest()->bytes >= 8192);
    CHECK(test::files_in(folder.path()) == std::vector<std::string>{folder.file("kept")});
}
