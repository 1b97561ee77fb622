// SPDX-License-Identifier: GPL-2.0-only
//
// A session whose process filter changes while it runs. What pidcap itself can't be asked to do.
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "capture/session.h"
#include "tests/kernel/traffic.h"

namespace test {
namespace {

using Notes = std::vector<std::string>;

// The notes of the datagrams.
class NoteSink : public packet::Sink {
  public:
    pcapng::Result<void> interface(const packet::Interface& /*interface*/) override { return {}; }
    pcapng::Result<void> packet(const packet::Packet& packet) override {
        const std::string data(reinterpret_cast<const char*>(packet.data.data()),
                               packet.data.size());
        notes.push_back(data.substr(data.rfind(' ') + 1));
        return {};
    }
    pcapng::Result<void> idle() override { return {}; }
    pcapng::Result<void> finish(const std::vector<packet::InterfaceCounters>& last) override {
        counters = last;
        return {};
    }

    Notes take() { return std::exchange(notes, {}); }

    Notes notes;
    std::vector<packet::InterfaceCounters> counters;
};

packet::ProcessConditions conditions(const std::string& text, bool follow = false) {
    auto parsed = packet::parse_process_expression(text);
    REQUIRE(std::holds_alternative<packet::ProcessExpression>(parsed));
    return {std::get<packet::ProcessExpression>(parsed), follow};
}

void require_ok(const pcapng::Result<void>& result) {
    INFO((result.ok() ? "" : result.error().message));
    REQUIRE(result.ok());
}

TEST_CASE("a session's process filter changes between two packets, its trees found anew") {
    const Netns netns;
    Actor sink_actor(netns, "sink");
    const int to = bound_socket(sink_actor, make_address("127.0.0.1", 0), SOCK_DGRAM);
    const Address address = make_address("127.0.0.1", local_port(sink_actor, to));
    Actor ann(netns, "ann");
    Actor bob(netns, "bob");
    const auto talk = [&](Actor& actor, const std::string& note) {
        say(actor, connected_socket(actor, address, SOCK_DGRAM), note);
    };
    const InNetns here(netns);
    capture::SessionOptions options;
    options.interfaces.names = {"lo"};
    options.filter = conditions("comm = ann");
    auto opened = capture::Session::open(options);
    INFO((opened.ok() ? "" : opened.error().message));
    REQUIRE(opened.ok());
    capture::Session& session = **opened;
    NoteSink sink;
    require_ok(session.start(sink));

    // Nobody has looked at these yet: they belong to the filter as it was.
    talk(ann, "ann1");
    talk(bob, "bob1");
    require_ok(session.set_filter(conditions("comm = bob")));
    CHECK(sink.take() == Notes{"ann1"});
    talk(ann, "ann2");
    talk(bob, "bob2");
    require_ok(session.set_filter(conditions("comm = nobody")));
    CHECK(sink.take() == Notes{"bob2"});

    // Forked while nobody asked about ann's tree, and of which only an event tells.
    Actor child = ann.fork_child("child");
    const std::string ann_pid = std::to_string(ann.pid());
    require_ok(session.set_filter(conditions("tree = " + ann_pid)));
    Actor later = child.fork_child("later");
    talk(child, "child1");
    talk(later, "later1");
    talk(bob, "bob3");
    require_ok(session.set_filter(conditions("pid = " + std::to_string(child.pid()))));
    talk(later, "later2");
    talk(child, "child2");
    require_ok(session.set_filter(conditions("comm = child", true)));
    talk(ann, "ann3");
    talk(child, "child3");
    talk(later, "later3");

    const auto refused = session.set_filter(conditions("comm = bob and pid != 4194303"));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().message == "process 4194303: no such process");
    CHECK(refused.error().code == ESRCH);
    talk(bob, "bob4");
    talk(later, "later4");
    require_ok(session.set_filter({}));
    talk(bob, "bob5");
    require_ok(session.finish());
    CHECK(sink.take() == Notes{"child1", "later1", "child2", "child3", "later3", "later4", "bob5"});
    REQUIRE(sink.counters.size() == 1);
    CHECK(sink.counters[0].captured == 9);
    CHECK(sink.counters[0].filtered == 6);
}

}  // namespace
}  // namespace test
