// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/own_layouts.h"

#include <linux/bpf.h>
#include <netinet/in.h>

#include <cstddef>
#include <string_view>

#include "bpf/own_event.h"
#include "capture/events/number_names.h"

namespace capture {
namespace {

using packet::EventField;
using packet::EventLayout;
using packet::FieldKind;
using Values = std::vector<std::pair<uint64_t, std::string>>;

template <typename T>
EventField field(const char* name, FieldKind kind, size_t offset, T size, Values values = {}) {
    return {name, kind, static_cast<uint32_t>(offset), static_cast<uint32_t>(size),
            std::move(values)};
}

#define FIELD(name, kind, type, member, ...)             \
    field(name, FieldKind::kind, offsetof(type, member), \
          sizeof(type::member) __VA_OPT__(, ) __VA_ARGS__)

Values protocols() {
    return {{IPPROTO_TCP, "TCP"},       {IPPROTO_UDP, "UDP"},         {IPPROTO_MPTCP, "MPTCP"},
            {IPPROTO_SCTP, "SCTP"},     {IPPROTO_UDPLITE, "UDPLITE"}, {IPPROTO_ICMP, "ICMP"},
            {IPPROTO_ICMPV6, "ICMPV6"}, {IPPROTO_RAW, "RAW"}};
}

}  // namespace

EventLayout connect_layout() {
    return {{FIELD("errno", kUnsigned, pidcap_connect, error, error_names()),
             FIELD("remote", kSocketAddress, pidcap_connect, remote),
             FIELD("local", kSocketAddress, pidcap_connect, local),
             FIELD("protocol", kUnsigned, pidcap_connect, protocol, protocols()),
             FIELD("stage", kUnsigned, pidcap_connect, stage,
                   {{PIDCAP_STAGE_CALL, "call"},
                    {PIDCAP_STAGE_LATER, "later"},
                    {PIDCAP_STAGE_GIVEN_UP, "given-up"}}),
             FIELD("duration_ns", kUnsigned, pidcap_connect, duration_ns)}};
}

EventLayout bind_layout() {
    return {{FIELD("errno", kUnsigned, pidcap_bind, error, error_names()),
             FIELD("address", kSocketAddress, pidcap_bind, address),
             FIELD("protocol", kUnsigned, pidcap_bind, protocol, protocols())}};
}

EventLayout listen_layout() {
    return {{FIELD("errno", kUnsigned, pidcap_listen, error, error_names()),
             FIELD("local", kSocketAddress, pidcap_listen, local),
             FIELD("protocol", kUnsigned, pidcap_listen, protocol, protocols()),
             FIELD("backlog", kSigned, pidcap_listen, backlog)}};
}

EventLayout accept_layout() {
    return {{FIELD("local", kSocketAddress, pidcap_accept, local),
             FIELD("remote", kSocketAddress, pidcap_accept, remote),
             FIELD("protocol", kUnsigned, pidcap_accept, protocol, protocols())}};
}

EventLayout close_layout() {
    return {{FIELD("errno", kUnsigned, pidcap_close, error, error_names()),
             FIELD("local", kSocketAddress, pidcap_close, local),
             FIELD("remote", kSocketAddress, pidcap_close, remote),
             FIELD("sent", kUnsigned, pidcap_close, sent),
             FIELD("received", kUnsigned, pidcap_close, received),
             FIELD("rtt_us", kUnsigned, pidcap_close, rtt_us),
             FIELD("retransmissions", kUnsigned, pidcap_close, retransmissions),
             FIELD("protocol", kUnsigned, pidcap_close, protocol, protocols()),
             FIELD("duration_ns", kUnsigned, pidcap_close, duration_ns)}};
}

Values drop_reasons(const KernelTypes& kernel) {
    Values reasons;
    for (auto& [number, name] : kernel.enum_values("skb_drop_reason")) {
        for (const std::string_view prefix : {"SKB_DROP_REASON_", "SKB_"}) {
            if (name.starts_with(prefix)) {
                name.erase(0, prefix.size());
                break;
            }
        }
        // The last two are no reasons.
        if (name != "MAX" && name != "SUBSYS_MASK") {
            reasons.emplace_back(number, std::move(name));
        }
    }
    return reasons;
}

EventLayout drop_layout(const KernelTypes& kernel) {
    return {{FIELD("reason", kUnsigned, pidcap_dropped, reason, drop_reasons(kernel)),
             FIELD("symbol", kString, pidcap_dropped, symbol),
             FIELD("end", kUnsigned, pidcap_dropped, end,
                   {{PIDCAP_DROP_SENDER, "sender"}, {PIDCAP_DROP_RECEIVER, "receiver"}}),
             FIELD("device", kChars, pidcap_dropped, device),
             FIELD("ifindex", kUnsigned, pidcap_dropped, ifindex),
             FIELD("netns", kUnsigned, pidcap_dropped, netns),
             FIELD("protocol", kUnsigned, pidcap_dropped, protocol,
                   {{0x0800, "IPv4"}, {0x0806, "ARP"}, {0x86dd, "IPv6"}}),
             FIELD("length", kUnsigned, pidcap_dropped, length),
             FIELD("location", kPointer, pidcap_dropped, location),
             FIELD("data", kDynamic, pidcap_dropped, data)}};
}

EventLayout xdp_layout() {
    return {{FIELD("action", kUnsigned, pidcap_xdp_verdict, action,
                   {{XDP_ABORTED, "ABORTED"},
                    {XDP_DROP, "DROP"},
                    {XDP_PASS, "PASS"},
                    {XDP_TX, "TX"},
                    {XDP_REDIRECT, "REDIRECT"}}),
             FIELD("errno", kUnsigned, pidcap_xdp_verdict, error, error_names()),
             FIELD("program", kUnsigned, pidcap_xdp_verdict, program),
             FIELD("program_name", kChars, pidcap_xdp_verdict, program_name),
             FIELD("device", kChars, pidcap_xdp_verdict, device),
             FIELD("ifindex", kUnsigned, pidcap_xdp_verdict, ifindex),
             FIELD("to_device", kChars, pidcap_xdp_verdict, to_device),
             FIELD("to_ifindex", kUnsigned, pidcap_xdp_verdict, to_ifindex),
             FIELD("netns", kUnsigned, pidcap_xdp_verdict, netns),
             FIELD("packets", kUnsigned, pidcap_xdp_verdict, packets),
             FIELD("length", kUnsigned, pidcap_xdp_verdict, length),
             FIELD("data", kDynamic, pidcap_xdp_verdict, data)}};
}

}  // namespace capture
