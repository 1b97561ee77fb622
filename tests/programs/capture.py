# SPDX-License-Identifier: GPL-2.0-only
"""pidcap at work in a network namespace, and its file as tshark reads it. The processes come from the packets'
comments, by the grammar of docs/file-format.md."""

import re
import signal
import subprocess
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import unquote

from world import PATIENCE, wait_for

FIELDS = ("frame.number", "frame.time_epoch", "frame.interface_name", "frame.packet_flags_direction",
          "ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.srcport", "tcp.dstport", "tcp.flags", "tcp.seq_raw", "tcp.len",
          "frame.comment")
PAIR = r"[a-z][a-z0-9._-]*=[^\s%]*(?:%[0-9A-Fa-f]{2}[^\s%]*)*"
COMMENT = re.compile(rf"(?:pid=\d+|via=[^\s,]+)(?: {PAIR})*")
IN, OUT = 1, 2
HEADERS = "128"  # bytes of each packet that are kept


class Capture:
    def __init__(self, pidcap, hook, namespace, path, said):
        self.path, self.said = path, said
        with said.open("w") as out:
            self.process = subprocess.Popen(
                [str(pidcap), "-q", "--netns", str(namespace.holder.pid), "--hook", hook, "-B", "65536",
                 "-s", HEADERS, "-w", str(path), "tcp"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        wait_for(self._ready, "pidcap to listen")

    def _ready(self):
        text = self.said.read_text(errors="replace")
        if self.process.poll() is not None:
            raise RuntimeError(f"pidcap: {text}")
        return "listening on" in text

    def end(self):
        """Stops it, and returns how many packets it lost."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)
        text = self.said.read_text(errors="replace")
        dropped = re.search(r"(\d+) (?:packets? )?dropped", text)
        if self.process.returncode != 0 or not dropped:
            raise RuntimeError(f"pidcap ended with {self.process.returncode}: {text}")
        return int(dropped[1])

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class End(NamedTuple):
    """Who is said to be at one end of a packet. Without a process `pid` is None, and `via` may say why."""
    pid: int | None
    comm: str
    via: str


class Packet(NamedTuple):
    number: int
    time: float
    interface: str
    direction: int
    source: tuple  # address and port
    target: tuple
    flags: int
    sequence: int
    length: int
    sender: End
    receiver: End
    comment: str


SYN, FIN, RST, ACK = 0x02, 0x01, 0x04, 0x10


def address(text):
    """As the kernel says it, whoever wrote it: without scope, IPv4 as IPv4."""
    found = ip_address(text.split("%")[0].strip("[]"))
    return str(getattr(found, "ipv4_mapped", None) or found)


def ends(comment, direction):
    """Sender and receiver, by the grammar: `pid` is the sender of what goes out, the receiver of what comes in, unless
    `at` says otherwise, and `peer.pid` is at the other end."""
    pairs = {}
    for pair in comment.split():
        key, _, value = pair.partition("=")
        pairs.setdefault(key, unquote(value))
    def end(prefix):
        pid = pairs.get(prefix + "pid")
        return End(int(pid) if pid else None, pairs.get(prefix + "comm", ""), pairs.get(prefix + "via", ""))
    this, other = end(""), end("peer.")
    place = pairs.get("at") or ("sender" if direction == OUT else "receiver")
    return (this, other) if place == "sender" else (other, this)


def packets(path):
    """The TCP packets of a file, in their order."""
    command = ["tshark", "-Q", "-n", "-r", str(path), "-o", "tcp.analyze_sequence_numbers:FALSE", "-Y", "tcp",
               "-T", "fields", "-E", "occurrence=f"]
    for name in ("http", "tls", "pgsql", "ssh", "resp"):
        command += ["--disable-protocol", name]
    for field in FIELDS:
        command += ["-e", field]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace") as tshark:
        for line in tshark.stdout:
            (number, time, interface, direction, source4, source6, target4, target6, source_port, target_port, flags,
             sequence, length, text) = line.rstrip("\n").split("\t")
            ours = COMMENT.fullmatch(text)
            direction = int(direction or "0", 0) & 3
            sender, receiver = ends(text if ours else "", direction)
            yield Packet(int(number), float(time), interface, direction,
                         (address(source4 or source6), int(source_port)),
                         (address(target4 or target6), int(target_port)),
                         int(flags, 0), int(sequence or 0), int(length or 0), sender, receiver, text)
        errors = tshark.stderr.read()
    if tshark.returncode != 0:
        raise RuntimeError(f"tshark: {errors}")
