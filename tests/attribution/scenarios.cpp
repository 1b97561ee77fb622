// SPDX-License-Identifier: GPL-2.0-only
#include "tests/attribution/scenario.h"

namespace bench {

Scenarios all_scenarios() {
    Scenarios all;
    add_tcp(all);
    add_udp(all);
    add_multicast(all);
    add_handover(all);
    add_calls(all);
    add_lifetime(all);
    add_icmp(all);
    add_packet(all);
    add_tunnel(all);
    add_container(all);
    add_device(all);
    add_forged(all);
    add_idle(all);
    return all;
}

}  // namespace bench
