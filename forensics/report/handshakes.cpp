// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/report/report.h"

#include <algorithm>
#include <tuple>

#include "forensics/report/group_sums.h"
#include "packet/keyed_hash.h"

namespace forensics {
namespace {

// For a hash: no padding.
struct Key {
    uint64_t remote;
    uint32_t process;
    uint16_t port;
    uint8_t local_began;
    Handshake how;
};

ReportHandshake handshake_of(const Flow& flow) {
    ReportHandshake made;
    made.process = process_at(flow, local_side(flow));
    made.remote = remote_side(flow).address;
    made.port = flow.sides[1].port;
    made.local_began = local_side(flow) == 0;
    made.how = flow.handshake;
    return made;
}

}  // namespace

void add_handshakes(Report& report, const Flows& flows) {
    const packet::KeyedHash hash;
    const auto key_of = [&](const ReportHandshake& of) {
        return hash(Key{hash(of.remote), of.process != nullptr ? of.process->number : UINT32_MAX,
                        of.port, uint8_t{of.local_began}, of.how});
    };
    GroupSums sums;
    for (const Flow& flow : flows) {
        if (failed(flow.handshake)) {
            sums.add(key_of(handshake_of(flow)), 0);
        }
    }
    const auto places = sums.largest(kReportTalkers, [](const GroupSum& a, const GroupSum& b) {
        return std::tuple(a.flows, b.place) > std::tuple(b.flows, a.place);
    });
    report.handshake_count = sums.size();
    report.handshakes.resize(places.size());
    for (const Flow& flow : flows) {
        if (!failed(flow.handshake)) {
            continue;
        }
        const ReportHandshake made = handshake_of(flow);
        const auto place = places.find(key_of(made));
        if (place == places.end()) {
            continue;
        }
        ReportHandshake& handshake = report.handshakes[place->second];
        if (handshake.flows == 0) {
            handshake = made;
        }
        ++handshake.flows;
        if (flow.first_ns) {
            handshake.first_ns =
                std::min(handshake.first_ns.value_or(*flow.first_ns), *flow.first_ns);
        }
        if (flow.last_ns) {
            handshake.last_ns = std::max(handshake.last_ns.value_or(*flow.last_ns), *flow.last_ns);
        }
    }
}

}  // namespace forensics
