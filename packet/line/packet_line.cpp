// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/packet_line.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include "packet/dissect/link.h"
#include "packet/event/frame.h"
#include "packet/line/decode.h"
#include "packet/line/decode_parts.h"
#include "packet/line/event_text.h"
#include "packet/line/process_ends.h"
#include "packet/line/terminal_text.h"

namespace packet {
namespace {

constexpr uint64_t kNsPerSecond = 1'000'000'000;

// What -v adds of one end: " exe=/usr/bin/curl user=root tid=42 via=socket", only what is known.
void append_details(fmt::memory_buffer& out, const End& end, std::string_view prefix,
                    bool numeric) {
    if (!end.process->exe.empty()) {
        append(out, " {}exe=", prefix);
        append_word(out, end.process->exe);
    }
    const std::string_view user = user_of(end);
    const std::optional<uint32_t> uid = uid_of(end);
    if (!numeric && !user.empty()) {
        append(out, " {}user=", prefix);
        append_word(out, user);
    } else if (uid) {
        append(out, " {}uid={}", prefix, *uid);
    }
    if (end.tid != 0) {
        append(out, " {}tid={}", prefix, end.tid);
    }
    if (end.via != Via::kUnrecorded) {
        append(out, " {}via={}", prefix, via_name(end.via));
    }
}

std::string_view direction_word(Direction direction) {
    switch (direction) {
        case Direction::kInbound:
            return "In ";
        case Direction::kOutbound:
            return "Out ";
        case Direction::kUnknown:
            break;
    }
    return {};
}

// What is dumped: what follows the link-layer header, as tcpdump counts it. The labels and
// sessions that lead to an IP packet don't belong to that header.
std::span<const std::byte> without_link_header(uint16_t link_type, std::span<const std::byte> data,
                                               uint32_t wire_length) {
    constexpr size_t kLabel = 4;
    constexpr size_t kPppoe = 8;  // with the protocol of PPP
    const Link link = read_link(link_type, data, wire_length);
    const std::span<const std::byte> payload = link.payload.captured();
    if (payload.empty()) {
        return link.content == LinkContent::kCut ? data : payload;
    }
    const size_t inside = link.mpls_count * kLabel + (link.pppoe_session ? kPppoe : 0);
    const auto offset = static_cast<size_t>(payload.data() - data.data());
    return data.subspan(offset - std::min(offset, inside));
}

}  // namespace

void PacketLine::append_fraction(fmt::memory_buffer& out, uint64_t ns) const {
    if (style_.microseconds) {
        ::packet::append(out, ".{:06} ", ns % kNsPerSecond / 1000);
    } else {
        ::packet::append(out, ".{:09} ", ns % kNsPerSecond);
    }
}

void PacketLine::append_distance(fmt::memory_buffer& out, uint64_t from_ns, uint64_t to_ns) const {
    const bool earlier = to_ns < from_ns;
    const uint64_t ns = earlier ? from_ns - to_ns : to_ns - from_ns;
    const uint64_t seconds = ns / kNsPerSecond;
    ::packet::append(out, "{}{:02}:{:02}:{:02}", earlier ? "-" : "", seconds / 3600,
                     seconds / 60 % 60, seconds % 60);
    append_fraction(out, ns);
}

void PacketLine::append_time(fmt::memory_buffer& out, std::optional<uint64_t> time_ns) {
    if (!time_ns) {
        out.append(std::string_view(style_.time == TimeForm::kNone ? "" : "- "));
        return;
    }
    switch (style_.time) {
        case TimeForm::kNone:
            break;
        case TimeForm::kEpoch:
            ::packet::append(out, "{}", *time_ns / kNsPerSecond);
            append_fraction(out, *time_ns);
            break;
        case TimeForm::kSincePrevious:
            append_distance(out, previous_ns_.value_or(*time_ns), *time_ns);
            break;
        case TimeForm::kSinceFirst:
            append_distance(out, first_ns_.value_or(*time_ns), *time_ns);
            break;
        case TimeForm::kClock:
        case TimeForm::kDate:
            append_local(out, *time_ns);
            break;
    }
    previous_ns_ = *time_ns;
    first_ns_ = first_ns_.value_or(*time_ns);
}

void PacketLine::append_local(fmt::memory_buffer& out, uint64_t time_ns) {
    const auto second = static_cast<time_t>(time_ns / kNsPerSecond);
    if (second != second_) {
        tm local{};
        if (localtime_r(&second, &local) == nullptr ||
            std::strftime(clock_.data(), clock_.size(), "%H:%M:%S", &local) == 0 ||
            std::strftime(date_.data(), date_.size(), "%Y-%m-%d", &local) == 0) {
            clock_ = {};
            date_ = {};
        }
        second_ = second;
    }
    if (first_date_.front() == '\0') {
        first_date_ = date_;
    }
    if (style_.time == TimeForm::kDate || date_ != first_date_) {
        ::packet::append(out, "{} ", std::string_view(date_.data()));
    }
    out.append(std::string_view(clock_.data()));
    append_fraction(out, time_ns);
}

void PacketLine::append(fmt::memory_buffer& out, const Packet& packet) {
    if (style_.number) {
        ::packet::append(out, "{:5}  ", ++number_);
    }
    append_time(out, packet.time_ns);
    if (!packet.interface->name.empty()) {
        append_word(out, packet.interface->name);
        out.push_back(' ');
    }
    const uint16_t link_type = packet.interface->link_type;
    const std::span<const std::byte> data = std::as_bytes(packet.data);
    if (const auto record = event_record(packet)) {
        append_event_process(out, packet, style_.color);
        append_event_fields(out, *packet.interface->event, *record);
    } else {
        out.append(direction_word(packet.direction));
        append_process_ends(out, packet, style_.color);
        append_decoded(out, link_type, data, packet.wire_length,
                       {.quiet = style_.quiet,
                        .verbose = style_.verbose,
                        .checksums = style_.checksums,
                        .link_header = style_.link_header},
                       style_.absolute_sequence ? nullptr : &sequences_);
    }
    if (style_.verbose > 0) {
        if (packet.self.process != nullptr) {
            if (!is_event(packet)) {
                ::packet::append(out, " at={}", at_name(packet.self_at));
            }
            append_details(out, packet.self, "", style_.numeric);
        }
        if (packet.peer.process != nullptr) {
            append_details(out, packet.peer, "peer.", style_.numeric);
        }
    }
    if (style_.dump != DumpForm::kNone) {
        append_dump(out, style_.dump,
                    style_.dumps_link_header
                        ? data
                        : without_link_header(link_type, data, packet.wire_length));
    }
    out.push_back('\n');
}

}  // namespace packet
