// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/end_finder.h"

#include <cstring>
#include <type_traits>

namespace capture {

bool EndFinder::holds(const Kept& kept, const pidcap_owner& owner) const {
    static_assert(std::has_unique_object_representations_v<pidcap_owner>);
    return kept.changes == table_->changes() &&
           std::memcmp(&kept.owner, &owner, sizeof(owner)) == 0;
}

// `process` is the owner's process.
void EndFinder::keep(Kept& kept, const Process* process, const pidcap_owner& owner) {
    kept.owner = owner;
    kept.changes = 0;
    kept.end = {};
    if (process == nullptr) {
        return;
    }
    const bool is_latest = owner.uid == process->uid || process->pidns != 0;
    kept.end.process = process;
    kept.end.tid = table_->thread_of(*process, owner);
    kept.end.uid = owner.uid;
    kept.end.gid = owner.gid;
    kept.end.user = is_latest ? process->user : table_->user_name(owner.uid);
    if (table_->is_settled_for(*process, owner)) {
        kept.changes = table_->changes();
    }
}

void EndFinder::find(const pidcap_packet& record, Packet& packet) {
    Kept& self = place(self_, record.owner);
    Kept& peer = place(peer_, record.peer);
    const bool has_self = record.owner.tgid != 0;
    const bool has_peer = record.peer.tgid != 0;
    if ((has_self && !holds(self, record.owner)) || (has_peer && !holds(peer, record.peer))) {
        // Finds both processes before it takes a name from either: if one process is at both ends
        // and its user has changed, the second look-up replaces the name.
        const Process* self_process = table_->find(record.owner);
        const Process* peer_process = table_->find(record.peer);
        keep(self, self_process, record.owner);
        keep(peer, peer_process, record.peer);
    }
    if (has_self) {
        packet.self = self.end;
    }
    packet.self.via = via_of_record(record.via);
    if (has_peer) {
        packet.peer = peer.end;
        packet.peer.via = via_of_record(record.peer_via);
    }
}

}  // namespace capture
