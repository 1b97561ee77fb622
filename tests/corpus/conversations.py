# SPDX-License-Identifier: GPL-2.0-only
"""Conversations as scapy builds them: lists of IP packets, in the order of a capture."""

import struct

from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop
from scapy.packet import Raw

SOME_NAMES = ("example.org", "www.example.net", "a.b.c.example.com", "xn--bcher-kva.example", "host-1.internal")


def addresses(random):
    """Two different addresses of one family."""
    if random.random() < 0.6:
        hosts = random.sample(range(1, 250), 2)
        return [f"10.{random.randrange(4)}.0.{host}" for host in hosts]
    return [f"fd00::{host:x}" for host in random.sample(range(1, 65000), 2)]


def ip(random, source, destination):
    """A header from one address to the other, at times with options or extension headers."""
    if ":" not in source:
        return IP(src=source, dst=destination, id=random.randrange(65536), flags="DF")
    header = IPv6(src=source, dst=destination)
    for extension in (IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt):
        if random.random() < 0.1:
            header = header / extension()
    return header


def client_hello(name):
    """A TLS 1.2 record with a ClientHello that names a server (RFC 8446 4.1.2, RFC 6066 3)."""
    host = name.encode()
    server_name = struct.pack("!HHHBH", 0, len(host) + 5, len(host) + 3, 0, len(host)) + host
    versions = bytes.fromhex("002b0003020304")
    extensions = versions + server_name
    body = (b"\x03\x03" + bytes(32) + b"\x00" + struct.pack("!HH", 2, 0x1301) + b"\x01\x00"
            + struct.pack("!H", len(extensions)) + extensions)
    handshake = b"\x01" + struct.pack("!I", len(body))[1:] + body
    return b"\x16\x03\x01" + struct.pack("!H", len(handshake)) + handshake


def http_request(random, name):
    line = random.choice((b"GET / HTTP/1.1", b"POST /a?b=c HTTP/1.0", b"HEAD /index.html HTTP/1.1"))
    return line + b"\r\nUser-Agent: x\r\nHost: " + name.encode() + b"\r\n\r\n"


class Tcp:
    """One connection's packets; each side's sequence numbers."""

    def __init__(self, random, port):
        self.random = random
        self.ends = addresses(random)
        self.ports = [random.randrange(20000, 60000), port]
        self.sequence = [random.randrange(1 << 32) for _ in range(2)]
        self.packets = []

    def send(self, side, flags, data=b""):
        other = 1 - side
        packet = ip(self.random, self.ends[side], self.ends[other]) / TCP(
            sport=self.ports[side], dport=self.ports[other], flags=flags, seq=self.sequence[side],
            ack=self.sequence[other] if "A" in flags else 0)
        self.packets.append(packet / Raw(data) if data else packet)
        self.sequence[side] = (self.sequence[side] + len(data) + ("S" in flags) + ("F" in flags)) % (1 << 32)

    def open(self):
        self.send(0, "S")
        self.send(1, "SA")
        self.send(0, "A")

    def end(self):
        if self.random.random() < 0.2:
            return self.send(self.random.randrange(2), "RA")
        first = self.random.randrange(2)
        self.send(first, "FA")
        self.send(1 - first, "FA")
        self.send(first, "A")


def tcp(random):
    kind = random.choice(("http", "tls", "other", "other"))
    connection = Tcp(random, {"http": 80, "tls": 443}.get(kind, random.randrange(6100, 6200)))
    connection.open()
    name = random.choice(SOME_NAMES)
    if kind == "http":
        connection.send(0, "PA", http_request(random, name))
        connection.send(1, "PA", b"HTTP/1.1 204 No Content\r\n\r\n")
    elif kind == "tls":
        hello = client_hello(name)
        cut = random.choice((len(hello), random.randrange(6, len(hello))))
        connection.send(0, "A", hello[:cut])
        if cut < len(hello):
            connection.send(0, "PA", hello[cut:])
    for _ in range(random.randrange(4)):
        connection.send(random.randrange(2), "PA", random.randbytes(random.randrange(1, 900)))
    if random.random() < 0.8:
        connection.end()
    return connection.packets


def dns(random):
    client, server = addresses(random)
    port, identifier, name = random.randrange(20000, 60000), random.randrange(65536), random.choice(SOME_NAMES)
    question = DNSQR(qname=name, qtype="A")
    packets = [ip(random, client, server) / UDP(sport=port, dport=53) / DNS(id=identifier, rd=1, qd=question)]
    if random.random() < 0.8:
        answer = DNSRR(rrname=name, type="A", rdata="192.0.2.7", ttl=60)
        packets.append(ip(random, server, client) / UDP(sport=53, dport=port)
                       / DNS(id=identifier, qr=1, rd=1, ra=1, qd=question, an=answer))
    return packets


def udp(random):
    ends, ports = addresses(random), [random.randrange(20000, 60000), random.randrange(6200, 6300)]
    packets = []
    for _ in range(random.randrange(1, 6)):
        side = random.randrange(2) if packets else 0
        packets.append(ip(random, ends[side], ends[1 - side]) / UDP(sport=ports[side], dport=ports[1 - side])
                       / Raw(bytes(random.randrange(1, 600))))
    return packets


def ping(random):
    client, server = addresses(random)
    if ":" in client:
        return []
    identifier = random.randrange(65536)
    return [IP(src=source, dst=destination) / ICMP(type=kind, id=identifier, seq=1) / Raw(b"abcdefgh")
            for source, destination, kind in ((client, server, 8), (server, client, 0))]


KINDS = (tcp, tcp, tcp, dns, udp, ping)


def some(random, carried):
    """Several conversations, whose packets are mixed as those of a busy machine are. `carried`: makes a function of
    each conversation's packets."""
    lists = []
    for _ in range(random.randrange(2, 12)):
        carry = carried(random)
        lists.append([carry(packet) for packet in random.choice(KINDS)(random)])
    lists = [each for each in lists if each]
    mixed = []
    while lists:
        packets = random.choice(lists)
        mixed.append(packets.pop(0))
        lists = [each for each in lists if each]
    return mixed
