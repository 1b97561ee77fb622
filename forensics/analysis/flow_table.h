// SPDX-License-Identifier: GPL-2.0-only
//
// FlowTable: groups packets into conversations: TCP and UDP (UDP-Lite, SCTP, DCCP) by addresses and
// ports, ICMP echo by addresses and id, others by addresses and protocol; those of different
// network namespaces or hosts apart. A packet that crosses several interfaces counts once (see
// Crossings and StreamVantages). A SYN with another sequence number begins a new conversation of
// the same ends, as in tshark's tcp.stream. Packets in a tunnel belong to the conversation of the
// inner packet. Later fragments belong to that of the first one, if it was seen at most 30 s
// before; tshark counts the bytes of the last fragment only.
//
// Memory grows with the conversations by 13 to 26 bytes each, and by the names that are read; the
// rest of what doesn't fit into `Options::bytes_in_memory` goes to a temporary file. Who forgets
// conversations bounds all of it. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "forensics/analysis/counted.h"
#include "forensics/analysis/dns_questions.h"
#include "forensics/analysis/flow.h"
#include "forensics/analysis/flows.h"
#include "forensics/packet_types.h"
#include "pcapng/result.h"

namespace forensics {

class FlowTable {
  public:
    // Of Options::bytes_in_memory: no temporary file, for who may not open one.
    static constexpr size_t kAllInMemory = SIZE_MAX;

    struct Options {
        bool names = true;       // whether they are read
        bool questions = false;  // with names: whether all questions to DNS servers are counted
        size_t bytes_in_memory = size_t{32} << 20;
    };

    FlowTable() : FlowTable(Options{}) {}
    explicit FlowTable(Options options);
    ~FlowTable();
    FlowTable(FlowTable&&) noexcept;
    FlowTable& operator=(FlowTable&&) noexcept;

    // The conversation of a packet, or null if the packet is not IP or too short. Valid until the
    // next call. `side`: the sender, as an index of Flow::sides. `counted`: what of the packet
    // counts, also for others than the table.
    struct Found {
        Flow* flow = nullptr;
        int side = 0;
        Counted counted;
    };
    Found add(const Packet& packet);

    // Returns a conversation so far, with the name that its address has by now.
    Flow flow(uint64_t number) const;
    // Forgets a conversation that add() has returned, whose number is given to another one later;
    // packets of its ends begin a new one. From then on flows() is of no use. Many names make it
    // forget those that no conversation has.
    void forget(uint64_t number);

    // Names addresses for which no DNS answer does; of several names of one, the last counts. So
    // flow() has them before finish().
    void name_addresses(std::span<const packet::NamedAddress> names);

    // By number. finish() fills in what needs the whole file: names of addresses, from DNS answers,
    // else from `names`; and frees what only add() needs.
    Flows flows() const;
    const DnsQuestions& questions() const;
    void finish(std::span<const packet::NamedAddress> names = {});
    // An error if conversations or questions that were in a temporary file are lost.
    const pcapng::Result<void>& state() const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace forensics
