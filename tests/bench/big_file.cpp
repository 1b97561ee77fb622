// SPDX-License-Identifier: GPL-2.0-only
//
// A large capture without a network, for scripts/bench --offline and the tests of sums:
//
//   big_file FILE PACKETS [PROCESSES [CONVERSATIONS]]
//
// The same arguments give the same file: TCP from handshake to FIN with a lost segment now and
// then, and UDP; a thousand conversations at a time; of a tenth both ends are on this machine, and
// a twentieth of the conversations have no process. Packets are cut to 128 bytes.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "packet/process_comment.h"
#include "pcapng/writer.h"

namespace {

constexpr uint32_t kSnaplen = 128;
constexpr uint64_t kStart = 1'763'650'000'000'000'000;
constexpr size_t kAtATime = 1000;
constexpr uint32_t kHere = 0x0a000002;  // 10.0.0.2

constexpr uint8_t kFin = 0x01, kSyn = 0x02, kPush = 0x08, kAck = 0x10;

struct ProcessTexts {
    std::string comment;       // as the packet's own process
    std::string peer;          // as its peer
    std::string introduction;  // once
};

struct Conversation {
    bool tcp = true;
    bool local = false;      // both ends are here
    uint64_t processes = 0;  // index of the client's, and of the server's if it is local
    uint64_t server = 0;
    std::optional<packet::Via> none;  // why its packets have no process
    uint32_t address = 0;
    uint16_t client_port = 0, server_port = 0;
    uint64_t left = 0;
    uint64_t sent = 0;
    std::array<uint32_t, 2> next{};  // sequence numbers
};

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "big_file: %s\n", what.c_str());
    std::exit(1);
}

template <typename T>
T need(pcapng::Result<T> result) {
    if (!result) {
        fail(result.error().message);
    }
    return std::move(result).value();
}
void need(const pcapng::Result<void>& result) {
    if (!result) {
        fail(result.error().message);
    }
}

void put16(uint8_t* to, size_t value) {
    to[0] = static_cast<uint8_t>(value >> 8);
    to[1] = static_cast<uint8_t>(value);
}
void put32(uint8_t* to, uint32_t value) {
    value = htonl(value);
    std::memcpy(to, &value, sizeof value);
}

class Generator {
  public:
    Generator(pcapng::Writer& writer, uint64_t packets, uint64_t processes, uint64_t conversations)
        : writer_(writer),
          left_(packets),
          each_(std::max<uint64_t>(packets / conversations, 1)),
          introduced_(processes) {
        for (uint64_t i = 0; i < processes; ++i) {
            processes_.push_back(make_process(i));
        }
    }

    void run() {
        std::vector<Conversation> active(kAtATime);
        while (left_ > 0) {
            Conversation& conversation = active[below(kAtATime)];
            if (conversation.left == 0) {
                conversation = make_conversation();
            }
            packet(conversation);
            --left_;
        }
    }

  private:
    uint64_t below(uint64_t limit) { return random_() % limit; }

    static ProcessTexts make_process(uint64_t i) {
        const std::string comm = "worker-" + std::to_string(i % 40);
        packet::Process process;
        process.pid = static_cast<uint32_t>(1000 + i);
        process.start_ns = kStart - i * 1'000'000;
        process.ppid = 1;
        process.parent_comm = "init";
        process.comm = comm;
        process.exe = process.cmdline = "/usr/lib/service/" + comm;
        process.uid = static_cast<uint32_t>(i % 8);
        process.user = "service";
        process.container = i % 4 == 0 ? std::string(64, static_cast<char>('a' + i % 6)) : "";
        ProcessTexts texts;
        packet::append_process(texts.comment, process, process.pid, packet::Via::kSocket);
        packet::append_process(texts.peer, process, process.pid, packet::Via::kLookup,
                               packet::kPeerPrefix);
        packet::append_introduction(texts.introduction, process);
        return texts;
    }

    Conversation make_conversation() {
        const uint64_t number = made_++;
        Conversation made;
        made.tcp = below(10) < 7;
        made.local = below(10) == 0;
        made.processes = number % processes_.size();
        made.server = below(processes_.size());
        static constexpr std::array<packet::Via, 3> kNone{
            packet::Via::kKernel, packet::Via::kForwarded, packet::Via::kUnknown};
        if (below(20) == 0) {
            made.none = kNone[below(3)];
        }
        made.address = made.local ? kHere : 0x0b000000 + static_cast<uint32_t>(below(1 << 16));
        // No two have the same ports for a long while.
        made.client_port = static_cast<uint16_t>(20000 + number % 40000);
        made.server_port = static_cast<uint16_t>(1000 + number / 40000 + 100 * below(5));
        // Short ones are all as long, so that they are as many as asked for.
        made.left = each_ >= 8 ? each_ / 5 + below(each_ * 8 / 5) + 6
                               : std::max<uint64_t>(each_, made.tcp ? 5 : 1);
        made.next = {static_cast<uint32_t>(random_()), static_cast<uint32_t>(random_())};
        return made;
    }

    void packet(Conversation& conversation) {
        // 0: from the client.
        size_t side = below(2);
        size_t payload = below(5) < 2 ? 1448 : below(3) == 0 ? below(1448) : 0;
        uint8_t flags = kAck;
        if (!conversation.tcp) {
            payload = 20 + below(500);
        } else if (conversation.sent < 3) {
            side = conversation.sent == 1 ? 1 : 0;
            payload = 0;
            flags = conversation.sent == 0 ? kSyn : conversation.sent == 1 ? kSyn | kAck : kAck;
        } else if (conversation.left <= 2) {
            side = conversation.left == 2 ? 0 : 1;
            payload = 0;
            flags = kFin | kAck;
        } else if (payload > 0) {
            flags = kAck | kPush;
        }
        ++conversation.sent;
        --conversation.left;
        write(conversation, side, payload, flags);
        // A lost segment's sender doesn't know yet: its next one is the same again.
        const bool lost = payload > 0 && below(100) == 0;
        conversation.next[side] +=
            lost ? 0 : static_cast<uint32_t>(payload) + ((flags & (kSyn | kFin)) != 0 ? 1 : 0);
    }

    void write(const Conversation& conversation, size_t side, size_t payload, uint8_t flags) {
        std::array<uint8_t, 14 + 20 + 32 + 64> bytes{};
        const size_t transport = conversation.tcp ? 32 : 8;
        const size_t length = 14 + 20 + transport + payload;
        put16(&bytes[12], 0x0800);
        uint8_t* ip = &bytes[14];
        ip[0] = 0x45;
        put16(ip + 2, length - 14);
        ip[8] = 64;
        ip[9] = conversation.tcp ? 6 : 17;
        std::array<uint32_t, 2> addresses{kHere, conversation.address};
        std::array<uint16_t, 2> ports{conversation.client_port, conversation.server_port};
        put32(ip + 12, addresses[side]);
        put32(ip + 16, addresses[1 - side]);
        uint8_t* header = ip + 20;
        put16(header, ports[side]);
        put16(header + 2, ports[1 - side]);
        if (conversation.tcp) {
            put32(header + 4, conversation.next[side]);
            put32(header + 8, (flags & kAck) != 0 ? conversation.next[1 - side] : 0);
            header[12] = 0x80;  // 32 bytes: timestamps, as usual
            header[13] = flags;
            put16(header + 14, 502);
            header[20] = header[21] = 1;
            header[22] = 8;
            header[23] = 10;
        } else {
            put16(header + 4, 8 + payload);
        }
        time_ += 1000 + below(20'000);
        const bool out = side == 0 || conversation.local;
        need(writer_.packet({
            .time_ns = time_,
            .data = {bytes.data(), std::min<size_t>({length, kSnaplen, bytes.size()})},
            .wire_length = static_cast<uint32_t>(length),
            .direction = out ? pcapng::Direction::kOutbound : pcapng::Direction::kInbound,
            .comment = comment_of(conversation, side),
        }));
    }

    const std::string& comment_of(const Conversation& conversation, size_t side) {
        comment_.clear();
        if (conversation.none) {
            packet::append_reason(comment_, *conversation.none);
            return comment_;
        }
        std::array<uint64_t, 2> ends{conversation.processes, conversation.server};
        // The sender if both are here, else the client.
        const uint64_t self = conversation.local ? ends[side] : conversation.processes;
        comment_ = processes_[self].comment;
        introduce(self);
        if (conversation.local) {
            const uint64_t peer = ends[1 - side];
            comment_ += ' ' + processes_[peer].peer;
        }
        return comment_;
    }

    void introduce(uint64_t process) {
        if (!introduced_[process]) {
            introduced_[process] = true;
            comment_ += ' ' + processes_[process].introduction;
        }
    }

    pcapng::Writer& writer_;
    uint64_t left_;
    uint64_t each_;  // packets of a conversation, on average
    std::vector<bool> introduced_;
    std::vector<ProcessTexts> processes_;
    std::mt19937_64 random_{7};
    uint64_t made_ = 0;
    uint64_t time_ = kStart;
    std::string comment_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3 || argc > 5) {
        fail("FILE PACKETS [PROCESSES [CONVERSATIONS]]");
    }
    auto number = [&](int index, uint64_t otherwise) {
        const uint64_t given = argc > index ? std::strtoull(argv[index], nullptr, 10) : otherwise;
        return given > 0 ? given : 1;
    };
    pcapng::Writer writer =
        need(pcapng::Writer::create(need(pcapng::Output::open_file(argv[1])),
                                    {.comments = {std::string(packet::kCommentGrammar)}}));
    need(writer.add_interface({.snaplen = kSnaplen, .name = "eth0"}));
    Generator(writer, number(2, 1), number(3, 1000), number(4, 50'000)).run();
    need(writer.close());
}
