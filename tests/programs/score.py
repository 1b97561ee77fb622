# SPDX-License-Identifier: GPL-2.0-only
"""Compares what a file says of the server's end of each packet with what the server's log says."""

import bisect
from collections import Counter
from dataclasses import dataclass, field

from capture import ACK, SYN, End, Packet

# A log's clock counts milliseconds, and what it says is older by up to one.
ROUNDING = 0.002
# Seconds before the first packet of a file in which the connections that it doesn't open began.
BEFORE = 5


@dataclass(frozen=True)
class Claim:
    """What a line of a log says: at `time`, process `pid` had the connection of `client` (address and port) to `port`.
    `role` is for programs that hand a connection on."""
    time: float
    client: tuple
    port: int
    pid: int
    role: str = ""


@dataclass
class Conversation:
    """A connection on one interface, from its SYN on."""
    client: tuple
    port: int
    interface: str
    start: float  # at the latest
    sequence: int | None = None
    answered: bool = False  # the server has sent data, so it has accepted
    packets: list = field(default_factory=list)  # packet, whether the server sent it, whether `answered` by then


@dataclass
class Score:
    """Ends of packets. `right`, `related`, `none` and `wrong` are the server's; `unlogged` are those of which its log
    says nothing."""
    counts: Counter = field(default_factory=Counter)
    reasons: Counter = field(default_factory=Counter)  # of `none`
    wrong: list = field(default_factory=list)  # lines

    def add(self, other):
        self.counts += other.counts
        self.reasons += other.reasons
        self.wrong += other.wrong


def conversations(packets, ports):
    """Connections to `ports`. A SYN with another sequence number begins a new one."""
    current, found, first = {}, [], None
    for packet in packets:
        first = first or packet.time
        from_server = packet.source[1] in ports and packet.target[1] not in ports
        if not from_server and packet.target[1] not in ports:
            continue
        client, server = (packet.target, packet.source) if from_server else (packet.source, packet.target)
        key = (packet.interface, client, server)
        conversation = current.get(key)
        opens = packet.flags & (SYN | ACK) == SYN
        if conversation is None or (opens and conversation.sequence != packet.sequence):
            conversation = current[key] = Conversation(
                client, server[1], packet.interface, packet.time if opens else first - BEFORE,
                packet.sequence if opens else None, answered=not opens)
            found.append(conversation)
        conversation.answered |= from_server and packet.length > 0
        conversation.packets.append((packet, from_server, conversation.answered))
    return found


class Log:
    """Claims, by connection."""

    def __init__(self, claims):
        self.by_key = {}
        for claim in sorted(claims, key=lambda claim: claim.time):
            self.by_key.setdefault((claim.client, claim.port), []).append(claim)

    def of(self, conversation, until):
        """The claims about a conversation, which was followed by another of the same addresses at `until`."""
        claims = self.by_key.get((conversation.client, conversation.port), [])
        times = [claim.time for claim in claims]
        first = bisect.bisect_left(times, conversation.start - ROUNDING)
        return claims[first:bisect.bisect_left(times, until - ROUNDING)]


def line(packet: Packet, end: End, expected, what):
    said = f"{end.comm}[{end.pid}] via {end.via}" if end.pid else f"no process, via {end.via or '-'}"
    return (f"frame {packet.number} on {packet.interface} at {packet.time:.6f}: {packet.source} > {packet.target}, "
            f"flags 0x{packet.flags:02x}, {packet.length} bytes: {what} is {said}, the log says {sorted(expected)}: "
            f"{packet.comment}")


def score(program, packets, claims, clients):
    """`program` says who may have a connection: `expected(claims, time, answered)` returns the pids that are right and
    those that are related; `hands_on` whether a connection changes hands after it was accepted; `comms` are the names
    of its processes, `family()` all that it ever had."""
    result, log = Score(), Log(claims)
    found = conversations(packets, program.ports)
    following = {}
    for conversation in reversed(found):
        key = (conversation.interface, conversation.client, conversation.port)
        until = following.get(key, float("inf"))
        following[key] = conversation.start
        logged = log.of(conversation, until)
        result.counts["conversations"] += 1
        if not program.hands_on and len({claim.pid for claim in logged}) > 1:
            result.counts["wrong"] += 1
            result.wrong.append(f"the log names several processes for {conversation.client}: {logged}")
        for packet, from_server, answered in conversation.packets:
            end = packet.sender if from_server else packet.receiver
            judge(result, program, logged, packet, end, answered)
            judge_client(result, program, clients, packet, packet.receiver if from_server else packet.sender)
    return result


def judge(result, program, logged, packet, end, answered):
    if not logged:
        # Nothing says who accepted it, but it was none but the program's.
        stranger = end.pid is not None and end.pid not in program.family()
        result.counts["wrong" if stranger else "unlogged"] += 1
        if stranger:
            result.wrong.append(line(packet, end, program.family(), "the server"))
        return
    right, related = program.expected(logged, packet.time, answered)
    if end.pid is None:
        result.counts["none"] += 1
        way, state = "out" if end is packet.sender else "in", "answered" if answered else "not yet answered"
        result.reasons[f"{way}, {state}, flags 0x{packet.flags:02x}, via {end.via or '-'}"] += 1
    elif end.pid in right and end.comm in program.comms:
        result.counts["right"] += 1
    elif end.pid in related and end.comm in program.comms:
        result.counts["related"] += 1
    else:
        result.counts["wrong"] += 1
        result.wrong.append(line(packet, end, right, "the server"))


def judge_client(result, program, clients, packet, end):
    """Logs say nothing of clients' processes: right is who was started as one, or, where the server is its own client,
    one of its."""
    if end.pid is None:
        result.counts["client none"] += 1
    elif end.pid in clients or (program.own_client and end.pid in program.family()):
        result.counts["client right"] += 1
    else:
        result.counts["wrong"] += 1
        result.wrong.append(line(packet, end, {"a client"}, "the client"))
