// SPDX-License-Identifier: GPL-2.0-only
//
// Actor: a process that does what a test tells it, step by step, so that its PID, its threads and
// the order of events are known. It is forked from the test and shares its code: call() runs a
// function without captures over there and hands back what it returned.
//
// It is steered through a UNIX socket, which is none of the capture's business. It ends with its
// Actor, or with the test, and is reaped.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>
#include <type_traits>

#include "pcapng/fd.h"
#include "tests/support/netns.h"

namespace test {

// Who a packet should belong to.
struct Who {
    uint32_t pid = 0;
    std::string comm;
    std::string exe;
    uint32_t uid = 0;
    uint64_t start_ns = 0;  // since the epoch, as /proc tells it: to the clock tick

    bool operator==(const Who&) const = default;
};

// The live process as /proc shows it.
Who who_is(pid_t pid);

// Text as an argument of call(): cut at 200 bytes.
struct Text {
    std::array<char, 201> bytes{};

    Text() = default;
    Text(const std::string& text) { text.copy(bytes.data(), bytes.size() - 1); }
    const char* c_str() const { return bytes.data(); }
};

class Actor {
  public:
    // `comm` is what it calls itself, at most 15 bytes.
    Actor(const Netns& netns, const std::string& comm);
    Actor(Actor&&) = default;
    Actor& operator=(Actor&&) = delete;
    ~Actor();

    pid_t pid() const { return pid_; }
    Who who() const { return who_is(pid_); }

    // Runs function(arguments…) in the actor. A negative result, with errno, is a failed test.
    template <typename Function, typename... Arguments>
    int64_t call(Function, Arguments... arguments) {
        return demand(try_call(Function{}, arguments...));
    }
    // The same, but the result may be negative: then it is -errno.
    template <typename Function, typename... Arguments>
    int64_t try_call(Function, Arguments... arguments) {
        begin(Function{}, arguments...);
        return finish();
    }
    // The same in a new thread of the actor, which lives for this call; its tid goes to `tid`.
    template <typename Function, typename... Arguments>
    int64_t call_in_thread(uint32_t& tid, Function, Arguments... arguments) {
        Request request = make_request<Function>(arguments...);
        request.in_thread = true;
        send(request, -1);
        const int64_t result = demand(finish());
        tid = last_tid_;
        return result;
    }

    // begin() returns at once, finish() when the function has returned. What replaces or ends the
    // process makes finish() return kGone.
    static constexpr int64_t kGone = INT64_MIN;
    template <typename Function, typename... Arguments>
    void begin(Function, Arguments... arguments) {
        send(make_request<Function>(arguments...), -1);
    }
    int64_t finish();

    // A child made by fork(2), with all of this one's descriptors, steered by its own Actor.
    Actor fork_child(const std::string& comm);
    // Duplicates of descriptors, by SCM_RIGHTS: out of the actor, and into it.
    pcapng::Fd take(int fd);
    int give(int fd);

    // The process ends by itself, closing what it has open, and is gone when this returns.
    void exit();

  private:
    struct Request {
        int64_t (*run)(const char* arguments) = nullptr;
        bool in_thread = false;
        std::array<char, 1024> arguments{};
    };
    struct Reply {
        int64_t result = 0;
        uint32_t tid = 0;
    };

    Actor(pid_t pid, pcapng::Fd channel, bool own)
        : pid_(pid), own_(own), channel_(std::move(channel)) {}
    [[noreturn]] static void serve(int channel);
    [[noreturn]] static void obey();
    void send(const Request& request, int fd);
    int64_t demand(int64_t result) const;

    template <typename Argument>
    static Argument unpack(const char*& at) {
        Argument argument;
        std::memcpy(&argument, at, sizeof(argument));
        at += sizeof(argument);
        return argument;
    }
    template <typename Function, typename... Arguments>
    static int64_t run(const char* at) {
        // Braces evaluate from left to right.
        std::tuple<Arguments...> arguments{unpack<Arguments>(at)...};
        (void)at;
        return static_cast<int64_t>(std::apply(std::remove_const_t<Function>{}, arguments));
    }
    template <typename Function, typename... Arguments>
    static Request make_request(const Arguments&... arguments) {
        static_assert((std::is_trivially_copyable_v<Arguments> && ...));
        constexpr size_t kSize = (sizeof(Arguments) + ... + 0);
        static_assert(kSize <= std::tuple_size_v<decltype(Request::arguments)>);
        Request request;
        request.run = &run<Function, Arguments...>;
        char* at = request.arguments.data();
        ((std::memcpy(at, &arguments, sizeof(arguments)), at += sizeof(arguments)), ...);
        (void)at;
        return request;
    }

    pid_t pid_ = -1;
    bool own_ = false;  // a child of this process, to be reaped here
    uint32_t last_tid_ = 0;
    pcapng::Fd channel_;
};

}  // namespace test
