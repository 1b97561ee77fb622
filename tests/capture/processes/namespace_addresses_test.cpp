// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/namespace_addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <set>
#include <string>

#include "capture/processes/procfs.h"

namespace {

using Texts = std::set<std::string>;

Texts texts_of(const std::vector<packet::Address>& addresses) {
    Texts texts;
    for (const packet::Address& address : addresses) {
        texts.insert(to_text(address));
    }
    return texts;
}

Texts ipv4(std::string_view file) {
    std::vector<packet::Address> addresses;
    capture::append_ipv4_addresses(file, addresses);
    return texts_of(addresses);
}

Texts ipv6(std::string_view file) {
    std::vector<packet::Address> addresses;
    capture::append_ipv6_addresses(file, addresses);
    return texts_of(addresses);
}

// What getifaddrs() has, but for loopback, link-local and what no interface has finished.
Texts by_getifaddrs() {
    ifaddrs* list = nullptr;
    REQUIRE(getifaddrs(&list) == 0);
    Texts texts;
    for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr) {
            continue;
        }
        packet::Address address;
        if (one->ifa_addr->sa_family == AF_INET) {
            address.length = 4;
            std::memcpy(address.bytes.data(),
                        &reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr, 4);
        } else if (one->ifa_addr->sa_family == AF_INET6) {
            address.length = 16;
            std::memcpy(address.bytes.data(),
                        &reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr, 16);
        } else {
            continue;
        }
        const std::string text = to_text(address);
        if (!text.starts_with("127.") && !text.starts_with("169.254.") && text != "::1" &&
            !text.starts_with("fe80:")) {
            texts.insert(text);
        }
    }
    freeifaddrs(list);
    return texts;
}

}  // namespace

TEST_CASE("a process's addresses are those that getifaddrs() has of its namespace") {
    const auto procfs = capture::ProcFs::open();
    REQUIRE(procfs.ok());
    const auto process = procfs->addresses(static_cast<uint32_t>(getpid()));
    REQUIRE(process.ok());
    CHECK(process->netns != 0);
    CHECK(texts_of(process->addresses) == by_getifaddrs());
}

TEST_CASE("of fib_trie those are taken that are local to the host") {
    const std::string_view file =
        "Main:\n"
        "  +-- 0.0.0.0/0 3 0 5\n"
        "     |-- 0.0.0.0\n"
        "        /0 universe UNICAST\n"
        "     +-- 10.88.0.0/16 2 0 2\n"
        "        |-- 10.88.0.0\n"
        "           /16 link UNICAST\n"
        "        |-- 10.88.0.5\n"
        "           /32 host LOCAL\n"
        "        |-- 10.88.255.255\n"
        "           /32 link BROADCAST\n"
        "     |-- 127.0.0.1\n"
        "        /32 host LOCAL\n"
        "     |-- 169.254.7.7\n"
        "        /32 host LOCAL\n"
        "     |-- 192.0.2.0\n"
        "        /24 host LOCAL\n"
        "Local:\n"
        "        |-- 10.88.0.5\n"
        "           /32 host LOCAL\n";
    CHECK(ipv4(file) == Texts{"10.88.0.5"});
    CHECK(ipv4("|-- 999.1.1.1\n/32 host LOCAL\n|-- \n/32 host LOCAL\n/32 host LOCAL").empty());
    for (size_t length = 0; length < file.size(); ++length) {  // cut anywhere
        const Texts texts = ipv4(file.substr(0, length));
        CHECK((texts.empty() || texts == Texts{"10.88.0.5"}));
    }
}

TEST_CASE(
    "of if_inet6 those of global scope are taken, once no other host turns out to have them") {
    CHECK(ipv6("fd000000000000000000000000000002 02 40 00 80     eth0\n"
               "fe80000000000000a8bbccfffeddee01 02 40 20 80     eth0\n"
               "00000000000000000000000000000001 01 80 10 80       lo\n"
               "fd000000000000000000000000000003 02 40 00 c0     eth0\n"  // tentative
               "fd000000000000000000000000000004 02 40 00 88     eth0\n"  // a duplicate
               "fd00000000000000000000000000000 02 40 00 80     eth0\n"   // a digit less
               "fd00000000000000000000000000000x 02 40 00 80     eth0\n"  // none
               "fd000000000000000000000000000005 02 40") == Texts{"fd00::2"});
}

TEST_CASE("of a namespace with very many addresses, some are taken") {
    std::string file;
    for (int i = 0; i < 300; ++i) {
        file += "|-- 10.0." + std::to_string(i / 200) + "." + std::to_string(i % 200) +
                "\n/32 host LOCAL\n";
    }
    CHECK(ipv4(file).size() == capture::kMostAddresses);
}
