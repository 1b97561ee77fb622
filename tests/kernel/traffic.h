// SPDX-License-Identifier: GPL-2.0-only
//
// What actors do with sockets. Every chunk of data that they send is signed with the PID and the
// thread that sends it, at that moment: a packet with data says itself who sent it.
#pragma once

#include <string>

#include "tests/support/actor.h"
#include "tests/support/address.h"

namespace test {

// All of them return a descriptor of the actor, which it also keeps over exec and fork.
int open_socket(Actor& actor, int family, int type, int protocol = 0);
int bound_socket(Actor& actor, const Address& local, int type);  // SO_REUSEADDR
int listener(Actor& actor, const Address& local);
int connected_socket(Actor& actor, const Address& peer, int type);
int accept_from(Actor& actor, int listener);

void bind_to(Actor& actor, int fd, const Address& local);
void connect_to(Actor& actor, int fd, const Address& peer);
uint16_t local_port(Actor& actor, int fd);
Address local_address(Actor& actor, int fd);

// One signed chunk, "pid=… tid=… note".
void say(Actor& actor, int fd, const std::string& note);
void say_to(Actor& actor, int fd, const Address& peer, const std::string& note);
// Takes one chunk. Fails the test when none comes for long.
void hear(Actor& actor, int fd);
void hear_many(Actor& actor, int fd, int count);
// Takes one chunk and answers it with a signed one.
void hear_and_answer(Actor& actor, int fd, const std::string& note);
// One takes what the other says.
void pass(Actor& from, int from_fd, Actor& to, int to_fd, const std::string& note);

void close_in(Actor& actor, int fd);
// Waits until the other side has closed.
void hear_end(Actor& actor, int fd);
// Waits until no TCP connection in the namespace is about to open or close any more.
void settle(const Netns& netns);

}  // namespace test
