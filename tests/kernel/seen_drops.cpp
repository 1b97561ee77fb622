// SPDX-License-Identifier: GPL-2.0-only
#include "tests/kernel/seen_drops.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "capture/kernel/kernel_types.h"

namespace test {
namespace {

// The data are in hexadecimal.
bool goes_to(const SeenEvent& event, uint16_t port) {
    const std::string data = event.text("data");
    constexpr size_t kPort = 2 * (20 + 2);
    return event.text("protocol") == "IPv4" && data.size() >= kPort + 4 &&
           std::stoul(data.substr(kPort, 4), nullptr, 16) == port;
}

}  // namespace

std::vector<SeenEvent> drops_to(const std::string& file, uint16_t port) {
    auto drops = events_of(file, "drop:packet");
    std::erase_if(drops, [port](const SeenEvent& event) { return !goes_to(event, port); });
    return drops;
}

// A line of names, then one of numbers.
uint64_t net_counter(const std::string& group, const std::string& name) {
    for (const char* path : {"/proc/thread-self/net/snmp", "/proc/thread-self/net/netstat"}) {
        std::ifstream file(path);
        std::string names;
        std::string numbers;
        while (std::getline(file, names) && std::getline(file, numbers)) {
            std::istringstream name_words(names);
            std::istringstream number_words(numbers);
            std::string one;
            std::string number;
            while (name_words >> one && number_words >> number) {
                if (names.starts_with(group + ":") && one == name) {
                    return std::stoull(number);
                }
            }
        }
    }
    FAIL("no counter " << group << " " << name);
    return 0;
}

bool has_reasons() {
    static const bool kHas = !capture::KernelTypes().enum_values("skb_drop_reason").empty();
    return kHas;
}

bool has_receiver() {
    return capture::KernelTypes().tracepoint_arguments("kfree_skb").value_or(0) >= 4;
}

void check_reason(const SeenEvent& event, const std::string& reason, const std::string& symbol) {
    if (has_reasons()) {
        CHECK(event.text("reason") == reason);
    }
    CAPTURE(event.text("symbol"));
    CHECK(event.text("symbol").starts_with(symbol));
    CHECK(event.text("location") == "0x0");
}

}  // namespace test
