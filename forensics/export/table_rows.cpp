// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/export/table_rows.h"

#include "forensics/analysis/event_table.h"
#include "packet/event/frame.h"

namespace forensics {

using pcapng::Result;

std::span<const Column> TableRows::columns() const {
    switch (kind_) {
        case TableKind::kFlows:
            return flow_columns();
        case TableKind::kProcesses:
            return process_columns();
        case TableKind::kEvents:
            return event_columns();
        case TableKind::kPackets:
            break;
    }
    return packet_columns();
}

bool TableRows::next(Row& row) {
    if (kind_ == TableKind::kPackets || kind_ == TableKind::kEvents) {
        const Packet* packet = next_packet();
        if (packet == nullptr) {
            return false;
        }
        if (kind_ == TableKind::kEvents) {
            event_row(*packet, row);
        } else {
            packet_row(*packet, flows_.add(*packet), row);
        }
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
        if (*packet == nullptr || counts(**packet)) {
            return *packet;
        }
    }
}

bool TableRows::counts(const Packet& packet) const {
    switch (kind_) {
        case TableKind::kPackets:
            return !packet::is_event(packet);
        case TableKind::kEvents:
            return packet::is_event(packet);
        case TableKind::kFlows:
        case TableKind::kProcesses:
            break;
    }
    return true;
}

}  // namespace forensics
