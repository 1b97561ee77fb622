// SPDX-License-Identifier: GPL-2.0-only
//
// What a packet's ends are, from packet to packet: whatever happens to a process in between, the
// next packet has what the table would say.
#include <catch2/catch.hpp>
#include <cstdint>
#include <string>

#include "capture/processes/end_finder.h"
#include "capture/processes/process_table.h"
#include "tests/capture/processes/table_fixture.h"

using capture::EndFinder;
using capture::ProcessTable;
using packet::Packet;
using packet::Via;
using test::apply;
using test::at;
using test::kSecond;
using test::make_event;
using test::make_owner;

namespace {

// A table that knows a process, and packets of it.
struct Packets {
    test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    EndFinder ends{table};
    uint64_t now = kSecond;

    Packets() {
        put("curl", 0);
        REQUIRE(table.scan().ok());
    }
    Packets(const Packets&) = delete;

    void put(const std::string& comm, uint32_t uid) const {
        proc.put({.pid = 11, .start_ticks = 200, .uid = uid, .comm = comm, .exe = "/bin/" + comm});
    }
    void event(pidcap_event_type type, const std::string& comm, uint32_t uid = 0,
               bool in_exec = false) {
        pidcap_event event = at(now, make_event(type, 11, 200, 1, comm));
        event.uid = event.gid = uid;
        event.in_exec = in_exec;
        apply(table, event);
    }
    void run(uint64_t seconds) {
        for (uint64_t i = 0; i < 10 * seconds; ++i) {
            now += kSecond / 10;
            table.expire(now);
        }
    }
    Packet of(const pidcap_owner& owner, const pidcap_owner& peer = {},
              uint8_t via = PIDCAP_VIA_SOCKET) {
        pidcap_packet record{};
        record.owner = owner;
        record.via = via;
        record.peer = peer;
        record.peer_via = peer.tgid != 0 ? PIDCAP_VIA_LOOKUP : 0;
        Packet packet;
        ends.find(record, packet);
        return packet;
    }
    Packet of_curl() { return of(make_owner(11, 200, "curl")); }
};

}  // namespace

TEST_CASE("the answer for an owner is settled once a packet of it has come") {
    Packets packets;
    const pidcap_owner owner = make_owner(11, 200, "curl");
    const packet::Process& process = *packets.of_curl().self.process;
    CHECK(packets.table.is_settled_for(process, owner));
    const uint64_t before = packets.table.changes();
    packets.of_curl();
    CHECK(packets.table.changes() == before);
}

TEST_CASE("how a packet's processes were found is the packet's own") {
    Packets packets;
    const pidcap_owner owner = make_owner(11, 200, "curl");
    CHECK(packets.of(owner, owner).self.via == Via::kSocket);
    const Packet next = packets.of(owner, {}, PIDCAP_VIA_FLOW);
    CHECK(next.self.via == Via::kFlow);
    CHECK(next.peer.process == nullptr);
    const Packet nobodys = packets.of({}, owner, PIDCAP_VIA_KERNEL);
    CHECK(nobodys.self.process == nullptr);
    CHECK(nobodys.self.tid == 0);
    CHECK(nobodys.self.via == Via::kKernel);
    CHECK(nobodys.peer.process == next.self.process);
    CHECK(nobodys.peer.via == Via::kLookup);
}

TEST_CASE("each packet has the thread of its owner") {
    Packets packets;
    pidcap_owner owner = make_owner(11, 200, "curl");
    for (const uint32_t tid : {11U, 12U, 12U + 16, 12U, 11U}) {
        owner.tid = tid;
        CHECK(packets.of(owner, owner).self.tid == tid);
        CHECK(packets.of(owner, owner).peer.tid == tid);
    }
}

TEST_CASE("after a loss of events, a process's next packet has what /proc shows") {
    Packets packets;
    REQUIRE(packets.of_curl().self.process->comm == "curl");
    packets.put("wget", 0);
    packets.table.events_lost(packets.now);
    const Packet next = packets.of_curl();
    CHECK(next.self.process->comm == "wget");
    CHECK(next.self.process->exe == "/bin/wget");
}

TEST_CASE("between an exec's rename and its own event, a packet has what /proc shows") {
    Packets packets;
    packets.of_curl();
    packets.put("wget", 0);
    packets.event(PIDCAP_EVENT_RENAME, "wget", 0, true);
    CHECK(packets.of_curl().self.process->exe == "/bin/wget");
}

TEST_CASE("after an exec by another user, an owner from before is checked against /proc") {
    Packets packets;
    packets.of_curl();
    packets.event(PIDCAP_EVENT_EXEC, "curl", 1000);
    REQUIRE(packets.table.find_live(11)->uid == 1000U);
    // Meanwhile it has given that up again, of which there is no event.
    const Packet next = packets.of_curl();
    CHECK(next.self.uid == 0U);
    CHECK(next.self.process->uid == 0U);
}

TEST_CASE("an owner that contradicts its process is checked again after a while") {
    Packets packets;
    const pidcap_owner other = make_owner(11, 200, "curl", 1000);
    CHECK(packets.of(other).self.uid == 1000U);
    CHECK(packets.of(other).self.process->uid == 0U);  // as /proc says
    packets.put("curl", 1000);
    packets.run(1);
    CHECK(packets.of(other).self.process->uid == 1000U);
}

TEST_CASE("one process at both ends, as two users, has the uid of each") {
    Packets packets;
    const Packet packet =
        packets.of(make_owner(11, 200, "curl", 1000), make_owner(11, 200, "curl"));
    CHECK(packet.self.uid == 1000U);
    CHECK(packet.peer.uid == 0U);
    CHECK(packet.self.process == packet.peer.process);
}

TEST_CASE("a process that has ended is kept for as long as it has packets") {
    Packets packets;
    const uint32_t number = packets.of_curl().self.process->number;
    packets.event(PIDCAP_EVENT_EXIT, "curl");
    packets.proc.remove(11);
    for (int minute = 0; minute < 3; ++minute) {
        packets.run(50);
        REQUIRE(packets.table.knows(number));
        CHECK(packets.of_curl().self.process->number == number);
    }
}

TEST_CASE("a process that the table has forgotten is a new one with its next packet") {
    Packets packets;
    const uint32_t number = packets.of_curl().self.process->number;
    packets.event(PIDCAP_EVENT_EXIT, "curl");
    packets.proc.remove(11);
    packets.run(150);
    REQUIRE(!packets.table.knows(number));
    const Packet next = packets.of_curl();
    CHECK(next.self.process->number != number);
    CHECK(packets.table.knows(next.self.process->number));
}

TEST_CASE("a pid that is used again is another process's") {
    Packets packets;
    const Packet first = packets.of_curl();
    packets.event(PIDCAP_EVENT_EXIT, "curl");
    apply(packets.table, at(packets.now, make_event(PIDCAP_EVENT_FORK, 11, 300, 1, "sh")));
    const Packet second = packets.of(make_owner(11, 300, "sh"));
    CHECK(second.self.process != first.self.process);
    CHECK(second.self.process->comm == "sh");
    CHECK(packets.of_curl().self.process == first.self.process);
}
