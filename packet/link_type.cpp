// SPDX-License-Identifier: GPL-2.0-only
#include "packet/link_type.h"

#include <fmt/format.h>
#include <pcap/pcap.h>

namespace packet {
namespace {

// libpcap names its own DLT_ values. They are equal to LINKTYPE_ except for these.
int dlt_of(uint16_t link_type) {
    switch (link_type) {
        case 100:  // LINKTYPE_ATM_RFC1483
            return DLT_ATM_RFC1483;
        case kLinkTypeRaw:
            return DLT_RAW;
        case 102:  // LINKTYPE_SLIP_BSDOS
            return DLT_SLIP_BSDOS;
        case 103:  // LINKTYPE_PPP_BSDOS
            return DLT_PPP_BSDOS;
        case 106:  // LINKTYPE_ATM_CLIP
            return DLT_ATM_CLIP;
        default:
            return link_type;
    }
}

}  // namespace

std::string link_type_name(uint16_t link_type) {
    const char* name = pcap_datalink_val_to_name(dlt_of(link_type));
    return name != nullptr ? fmt::format("{} ({})", name, link_type) : fmt::format("{}", link_type);
}

}  // namespace packet
