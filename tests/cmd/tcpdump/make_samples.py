#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""make_samples.py OUT: writes tests/data/tcpdump-samples.pcap, the packets whose lines tcpdump_test.py compares.
Needs scapy; the test doesn't."""

import sys

from scapy.all import (ARP, DNS, DNSQR, DNSRR, DNSRRMX, DNSRROPT, DNSRRSOA, DNSRRSRV, ICMP, IP, TCP, UDP, Dot1Q, Ether,
                       ICMPv6EchoRequest, ICMPv6ND_NS, IPOption_NOP, IPv6, Raw, wrpcap)

HERE, THERE = "10.0.0.1", "192.0.2.80"
HERE6, THERE6 = "fd00::1", "2001:db8::80"
OUT = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
BACK = Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01")
STAMP = [("NOP", None), ("NOP", None), ("Timestamp", (1000, 900))]
SYN = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1000, 0)), ("NOP", None), ("WScale", 7)]


def tcp(out, flags, seq, ack=0, data=b"", port=80, options=(), **more):
    ends = dict(sport=40000, dport=port) if out else dict(sport=port, dport=40000)
    network = dict(src=HERE, dst=THERE) if out else dict(src=THERE, dst=HERE)
    segment = TCP(flags=flags, seq=seq, ack=ack, window=more.pop("window", 502), options=list(options), **ends, **more)
    return (OUT if out else BACK) / IP(id=4660, flags="DF", **network) / segment / Raw(data)


def tcp6(out, flags, seq, ack=0, data=b"", options=()):
    ends = dict(sport=40006, dport=443) if out else dict(sport=443, dport=40006)
    network = dict(src=HERE6, dst=THERE6) if out else dict(src=THERE6, dst=HERE6)
    network["fl"] = 0x12345
    return (OUT if out else BACK) / IPv6(**network) / TCP(flags=flags, seq=seq, ack=ack, window=64800,
                                                          options=list(options), **ends) / Raw(data)


def udp(data, sport=40000, dport=40001, out=True, **more):
    network = dict(src=HERE, dst=THERE) if out else dict(src=THERE, dst=HERE)
    return (OUT if out else BACK) / IP(id=77, **network, **more) / UDP(sport=sport, dport=dport) / Raw(data)


def query(name, kind, **more):
    return udp(bytes(DNS(id=12345, rd=1, qd=DNSQR(qname=name, qtype=kind), **more)), dport=53)


def answer(name, kind, **more):
    return udp(bytes(DNS(id=12345, qr=1, rd=1, ra=1, qd=DNSQR(qname=name, qtype=kind), **more)),
               sport=53, dport=40000, out=False)


def client_hello(name):
    server = b"\0" + len(name).to_bytes(2, "big") + name
    server = len(server).to_bytes(2, "big") + server
    extensions = b"\0\0" + len(server).to_bytes(2, "big") + server
    body = (b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + len(extensions).to_bytes(2, "big") + extensions)
    message = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\3\1" + len(message).to_bytes(2, "big") + message


GET = b"GET /index.html?q=1 HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: test\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"

packets = [
    # A connection, from its first packet to its last.
    tcp(True, "S", 4294967000, options=SYN, window=64240),
    tcp(False, "SA", 2000000000, 4294967001, options=SYN, window=65160),
    tcp(True, "A", 4294967001, 2000000001, options=STAMP),
    tcp(True, "PA", 4294967001, 2000000001, GET, options=STAMP),
    tcp(False, "A", 2000000001, 4294967001 + len(GET), options=STAMP),
    tcp(False, "PA", 2000000001, 4294967001 + len(GET), OK, options=STAMP),
    tcp(True, "A", 4294967001 + len(GET), 2000000001 + len(OK),
        options=[("NOP", None), ("NOP", None), ("SAck", (2000000100, 2000000200))]),
    tcp(True, "PAU", 4294967001 + len(GET), 2000000001 + len(OK), b"!", urgptr=1),
    tcp(True, "FA", 4294967002 + len(GET), 2000000001 + len(OK)),
    tcp(False, "R", 2000000001 + len(OK), window=0),
    # Connections that the file holds no beginning of, and rarer options.
    tcp(True, "SEC", 7, port=8443, options=[("MSS", 536), (34, b"\1\2\3\4\5\6\7\x08"), ("EOL", None)]),
    tcp(True, "A", 1000, 9000, port=22, options=[(19, bytes(range(16))), ("NOP", None), ("NOP", None)]),
    tcp(False, "A", 9000, 1000, port=22, options=[(28, b"\x80\x1e"), (200, b"\xca\xfe")]),
    tcp(True, "PA", 1000, 9000, b"SSH-2.0-x\r\n", port=22),
    tcp(True, "PA", 5000, 6000, client_hello(b"tls.example.com"), port=443),
    tcp(True, "A", 5000, 6000, b"wrong", port=4444, chksum=0x1234),
    # IPv6.
    tcp6(True, "S", 100, options=SYN),
    tcp6(False, "SA", 200, 101, options=SYN),
    tcp6(True, "PA", 101, 201, b"12345"),
    OUT / IPv6(src=HERE6, dst=THERE6) / UDP(sport=40000, dport=40001) / Raw(b"abc"),
    OUT / IPv6(src=HERE6, dst=THERE6) / ICMPv6EchoRequest(id=7, seq=9, data=b"12345678"),
    OUT / IPv6(src=HERE6, dst="ff02::1:ff00:80", hlim=255) / ICMPv6ND_NS(tgt=THERE6),
    # UDP and DNS.
    udp(b"odd"),
    udp(b"no checksum", out=False).__class__(bytes(udp(b"no checksum"))[:40] + b"\0\0" + b"no checksum"),
    query("www.example.com", "A"),
    answer("www.example.com", "A", an=DNSRR(rrname="www.example.com", type="CNAME", ttl=60, rdata="web.example.com") /
           DNSRR(rrname="web.example.com", type="A", ttl=60, rdata=THERE)),
    query("nothing.example.com", "AAAA", ar=DNSRROPT(rclass=1232)),
    answer("nothing.example.com", "AAAA", rcode=3,
           ns=DNSRRSOA(rrname="example.com", mname="ns.example.com", rname="admin.example.com")),
    query("1.0.0.10.in-addr.arpa", "PTR", ad=1),
    answer("1.0.0.10.in-addr.arpa", "PTR", aa=1, an=DNSRR(rrname="1.0.0.10.in-addr.arpa", type="PTR",
                                                          rdata="here.example.com")),
    answer("example.com", "MX", an=DNSRRMX(rrname="example.com", type="MX", preference=10, exchange="mail.example.com")),
    answer("example.com", "TXT", an=DNSRR(rrname="example.com", type="TXT", rdata=[b"v=spf1 -all", b"second"])),
    answer("_x._tcp.example.com", "SRV", an=DNSRRSRV(rrname="_x._tcp.example.com", priority=1, weight=2, port=5060,
                                                     target="sip.example.com")),
    answer("v6.example.com", "AAAA", an=DNSRR(rrname="v6.example.com", type="AAAA", rdata=THERE6)),
    # The rest.
    OUT / IP(src=HERE, dst=THERE, id=1, ttl=1, tos=0x10) / ICMP(id=11, seq=3) / Raw(b"ping"),
    BACK / IP(src=THERE, dst=HERE, id=2) / ICMP(type=3, code=3) / IP(src=HERE, dst=THERE) / UDP(sport=40000, dport=9),
    OUT / IP(src=HERE, dst=THERE, id=3, flags="MF") / UDP(sport=40000, dport=40001, len=1008, chksum=1) / Raw(b"x" * 16),
    OUT / IP(src=HERE, dst=THERE, id=3, frag=3, proto=17) / Raw(b"x" * 16),
    OUT / IP(src=HERE, dst=THERE, id=4, options=[IPOption_NOP(), IPOption_NOP()]) / UDP(sport=7, dport=7) / Raw(bytes(range(256)) + b"a\r\nb\r\r\n\r"),
    OUT / IP(src=HERE, dst=THERE, id=5, chksum=0xdead) / UDP(sport=1000, dport=2000) / Raw(b"bad"),
    OUT / Dot1Q(vlan=42, prio=5) / IP(src=HERE, dst=THERE, id=6) / TCP(sport=40000, dport=5000, flags="S", seq=1),
    Ether(src="02:00:00:00:00:01", dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc="02:00:00:00:00:01", psrc=HERE, pdst="10.0.0.2"),
    BACK / ARP(op=2, hwsrc="02:00:00:00:00:02", psrc="10.0.0.2", hwdst="02:00:00:00:00:01", pdst=HERE),
]
made = []
for number, packet in enumerate(packets):
    packet = Ether(bytes(packet))
    packet.time = 1700000000 + number / 8
    made.append(packet)
wrpcap(sys.argv[1], made)
