// SPDX-License-Identifier: GPL-2.0-only
//
// What actors do with sockets. Every chunk of data that they send is signed with the PID and the
// thread that sends it, at that moment: a packet with data says itself who sent it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "tests/support/actor.h"

namespace test {

struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;

    int family() const { return storage.ss_family; }
};

Address make_address(const std::string& text, uint16_t port);

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
