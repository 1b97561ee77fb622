// SPDX-License-Identifier: GPL-2.0-only
//
// EventCapture: a capture with packets and events of processes, made by hand, one thing a
// millisecond. The first packet or event of a process introduces it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "packet/event/frame.h"
#include "packet/event/layout.h"
#include "packet/event/record.h"
#include "packet/process_comment.h"
#include "tests/pcapng/files.h"

namespace test {

class EventCapture {
  public:
    static constexpr uint64_t kStart = 1763650000000000000;

    struct Who {
        uint32_t pid = 0;
        std::string comm;
    };

    explicit EventCapture(const std::string& path) : writer_(open_writer(path)) {
        eth0_ = need(writer_.add_interface({.snaplen = 262144, .name = "eth0"}));
    }

    void packet(const Who& who, const Bytes& frame = udp_frame()) {
        write(eth0_, frame, comment_of(who, packet::Via::kSocket));
    }
    // A frame without a word on its process.
    void plain(const Bytes& frame) { write(eth0_, frame, {}); }

    // An interface with any description.
    uint32_t add_interface(const std::string& name, const std::string& description,
                           uint16_t link_type = 1) {
        return need(writer_.add_interface(
            {.link_type = link_type, .snaplen = 262144, .name = name, .description = description}));
    }
    void event(uint32_t interface, const Who& who, std::span<const uint8_t> record) {
        Bytes frame;
        packet::append_frame(frame, record);
        write(interface, frame, comment_of(who, packet::Via::kEvent));
    }
    // Without a process.
    void event(uint32_t interface, packet::Via why, std::span<const uint8_t> record) {
        Bytes frame;
        packet::append_frame(frame, record);
        std::string comment;
        packet::append_reason(comment, why);
        write(interface, frame, comment);
    }

    void connect(const Who& who, uint32_t errno_number, const packet::EventAddress& to) {
        packet::EventRecord record(connect_layout());
        record.set_number("errno", errno_number);
        record.set_address("remote", to);
        event(interface_of("socket:connect", *connect_layout()), who, record.bytes());
    }
    void exit(const Who& who, int32_t code, const std::string& cmdline = "--secret") {
        packet::EventRecord record(exit_layout());
        record.set_number("code", static_cast<uint64_t>(code));
        record.set_text("cmdline", cmdline);
        event(interface_of("process:exit", *exit_layout()), who, record.bytes());
    }
    void close() { need(writer_.close()); }

    static std::shared_ptr<const packet::EventLayout> connect_layout() {
        return std::make_shared<const packet::EventLayout>(packet::lay_out(
            {{.name = "errno", .size = 4, .values = {{110, "ETIMEDOUT"}, {111, "ECONNREFUSED"}}},
             {.name = "remote", .kind = packet::FieldKind::kSocketAddress, .size = 28}}));
    }
    static std::shared_ptr<const packet::EventLayout> exit_layout() {
        return std::make_shared<const packet::EventLayout>(
            packet::lay_out({{.name = "code", .kind = packet::FieldKind::kSigned, .size = 4},
                             {.name = "cmdline", .kind = packet::FieldKind::kString, .size = 4}}));
    }

  private:
    uint32_t interface_of(const std::string& name, const packet::EventLayout& layout) {
        const auto known = interfaces_.find(name);
        return known != interfaces_.end()
                   ? known->second
                   : interfaces_[name] = add_interface(name, packet::layout_text(layout));
    }

    std::string comment_of(const Who& who, packet::Via via) {
        packet::Process process;
        process.pid = who.pid;
        process.start_ns = kStart - who.pid;
        process.comm = who.comm;
        process.exe = "/usr/bin/" + who.comm;
        process.ppid = 1;
        process.parent_comm = "init";
        process.uid = 1000;
        process.user = "alice";
        std::string comment;
        packet::append_process(comment, process, 0, via);
        if (introduced_.insert(who.pid).second) {
            packet::append_introduction(comment, process);
        }
        return comment;
    }

    void write(uint32_t interface, const Bytes& frame, const std::string& comment) {
        need(writer_.packet({.interface_id = interface,
                             .time_ns = time_ns_,
                             .data = frame,
                             .wire_length = static_cast<uint32_t>(frame.size()),
                             .direction = interface == eth0_ && !comment.empty()
                                              ? pcapng::Direction::kOutbound
                                              : pcapng::Direction::kUnknown,
                             .comment = comment}));
        time_ns_ += 1'000'000;
    }

    pcapng::Writer writer_;
    uint32_t eth0_ = 0;
    uint64_t time_ns_ = kStart;
    std::set<uint32_t> introduced_;
    std::map<std::string, uint32_t> interfaces_;
};

}  // namespace test
