// SPDX-License-Identifier: GPL-2.0-only
//
// Wireshark: a tshark with our dissector and profile, installed as an ordinary user has them: in
// the personal folders of a home of its own. Not as root, for which later versions load no scripts.
//
// It is this machine's, or that of another Debian suite, unpacked into the folder that the
// environment variable WIRESHARK_ROOT names (tests/wireshark/fetch), and runs in a chroot there. A
// folder that isn't there is a skipped test.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

namespace test {

using Row = std::vector<std::string>;

class Wireshark {
  public:
    Wireshark();

    // Makes a copy of pidcap-extcap one of its programs, with the capabilities that an
    // administrator gives it or without. Not for Wiresharks of other suites.
    void add_extcap(bool with_capabilities);

    // A path in its folder, for what it is to read.
    std::string file(const std::string& name) const { return folder_.file(name); }

    // tshark with these arguments, in which paths of file() are as it sees them.
    CommandResult run(std::vector<std::string> arguments) const;
    // The same; it must succeed without a word on stderr.
    std::string tshark(const std::vector<std::string>& arguments) const;
    // The values of `names`, one row a frame.
    std::vector<Row> fields(const std::string& path, const std::vector<std::string>& names,
                            const std::vector<std::string>& arguments = {}) const;
    // How many frames match.
    size_t count(const std::string& path, const std::string& filter,
                 const std::vector<std::string>& arguments = {}) const;
    // A table of -z: its rows below the heading, split where two spaces or more are.
    std::vector<Row> table(const std::string& path, const std::string& argument) const;

    // "4.0" is 400.
    int version() const;

  private:
    std::string root_;  // empty: this machine's
    TemporaryFolder folder_;
};

// A file whose frames are UDP datagrams, 1 ms apart, with these comments; an empty one is none.
void write_comments(const std::string& path, const std::vector<std::string>& comments);

}  // namespace test
