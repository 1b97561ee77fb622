// SPDX-License-Identifier: GPL-2.0-only
//
// Extcap: a capture by pidcap-extcap as Wireshark has one: it makes the fifos, runs the program and
// reads. The test plays Wireshark's part, well or badly.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cmd/wireshark/toolbar.h"
#include "pcapng/fd.h"
#include "tests/support/netns.h"
#include "tests/support/process.h"
#include "tests/support/temporary_folder.h"

namespace test {

class Extcap {
  public:
    // With a toolbar, whose fifos are opened here too. `values`: of the dialog, and the filter.
    Extcap(const Netns& netns, const std::string& interface,
           const std::vector<std::string>& values = {});

    Process& process() { return process_; }

    // The reader of the packets comes, or leaves for good.
    void open_reader();
    void close_reader();

    // Takes what has come into the file so far.
    void read();
    // Reads until the file holds so many packets, or the program has ended.
    void read_packets(size_t count);
    // Reads until the writer has left; then the program's exit status.
    int read_to_end();
    // The file so far, to be read by tshark and others.
    std::string file() const { return folder_.file("file.pcapng"); }

    void say(const extcap::Message& message);
    void say_bytes(const std::string& bytes);
    // What the program has told the toolbar so far.
    const std::vector<extcap::Message>& heard();
    // Until it has told something of the kind; reads what packets come meanwhile.
    void hear(const std::function<bool(const extcap::Message&)>& wanted);
    // The last value that a control was set to; empty if there is none.
    std::string value_of(uint8_t control);

  private:
    TemporaryFolder folder_;
    pcapng::Fd packets_;
    pcapng::Fd to_program_;
    pcapng::Fd from_program_;
    std::string waiting_;
    std::vector<extcap::Message> heard_;
    bool ended_ = false;
    Process process_;
};

}  // namespace test
