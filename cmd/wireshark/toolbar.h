// SPDX-License-Identifier: GPL-2.0-only
//
// Toolbar: the other end of Wireshark's toolbar for our interfaces, by two fifos: messages of a
// sync byte 'T', 24 bits of length (big-endian, of what follows), control, command, and a payload
// (its manual page extcap(4)).
//
// Never waits: what Wireshark doesn't read is kept up to a limit and then left out. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace extcap {

enum class Command : uint8_t {
    kInitialized = 0,  // from Wireshark: it has sent all values
    kSet = 1,
    kAdd = 2,
    kDisable = 5,
    kStatusbar = 6,
    kWarning = 8,  // a message box
};

struct Message {
    uint8_t control = 0;
    Command command = Command::kInitialized;
    std::string payload = {};

    bool operator==(const Message&) const = default;
};

// As it goes over the wire; a payload of at most 65,533 bytes, what is beyond is cut.
std::string encode(const Message& message);

// Takes the messages that are complete off the beginning of `bytes`. An error: they are no
// messages, and nothing that follows can be understood.
pcapng::Result<std::vector<Message>> take_messages(std::string& bytes);

class Toolbar {
  public:
    // Of a Wireshark without one: says nothing and hears nothing.
    Toolbar() = default;

    // Wireshark waits until its fifos are open: to be called before anything that takes its time.
    static pcapng::Result<Toolbar> open(const std::string& control_in,
                                        const std::string& control_out);

    int fd() const { return in_.get(); }  // -1: there is nothing to hear (any more)
    // What has come, or the beginning of it; never waits.
    std::vector<Message> hear();

    // Until Wireshark has said something, or has left; not longer than until `stop_fd` is readable,
    // or `most_ms`. Its window opens its end late, and stands still for ever if ours is closed by
    // then.
    void meet(int stop_fd, int most_ms);

    void say(const Message& message);
    // Whether Wireshark has read enough that what the next one makes out of date is worth saying.
    bool keeps_up();

  private:
    void flush();

    pcapng::Fd in_;
    pcapng::Fd out_;
    bool met_ = false;  // heard from
    std::string heard_;
    std::string unwritten_;
};

}  // namespace extcap
