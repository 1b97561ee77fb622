// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/packet_line.h"

#include <string_view>

#include "packet/line/decode.h"
#include "packet/line/decode_parts.h"
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

// Hours, minutes and seconds from one time to another, which may be earlier.
void append_distance(fmt::memory_buffer& out, uint64_t from_ns, uint64_t to_ns) {
    const bool earlier = to_ns < from_ns;
    const uint64_t ns = earlier ? from_ns - to_ns : to_ns - from_ns;
    const uint64_t seconds = ns / kNsPerSecond;
    append(out, "{}{:02}:{:02}:{:02}.{:09} ", earlier ? "-" : "", seconds / 3600, seconds / 60 % 60,
           seconds % 60, ns % kNsPerSecond);
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

}  // namespace

void PacketLine::append_time(fmt::memory_buffer& out, std::optional<uint64_t> time_ns) {
    if (!time_ns) {
        out.append(std::string_view(style_.time == TimeForm::kNone ? "" : "- "));
        return;
    }
    switch (style_.time) {
        case TimeForm::kNone:
            break;
        case TimeForm::kEpoch:
            ::packet::append(out, "{}.{:09} ", *time_ns / kNsPerSecond, *time_ns % kNsPerSecond);
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
    ::packet::append(out, "{}.{:09} ", std::string_view(clock_.data()), time_ns % kNsPerSecond);
}

void PacketLine::append(fmt::memory_buffer& out, const Packet& packet) {
    append_time(out, packet.time_ns);
    if (!packet.interface->name.empty()) {
        append_word(out, packet.interface->name);
        out.push_back(' ');
    }
    out.append(direction_word(packet.direction));
    append_process_ends(out, packet, style_.color);
    append_decoded(out, packet.interface->link_type, std::as_bytes(packet.data), packet.wire_length,
                   style_.quiet);
    if (style_.verbose > 0) {
        if (packet.self.process != nullptr) {
            ::packet::append(out, " at={}", at_name(packet.self_at));
            append_details(out, packet.self, "", style_.numeric);
        }
        if (packet.peer.process != nullptr) {
            append_details(out, packet.peer, "peer.", style_.numeric);
        }
    }
    out.push_back('\n');
}

}  // namespace packet
