// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/export/table_rows.h"

#include "packet/event/frame.h"

namespace forensics {

using pcapng::Result;

std::span<const Column> TableRows::columns() const {
    switch (kind_) {
        case TableKind::kFlows:
            return flow_columns();
        case TableKind::kProcesses:
            return process_columns();
        case TableKind::kPackets:
            break;
    }
    return packet_columns();
}

bool TableRows::next(Row& row) {
    if (kind_ == TableKind::kPackets) {
        const Packet* packet = next_packet();
        if (packet == nullptr) {
            return false;
        }
        packet_row(*packet, flows_.add(*packet), row);
        return true;
    }
    if (!analyzed_) {
        analyze();
    }
    if (kind_ == TableKind::kFlows) {
        if (index_ == analysis_.flows().size()) {
            return false;
        }
        flow_row(analysis_.flows()[index_++], row);
        return true;
    }
    const auto& processes = analysis_.processes();
    while (index_ < processes.size() && processes[index_].process == nullptr) {
        ++index_;
    }
    if (index_ == processes.size()) {
        return false;
    }
    process_row(processes[index_++], row);
    return true;
}

void TableRows::analyze() {
    while (const Packet* packet = next_packet()) {
        analysis_.add(*packet);
    }
    analysis_.finish(names_);
    analyzed_ = true;
}

const Packet* TableRows::next_packet() {
    while (true) {
        const Result<const Packet*> packet = next_packet_();
        if (!packet) {
            read_ = packet.error();
            return nullptr;
        }
        const bool counts =
            kind_ != TableKind::kPackets || *packet == nullptr || !packet::is_event(**packet);
        if (counts) {
            return *packet;
        }
    }
}

}  // namespace forensics
