// SPDX-License-Identifier: GPL-2.0-only
//
// The ledger without a kernel behind it: no drops. With drops: tests/kernel/loss_test.cpp.
#include "capture/hooks/interface_ledger.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "capture/hooks/notices.h"
#include "packet/link_type.h"

using capture::DropCounters;
using capture::InterfaceKey;
using capture::InterfaceLedger;
using capture::Notices;

namespace {

const InterfaceKey kFirst{1, 2};
const InterfaceKey kSecond{1, 3};

class NameSink : public packet::Sink {
  public:
    pcapng::Result<void> interface(const packet::Interface& interface) override {
        REQUIRE(interface.number == names.size());
        names.push_back(interface.name);
        return {};
    }
    pcapng::Result<void> packet(const packet::Packet& /*packet*/) override { return {}; }
    pcapng::Result<void> idle() override { return {}; }
    pcapng::Result<void> finish(const std::vector<packet::InterfaceCounters>& /*all*/) override {
        return {};
    }

    std::vector<std::string> names;
};

struct Fixture {
    NameSink sink;
    InterfaceLedger ledger;

    explicit Fixture(size_t most = InterfaceLedger::kMost)
        : ledger(DropCounters(-1, 1), 100, most) {
        ledger.begin(sink);
    }
    std::string announce(const InterfaceKey& key, const std::string& name,
                         uint16_t link_type = packet::kLinkTypeEthernet) {
        const auto announced = ledger.announce(key, {link_type, name, std::nullopt});
        REQUIRE(announced.ok());
        REQUIRE(*announced == ledger.find(key));
        return (*announced)->name;
    }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("an interface is announced again only if it is another one now") {
    Fixture f;
    CHECK(f.announce(kFirst, "a") == "a");
    CHECK(f.announce(kFirst, "a") == "a");
    CHECK(f.sink.names == Names{"a"});
    CHECK(f.announce(kFirst, "b") == "b");
    f.ledger.retire(kFirst);
    CHECK(f.ledger.find(kFirst)->name == "b");  // its packets may still be in the rings
    CHECK(f.announce(kFirst, "b") == "b");      // another one of this name
    CHECK(f.sink.names == Names{"a", "b", "b"});
    f.ledger.forget(kFirst);
    CHECK(f.ledger.find(kFirst) == nullptr);
    CHECK(f.ledger.unannounced() == 0);
}

TEST_CASE("a full ledger keeps the name before, and has one interface for all others") {
    Fixture f(2);
    f.announce(kFirst, "a");
    CHECK_FALSE(f.ledger.full());
    f.announce(kSecond, "b");
    CHECK(f.ledger.full());
    CHECK(f.announce(kFirst, "a2") == "a");
    CHECK(f.announce({1, 4}, "c") == InterfaceLedger::kOthers);
    CHECK(f.announce({1, 5}, "d") == InterfaceLedger::kOthers);
    CHECK(f.ledger.unannounced() == 3);
    // Raw IP would be read wrongly as Ethernet.
    CHECK(f.announce(kSecond, "b", packet::kLinkTypeRaw) == InterfaceLedger::kOthers);
    CHECK(f.ledger.find(kSecond)->link_type == packet::kLinkTypeRaw);
    CHECK(f.sink.names == Names{"a", "b", "(other interfaces)", "(other interfaces)"});
    CHECK(f.ledger.counters().size() == 4);
}

TEST_CASE("a ledger announces a bounded number of interfaces") {
    Fixture f;
    for (uint32_t i = 0; i < InterfaceLedger::kMost + 100; i++) {
        const uint16_t type = i % 2 == 0 ? packet::kLinkTypeEthernet : packet::kLinkTypeRaw;
        REQUIRE(f.ledger.announce({1, i}, {type, std::to_string(i), std::nullopt}).ok());
    }
    CHECK(f.sink.names.size() == InterfaceLedger::kMost + 2);
    CHECK(f.ledger.unannounced() == 100);
}

TEST_CASE("a refused packet announces nothing, and is counted once the interface is announced") {
    Fixture f;
    f.ledger.refused(kFirst, 3);
    f.ledger.refused(kFirst, 0);
    CHECK(f.sink.names.empty());
    CHECK(f.ledger.counters().empty());
    f.announce(kFirst, "a");
    const packet::Interface& a = *f.ledger.find(kFirst);
    CHECK(f.ledger.count(a).filtered == 2);
    CHECK(f.ledger.lost(a) == 3);
    f.ledger.refused(kFirst, 1);
    CHECK(f.ledger.count(a).filtered == 3);
    CHECK(f.ledger.lost(a) == 4);
}

TEST_CASE("a notice is told once, and what there is no room for is counted") {
    Notices notices;
    notices.add("x");
    notices.add("x");
    CHECK(notices.take() == Names{"x"});
    notices.add("x");
    CHECK(notices.take().empty());
    for (size_t i = 0; i < Notices::kMost + 5; i++) {
        notices.add(std::to_string(i));
    }
    CHECK(notices.take().size() == Notices::kMost - 1);
    CHECK(notices.untold() == 6);
}
