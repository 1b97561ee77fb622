# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/soak reads of a recorder's files, without pidcap's own reader: packets and statistics by interface."""

import struct
import subprocess
from collections import Counter

INTERFACE, PACKET, STATISTICS = 1, 6, 5
NAME = 2
IFRECV, IFDROP = 4, 5


class Counts:
    """Of one file, or of all that were added."""

    def __init__(self):
        self.packets, self.received, self.dropped, self.interfaces, self.files = (
            Counter(), Counter(), Counter(), 0, 0)

    def add(self, other):
        for mine, theirs in ((self.packets, other.packets), (self.received, other.received),
                             (self.dropped, other.dropped)):
            mine.update(theirs)
        self.interfaces = max(self.interfaces, other.interfaces)
        self.files += other.files


def options(data):
    while len(data) >= 4:
        code, length = struct.unpack_from("<HH", data)
        if code == 0:
            return
        yield code, data[4:4 + length]
        data = data[4 + (length + 3 & ~3):]


def counts_of(path):
    """Raises an error unless the file is whole: a section of blocks to its last byte."""
    data = path.read_bytes()
    counts, names, at = Counts(), [], 0
    counts.files = 1
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if length < 12 or length % 4 or at + length > len(data) or \
                struct.unpack_from("<I", data, at + length - 4)[0] != length:
            raise ValueError(f"{path}: no whole block at byte {at}")
        body = data[at + 8:at + length - 4]
        if kind == INTERFACE:
            names.append(next((value.decode() for code, value in options(body[8:]) if code == NAME), ""))
        elif kind == PACKET:
            counts.packets[names[struct.unpack_from("<I", body)[0]]] += 1
        elif kind == STATISTICS:
            name = names[struct.unpack_from("<I", body)[0]]
            for code, value in options(body[12:]):
                if code == IFRECV:
                    counts.received[name] += struct.unpack("<Q", value)[0]
                elif code == IFDROP:
                    counts.dropped[name] += struct.unpack("<Q", value)[0]
        at += length
    counts.interfaces = len(names)
    return counts


def read_by(program, path):
    """Whether a program that we didn't write reads it without a complaint; if not, what it said."""
    words = {"capinfos": ["capinfos", str(path)], "tshark": ["tshark", "-n", "-q", "-r", str(path)]}[program]
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = "\n".join(line for line in done.stderr.splitlines() if "Running as user" not in line)
    return None if done.returncode == 0 and not said else f"{program} {path}: {done.returncode}: {said}"
