// SPDX-License-Identifier: GPL-2.0-only
#include "tests/forensics/capture_file.h"

#include <sstream>
#include <stdexcept>
#include <variant>

#include "pcapng/reader.h"
#include "pcapng/writer.h"
#include "tests/support/command.h"

namespace test {
namespace {

template <typename T>
T value(pcapng::Result<T> result) {
    if (!result) {
        throw std::runtime_error(result.error().message);
    }
    return std::move(*result);
}

void check(const pcapng::Result<void>& result) {
    if (!result) {
        throw std::runtime_error(result.error().message);
    }
}

void append16(Frame& out, size_t number) {
    out.push_back(static_cast<uint8_t>(number >> 8));
    out.push_back(static_cast<uint8_t>(number));
}

void append32(Frame& out, uint32_t number) {
    append16(out, number >> 16);
    append16(out, number & 0xffff);
}

}  // namespace

CaptureFile CaptureFile::read(const std::string& path) {
    pcapng::Reader reader = value(pcapng::Reader::open_file(path));
    CaptureFile file;
    while (const std::optional<pcapng::Block> block = value(reader.next())) {
        if (const auto* interface = std::get_if<pcapng::InterfaceRead>(&*block)) {
            file.interface_.link_type = interface->link_type;
        } else if (const auto* packet = std::get_if<pcapng::PacketRead>(&*block)) {
            file.frames_.push_back({.frame = {packet->data.begin(), packet->data.end()},
                                    .time_ns = packet->time_ns,
                                    .wire_length = packet->wire_length});
        }
    }
    return file;
}

void CaptureFile::add(Frame frame, uint64_t time_ns, std::optional<size_t> captured,
                      std::string comment) {
    Entry entry{.frame = std::move(frame), .time_ns = time_ns, .comment = std::move(comment)};
    entry.wire_length = static_cast<uint32_t>(entry.frame.size());
    entry.frame.resize(std::min(captured.value_or(entry.frame.size()), entry.frame.size()));
    frames_.push_back(std::move(entry));
}

void CaptureFile::write(const std::string& path) const {
    pcapng::Writer writer =
        value(pcapng::Writer::create(value(pcapng::Output::open_file(path)), {}));
    const uint32_t interface =
        value(writer.add_interface({.link_type = interface_.link_type, .name = "test"}));
    for (const Entry& entry : frames_) {
        check(writer.packet({.interface_id = interface,
                             .time_ns = entry.time_ns,
                             .data = entry.frame,
                             .wire_length = entry.wire_length,
                             .direction = pcapng::Direction::kOutbound,
                             .comment = entry.comment}));
    }
    check(writer.close());
}

forensics::Packet CaptureFile::packet(size_t index) const {
    const Entry& entry = frames_[index];
    forensics::Packet packet;
    packet.number = index + 1;
    packet.time_ns = entry.time_ns;
    packet.interface = &interface_;
    packet.wire_length = entry.wire_length;
    packet.data = entry.frame;
    return packet;
}

forensics::FlowTable CaptureFile::flows(forensics::FlowTable::Options options) const {
    forensics::FlowTable table(options);
    for (size_t i = 0; i < frames_.size(); ++i) {
        table.add(packet(i));
    }
    table.finish();
    return table;
}

Frame make(const Ipv4Packet& packet) {
    Frame out{0x45, 0};
    append16(out, 20 + packet.payload.size());
    append16(out, packet.id);
    append16(out, packet.fragment);
    out.insert(out.end(), {64, packet.protocol, 0, 0, 10, 0, 0, packet.from, 10, 0, 0, packet.to});
    out.insert(out.end(), packet.payload.begin(), packet.payload.end());
    return out;
}

Frame make(const Segment& segment) {
    Frame tcp;
    append16(tcp, segment.source_port);
    append16(tcp, segment.target_port);
    append32(tcp, segment.sequence);
    append32(tcp, segment.acknowledgment);
    tcp.push_back(0x50);
    tcp.push_back(segment.flags);
    append16(tcp, segment.window);
    append32(tcp, 0);
    tcp.insert(tcp.end(), segment.data.begin(), segment.data.end());
    return make(Ipv4Packet{.from = segment.from, .to = segment.to, .payload = tcp});
}

Frame udp_header(const Datagram& datagram) {
    Frame udp;
    append16(udp, datagram.source_port);
    append16(udp, datagram.target_port);
    append16(udp, 8 + datagram.data.size());
    append16(udp, 0);
    udp.insert(udp.end(), datagram.data.begin(), datagram.data.end());
    return udp;
}

Frame make(const Datagram& datagram) {
    return make(Ipv4Packet{
        .from = datagram.from, .to = datagram.to, .protocol = 17, .payload = udp_header(datagram)});
}

Frame bytes_of(const std::string& text) {
    return {text.begin(), text.end()};
}

std::vector<std::vector<std::string>> tshark_fields(const std::string& file,
                                                    const std::string& filter,
                                                    const std::vector<std::string>& fields,
                                                    const std::vector<std::string>& options) {
    std::vector<std::string> command{"tshark", "-n", "-r", file, "-Y", filter, "-T", "fields"};
    command.insert(command.end(), options.begin(), options.end());
    for (const std::string& field : fields) {
        command.insert(command.end(), {"-e", field});
    }
    std::vector<std::vector<std::string>> rows;
    std::istringstream lines(output_of(command));
    for (std::string line; std::getline(lines, line);) {
        std::vector<std::string>& row = rows.emplace_back();
        std::istringstream columns(line);
        for (std::string column; std::getline(columns, column, '\t');) {
            row.push_back(column);
        }
        row.resize(fields.size());
    }
    return rows;
}

}  // namespace test
