# SPDX-License-Identifier: GPL-2.0-only
"""Link layers and tunnels around an IP packet: bytes as a capture of that link type has them."""

import struct

from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
IPV4, IPV6 = 0x0800, 0x86DD


def ether_type(packet):
    return IPV4 if IP in packet and packet.version == 4 else IPV6


def ethernet(random, packet):
    frame = Ether(**MACS)
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        frame = frame / Dot1Q(vlan=random.randrange(1, 4095))
    return bytes(frame / packet)


def mpls(random, packet):
    labels = [MPLS(label=random.randrange(16, 1 << 20), s=0, ttl=64) for _ in range(random.randrange(2))]
    frame = Ether(**MACS, type=0x8847)
    for label in labels:
        frame = frame / label
    return bytes(frame / MPLS(label=random.randrange(16, 1 << 20), s=1, ttl=64) / packet)


def pppoe(random, packet):
    protocol = 0x0021 if ether_type(packet) == IPV4 else 0x0057
    return bytes(Ether(**MACS, type=0x8864) / PPPoE(sessionid=7) / PPP(proto=protocol) / packet)


def snap(random, packet):
    inner = b"\xaa\xaa\x03\x00\x00\x00" + struct.pack("!H", ether_type(packet)) + bytes(packet)
    return bytes(Ether(**MACS, type=len(inner))) + inner if len(inner) <= 1500 else ethernet(random, packet)


def null(random, packet):
    family = 2 if ether_type(packet) == IPV4 else random.choice((24, 28, 30))
    return struct.pack(random.choice("<>") + "I", family) + bytes(packet)


def loop(random, packet):
    family = 2 if ether_type(packet) == IPV4 else random.choice((24, 28, 30))
    return struct.pack("!I", family) + bytes(packet)


def raw(random, packet):
    return bytes(packet)


def ppp(random, packet):
    protocol = 0x0021 if ether_type(packet) == IPV4 else 0x0057
    framing = random.choice((b"\xff\x03", b""))
    return framing + struct.pack("!H", protocol) + bytes(packet)


def cisco_hdlc(random, packet):
    return b"\x0f\x00" + struct.pack("!H", ether_type(packet)) + bytes(packet)


def cooked(random, packet):
    return (struct.pack("!HHH", random.choice((0, 4)), 1, 6) + bytes(8) + struct.pack("!H", ether_type(packet))
            + bytes(packet))


def cooked_2(random, packet):
    return (struct.pack("!HHIHBB", ether_type(packet), 0, 2, 1, random.choice((0, 4)), 6) + bytes(8) + bytes(packet))


def wlan(random, packet):
    quality = random.random() < 0.5
    control = bytes((0x88 if quality else 0x08, 0x01))
    header = control + b"\0\0" + bytes.fromhex("020000000001020000000002020000000003") + b"\x10\0"
    return (header + (b"\0\0" if quality else b"") + b"\xaa\xaa\x03\x00\x00\x00" + struct.pack("!H", ether_type(packet))
            + bytes(packet))


def radiotap(random, packet):
    if random.random() < 0.5:
        return struct.pack("<BBHI", 0, 0, 8, 0) + wlan(random, packet)
    # Flags: the frame ends with its check sequence, which nobody verifies here.
    return struct.pack("<BBHIBB", 0, 0, 10, 1 << 1, 0x10, 0) + wlan(random, packet) + b"\0\0\0\0"


def nflog(random, packet):
    family = 2 if ether_type(packet) == IPV4 else 10

    def attribute(kind, value):  # in the byte order of the file: tshark can't tell it from the attributes
        size = 4 + len(value)
        return struct.pack("<HH", size, kind) + value + bytes(-size % 4)

    return struct.pack("!BBH", family, 0, 5) + attribute(10, b"prefix\0") + attribute(9, bytes(packet))


# name, number of LINKTYPE_, how it is made
LINK_TYPES = (
    ("ethernet", 1, ethernet), ("mpls", 1, mpls), ("pppoe", 1, pppoe), ("snap", 1, snap), ("null", 0, null),
    ("loop", 108, loop), ("raw", 101, raw), ("ppp", 9, ppp), ("cisco_hdlc", 104, cisco_hdlc), ("cooked", 113, cooked),
    ("cooked_2", 276, cooked_2), ("wlan", 105, wlan), ("radiotap", 127, radiotap), ("nflog", 239, nflog),
)


def no_tunnel(packet):
    return packet


def tunnel(random):
    """How one conversation is carried: a function that puts a packet inside of others; most are as they are."""
    if random.random() < 0.7:
        return no_tunnel
    outer = random.choice((IP(src="192.0.2.1", dst="192.0.2.2"), IPv6(src="2001:db8::1", dst="2001:db8::2")))
    identifier, frame = random.randrange(1, 1 << 24), Ether(**MACS)
    return random.choice((
        lambda packet: outer / packet,
        lambda packet: outer / GRE(proto=ether_type(packet)) / packet,
        lambda packet: outer / UDP(sport=50000, dport=4789) / VXLAN(vni=identifier) / frame / packet,
        lambda packet: outer / UDP(sport=50000, dport=6081) / GENEVE(proto=0x6558, vni=identifier) / frame / packet,
    ))
