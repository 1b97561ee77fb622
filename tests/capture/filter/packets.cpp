// SPDX-License-Identifier: GPL-2.0-only
#include "tests/capture/filter/packets.h"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace test {
namespace {

// A packet is made from the inside out: a header is put before what is there.
class Builder {
  public:
    explicit Builder(Random& random) : random_(&random) {}

    uint32_t below(uint32_t limit) {
        return std::uniform_int_distribution<uint32_t>(0, limit - 1)(*random_);
    }
    bool one_in(uint32_t n) { return below(n) == 0; }
    template <typename T, size_t kSize>
    T pick(const std::array<T, kSize>& from) {
        return from[below(kSize)];
    }

    void prepend(const Bytes& header) {
        bytes_.insert(bytes_.begin(), header.begin(), header.end());
    }
    void payload(uint32_t most) {
        bytes_.resize(below(most + 1));
        for (uint8_t& byte : bytes_) {
            byte = static_cast<uint8_t>(below(256));
        }
    }

    void ip(uint16_t& type);
    void ipv4(uint8_t protocol);
    void ipv6(uint8_t protocol);
    void arp();
    void ethernet();
    void llc();

    Bytes take() { return std::move(bytes_); }
    size_t size() const { return bytes_.size(); }

  private:
    Random* random_;
    Bytes bytes_;
};

void put16(Bytes& to, uint32_t value) {
    to.push_back(static_cast<uint8_t>(value >> 8));
    to.push_back(static_cast<uint8_t>(value));
}
void put32(Bytes& to, uint32_t value) {
    put16(to, value >> 16);
    put16(to, value & 0xffff);
}
void put(Bytes& to, std::initializer_list<uint8_t> values) {
    to.insert(to.end(), values);
}

constexpr std::array<uint32_t, 6> kAddresses = {0x0a000001, 0x0a000002, 0xc0a80105,
                                                0x7f000001, 0xe00000fb, 0xffffffff};
constexpr std::array<uint16_t, 7> kPorts = {22, 53, 80, 443, 1024, 5353, 6081};
constexpr std::array<uint8_t, 3> kHosts6 = {1, 2, 0xfb};

void put_address6(Bytes& to, Builder& builder) {
    const bool group = builder.one_in(4);
    Bytes address = group ? Bytes{0xff, 0x02} : Bytes{0x20, 0x01, 0x0d, 0xb8};
    address.resize(15);
    address.push_back(builder.pick(kHosts6));
    to.insert(to.end(), address.begin(), address.end());
}

void put_mac(Bytes& to, Builder& builder) {
    static const std::array<Bytes, 5> kMacs = {{{0, 1, 2, 3, 4, 5},
                                                {0, 1, 2, 3, 4, 6},
                                                {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
                                                {0x01, 0x00, 0x5e, 0, 0, 0xfb},
                                                {0x01, 0x80, 0xc2, 0, 0, 0x14}}};
    const Bytes& mac = kMacs[builder.below(kMacs.size())];
    to.insert(to.end(), mac.begin(), mac.end());
}

// The payload becomes that of a protocol: its header goes before it.
void prepend_transport(Builder& builder, uint8_t protocol) {
    Bytes header;
    switch (protocol) {
        case 6:  // TCP, some with options
            put16(header, builder.pick(kPorts));
            put16(header, builder.pick(kPorts));
            put32(header, builder.below(1000));
            put32(header, builder.below(1000));
            header.push_back(static_cast<uint8_t>((5 + builder.below(4)) << 4));
            header.push_back(static_cast<uint8_t>(builder.below(64)));
            put16(header, 512);
            put32(header, 0);
            break;
        case 17:   // UDP
        case 132:  // SCTP
            put16(header, builder.pick(kPorts));
            put16(header, builder.pick(kPorts));
            put16(header, static_cast<uint32_t>(builder.size() + 8));
            put16(header, 0);
            if (builder.one_in(4)) {  // GENEVE, for those that go to its port
                put(header, {0, 0, 0x65, 0x58, 0, 0, static_cast<uint8_t>(builder.below(3)), 0});
            }
            break;
        case 1:
        case 58:  // ICMP
            header.push_back(
                static_cast<uint8_t>(protocol == 1 ? builder.below(20) : 126 + builder.below(12)));
            header.push_back(static_cast<uint8_t>(builder.below(4)));
            put16(header, 0);
            put32(header, builder.below(5));
            break;
        default:
            put32(header, builder.below(100));
            put32(header, builder.below(100));
    }
    builder.prepend(header);
}

constexpr std::array<uint8_t, 16> kProtocols = {6, 6, 6,  17, 17,  17,  1,   58,
                                                2, 9, 50, 51, 103, 112, 132, 41};

}  // namespace

void Builder::ipv4(uint8_t protocol) {
    const uint32_t options = one_in(4) ? below(4) * 4 : 0;
    Bytes header;
    header.push_back(static_cast<uint8_t>(0x45 + options / 4));
    header.push_back(static_cast<uint8_t>(below(256)));
    put16(header, static_cast<uint32_t>(20 + options + bytes_.size()));
    put16(header, below(65536));
    put16(header, one_in(5) ? below(4) << 13 | below(3) : 0x4000);
    header.push_back(static_cast<uint8_t>(1 + below(255)));
    header.push_back(protocol);
    put16(header, 0);
    put32(header, pick(kAddresses));
    put32(header, pick(kAddresses));
    header.resize(20 + options);
    prepend(header);
}

// With some extension headers before what there is.
void Builder::ipv6(uint8_t protocol) {
    static constexpr std::array<uint8_t, 5> kExtensions = {0, 43, 60, 44, 51};
    for (uint32_t left = one_in(3) ? below(4) : 0; left > 0; left--) {
        const uint8_t kind = pick(kExtensions);
        Bytes extension = {protocol, static_cast<uint8_t>(kind == 44 || one_in(2) ? 0 : 1)};
        extension.resize(kind == 51 ? (extension[1] + 2U) * 4 : (extension[1] + 1U) * 8);
        if (kind == 44) {
            extension[3] = static_cast<uint8_t>(below(2) << 3 | below(2));
        }
        prepend(extension);
        protocol = kind;
    }
    Bytes header;
    put32(header, 0x60000000);
    put16(header, static_cast<uint32_t>(bytes_.size()));
    header.push_back(protocol);
    header.push_back(64);
    put_address6(header, *this);
    put_address6(header, *this);
    prepend(header);
}

// `type`: the Ethernet type of what it made.
void Builder::ip(uint16_t& type) {
    payload(40);
    const uint8_t protocol = pick(kProtocols);
    prepend_transport(*this, protocol);
    if (one_in(3)) {
        ipv6(protocol);
        type = 0x86dd;
    } else {
        ipv4(protocol);
        type = 0x0800;
    }
}

void Builder::arp() {
    Bytes header;
    put16(header, 1);
    put16(header, 0x0800);
    put(header, {6, 4});
    put16(header, 1 + below(4));
    put_mac(header, *this);
    put32(header, pick(kAddresses));
    put_mac(header, *this);
    put32(header, pick(kAddresses));
    prepend(header);
}

// 802.3 with LLC, in place of a type; some of it SNAP.
void Builder::llc() {
    static constexpr std::array<uint8_t, 6> kSaps = {0xfe, 0x42, 0xe0, 0xf0, 0xaa, 0x04};
    const uint8_t sap = pick(kSaps);
    payload(40);
    if (sap == 0xfe) {  // ISO: CLNP, ES-IS, IS-IS with its PDU types
        static constexpr std::array<uint8_t, 3> kIso = {0x81, 0x82, 0x83};
        static constexpr std::array<uint8_t, 9> kIsis = {15, 16, 17, 18, 20, 24, 25, 26, 27};
        bytes_.resize(std::max<size_t>(bytes_.size(), 8));
        bytes_[0] = pick(kIso);
        bytes_[4] = pick(kIsis);
    }
    Bytes header = {sap, sap, 3};
    if (sap == 0xaa) {
        static constexpr std::array<uint16_t, 3> kSnap = {0x809b, 0x80f3, 0x0800};
        put(header, {one_in(2) ? uint8_t{0x08} : uint8_t{0}, 0, 7});
        put16(header, pick(kSnap));
    }
    prepend(header);
    Bytes ethernet;
    put_mac(ethernet, *this);
    put_mac(ethernet, *this);
    put16(ethernet, static_cast<uint32_t>(bytes_.size()));
    prepend(ethernet);
}

void Builder::ethernet() {
    uint16_t type = 0;
    switch (below(8)) {
        case 0:
            llc();
            return;
        case 1:
            arp();
            type = one_in(4) ? 0x8035 : 0x0806;
            break;
        case 2: {
            static constexpr std::array<uint16_t, 8> kTypes = {0x6002, 0x6001, 0x6003, 0x6004,
                                                               0x809b, 0x80f3, 0x8137, 0x8863};
            type = pick(kTypes);
            payload(60);
            break;
        }
        default:
            ip(type);
    }
    if (one_in(6)) {  // MPLS, one or two labels
        Bytes labels;
        if (one_in(2)) {
            put32(labels, (16 + below(3)) << 12 | 64);
        }
        put32(labels, (16 + below(3)) << 12 | 1 << 8 | 64);
        prepend(labels);
        type = one_in(4) ? 0x8848 : 0x8847;
    } else if (one_in(8) && (type == 0x0800 || type == 0x86dd)) {  // PPPoE
        Bytes session = {0x11, 0};
        put16(session, below(3));
        put16(session, static_cast<uint32_t>(bytes_.size() + 2));
        put16(session, type == 0x0800 ? 0x21 : 0x57);
        prepend(session);
        type = 0x8864;
    }
    for (uint32_t tags = one_in(3) ? 1 + below(2) : 0; tags > 0; tags--) {
        static constexpr std::array<uint16_t, 3> kTypes = {0x8100, 0x88a8, 0x9100};
        Bytes tag;
        put16(tag, below(8) << 13 | (one_in(3) ? 100 : below(10)));
        put16(tag, type);
        prepend(tag);
        type = pick(kTypes);
    }
    Bytes header;
    put_mac(header, *this);
    put_mac(header, *this);
    put16(header, type);
    prepend(header);
}

namespace {

// Cut somewhere, or with a byte that isn't what it was.
Bytes damaged(Bytes packet, Builder& builder) {
    constexpr size_t kLeast = 15;
    packet.resize(std::max(packet.size(), kLeast));
    if (builder.one_in(6)) {
        packet.resize(kLeast + builder.below(static_cast<uint32_t>(packet.size() - kLeast + 1)));
    }
    if (builder.one_in(6)) {
        packet[builder.below(static_cast<uint32_t>(packet.size()))] =
            static_cast<uint8_t>(builder.below(256));
    }
    return packet;
}

}  // namespace

Bytes make_ethernet_packet(Random& random) {
    Builder builder(random);
    builder.ethernet();
    return damaged(builder.take(), builder);
}

Bytes make_ip_packet(Random& random) {
    Builder builder(random);
    uint16_t type = 0;
    builder.ip(type);
    return damaged(builder.take(), builder);
}

Bytes make_sll2_packet(Random& random) {
    Builder builder(random);
    uint16_t type = 0;
    if (builder.one_in(6)) {
        builder.arp();
        type = 0x0806;
    } else {
        builder.ip(type);
    }
    Bytes header;
    put16(header, type);
    put16(header, 0);
    put32(header, 1 + builder.below(3));
    put16(header, 1);
    put(header, {static_cast<uint8_t>(builder.below(5)), 6});
    put_mac(header, builder);
    put16(header, 0);
    builder.prepend(header);
    return damaged(builder.take(), builder);
}

std::string hexadecimal(const Bytes& bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const uint8_t byte : bytes) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

Bytes without_tag(const Bytes& packet) {
    constexpr size_t kTag = 12;
    if (packet.size() < kTag + 6) {
        return packet;
    }
    const int type = packet[kTag] << 8 | packet[kTag + 1];
    if (type != 0x8100 && type != 0x88a8) {
        return packet;
    }
    Bytes rest = packet;
    rest.erase(rest.begin() + kTag, rest.begin() + kTag + 4);
    return rest;
}

Bytes with_tag(const Bytes& packet, uint16_t protocol, uint16_t tci) {
    Bytes tagged(packet.begin(), packet.begin() + 12);
    put16(tagged, protocol);
    put16(tagged, tci);
    tagged.insert(tagged.end(), packet.begin() + 12, packet.end());
    return tagged;
}

}  // namespace test
