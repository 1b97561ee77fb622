// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/packet_printer.h"

#include <utility>

#include "forensics/analysis/event_table.h"
#include "forensics/analysis/row_text.h"
#include "packet/event/frame.h"

namespace cmd {
namespace {

// FlowTable's memory holds more, so that it doesn't open a file, which a capture may not do.
constexpr size_t kMostFlows = 16384;
constexpr size_t kMostProcesses = 16384;

}  // namespace

void LinePrinter::append(std::string& out, const packet::Packet& packet) {
    buffer_.clear();
    line_.append(buffer_, packet);
    out.append(buffer_.data(), buffer_.size());
}

JsonPrinter::JsonPrinter(PacketsOf source, std::string host)
    : source_(source), host_(std::move(host)), known_(std::make_unique<Known>(host_)) {}

void JsonPrinter::append(std::string& out, const packet::Packet& packet) {
    const bool forgets = source_ == PacketsOf::kCapture;
    const packet::Packet& kept = forgets ? known_->processes.keep(packet) : packet;
    if (packet::is_event(kept)) {
        forensics::event_row(kept, row_);
        forensics::append_json(forensics::event_columns(), row_, out);
    } else {
        const forensics::FlowTable::Found found = known_->flows.add(kept);
        forensics::packet_row(kept, found, row_, first_flow_);
        forensics::append_json(forensics::packet_columns(), row_, out);
    }
    const size_t flows = known_->flows.flows().size();
    if (forgets &&
        (flows >= kMostFlows || known_->processes.processes().size() >= kMostProcesses)) {
        first_flow_ += flows;
        known_ = std::make_unique<Known>(host_);
    }
}

}  // namespace cmd
