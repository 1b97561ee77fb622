// SPDX-License-Identifier: GPL-2.0-only
//
// A capture file of any format, read to its end with all that is told of its packets.
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>

#include "forensics/source/source.h"
#include "packet/event/frame.h"
#include "packet/event/record.h"

namespace {

// Uses every byte that a caller may use, so that the sanitizers see what isn't there.
class Sum : public forensics::Source::Observer {
  public:
    void add(std::string_view text) { sum = std::accumulate(text.begin(), text.end(), sum); }
    void add(std::span<const uint8_t> bytes) { add(pcapng::as_text(bytes)); }
    void add(const forensics::Process& process) {
        for (const std::string* text :
             {&process.host, &process.comm, &process.exe, &process.cmdline, &process.parent_comm,
              &process.user, &process.cgroup, &process.container, &process.unit}) {
            add(*text);
        }
        for (const packet::RareText* text : {&process.container_name, &process.container_image,
                                             &process.pod_name, &process.pod_namespace}) {
            add(text->view());
        }
    }
    void add(const forensics::End& end) {
        add(packet::via_name(end.via));
        add(end.user);
        if (end.process != nullptr) {
            sum += end.process->pid;
        }
    }
    pcapng::Result<void> block(const forensics::OtherBlock& block) override {
        add(block.raw);
        return {};
    }

    volatile uint64_t result = 0;
    uint64_t sum = 0;
};

// Packed input may hold a million times its size: enough is seen in this much.
constexpr uint64_t kMostBytes = uint64_t{4} * 1024 * 1024;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    pcapng::Result<forensics::Source> opened =
        forensics::Source::from_memory({data, size}, "input");
    if (!opened.ok()) {
        return 0;
    }
    forensics::Source source = std::move(opened).value();
    Sum sum;
    source.set_observer(&sum);
    for (;;) {
        const pcapng::Result<const forensics::Packet*> next = source.next();
        if (!next.ok() || *next == nullptr || (*next)->offset > kMostBytes) {
            break;
        }
        const forensics::Packet& packet = **next;
        sum.add(packet.data);
        sum.add(packet.interface->name);
        sum.add(packet.self);
        sum.add(packet.peer);
        if (const auto record = packet::event_record(packet)) {
            for (const packet::EventValue& value :
                 packet::read_event(*packet.interface->event, *record)) {
                sum.add(packet::value_text(value));
            }
        }
        const forensics::Ends ends = packet::ends_of(packet);
        sum.sum += ends.either != nullptr ? 1 : 0;
    }
    for (const forensics::Process& process : source.processes()) {
        sum.add(process);
    }
    sum.result = sum.sum;
    return 0;
}
