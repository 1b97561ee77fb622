// SPDX-License-Identifier: GPL-2.0-only
//
// EndFinder: finds the processes at the ends of packets. Most packets have owners that other
// packets had just before, so it keeps what it found, as long as the ProcessTable would answer the
// same. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "bpf/contract.h"
#include "capture/packet_types.h"
#include "capture/processes/process_table.h"

namespace capture {

class EndFinder {
  public:
    // `table` must outlive this object.
    explicit EndFinder(ProcessTable& table) : table_(&table) {}

    // Sets `self` and `peer` of the packet. Their pointers are valid until the table's next
    // expire().
    void find(const pidcap_packet& record, Packet& packet);

  private:
    struct Kept {
        pidcap_owner owner{};
        uint64_t changes = 0;  // ProcessTable::changes() for which it holds
        End end;               // without `via`
    };
    using KeptEnds = std::array<Kept, 16>;

    static Kept& place(KeptEnds& ends, const pidcap_owner& owner) {
        return ends[owner.tid % ends.size()];
    }
    bool holds(const Kept& kept, const pidcap_owner& owner) const;
    void keep(Kept& kept, const Process* process, const pidcap_owner& owner);

    ProcessTable* table_;
    KeptEnds self_;  // by thread
    KeptEnds peer_;
};

}  // namespace capture
