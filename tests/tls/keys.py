# SPDX-License-Identifier: GPL-2.0-only
"""Key logs, and the secrets of a pcapng file: what pidcap wrote, read without any of its code."""

import re
import struct
import subprocess
from collections import defaultdict
from pathlib import Path

LINE = re.compile(r"([A-Z][A-Z0-9_]*) ([0-9a-fA-F]{64}) ([0-9a-fA-F]+)$")
BYTE_ORDER, SECRETS, PACKET = 0x1A2B3C4D, 0x0000000A, 0x00000006  # of the draft pcapng
TLS_KEY_LOG = 0x544C534B


def lines_of(text):
    """The lines of a key log that decrypt packets: no comments, no exporter's secrets."""
    found = set()
    for line in text.splitlines():
        match = LINE.match(line.strip())
        if match and "EXPORTER" not in match[1]:
            found.add(f"{match[1]} {match[2].lower()} {match[3].lower()}")
    return found


def key_log(path):
    """The same of a file; one that isn't there has none."""
    path = Path(path)
    return lines_of(path.read_text(errors="replace")) if path.exists() else set()


def random_of(line):
    return line.split()[1]


def blocks(path):
    """The blocks of a file in their order: type, body, byte order. One that is still being written is left out."""
    data, at, order = Path(path).read_bytes(), 0, "<"
    while at + 12 <= len(data):
        if data[at:at + 4] == b"\n\r\r\n":
            order = "<" if struct.unpack_from("<I", data, at + 8)[0] == BYTE_ORDER else ">"
        kind, length = struct.unpack_from(order + "II", data, at)
        if length < 12 or length % 4:
            raise RuntimeError(f"{path}: broken block at {at}")
        if at + length > len(data):
            return
        yield kind, data[at + 8:at + length - 4], order
        at += length


def secrets_in(path):
    """The lines in a file, each with the number of the packet that it stands before. Raises if a block has none, or
    if one doesn't end with a newline: readers glue it to the next."""
    found, packet = {}, 1
    for kind, body, order in blocks(path):
        if kind == PACKET:
            packet += 1
        elif kind == SECRETS:
            secrets, length = struct.unpack_from(order + "II", body)
            text = body[8:8 + length].decode()
            if secrets != TLS_KEY_LOG or not text.endswith("\n") or not lines_of(text):
                raise RuntimeError(f"{path}: a block of secrets of type {secrets:#x} with {text!r}")
            for line in lines_of(text):
                found.setdefault(line, packet)
            if len(text.splitlines()) != len(lines_of(text)):
                raise RuntimeError(f"{path}: lines that decrypt nothing, or twice: {text!r}")
    return found


def tshark(path, *arguments):
    # A client's port may be one of another protocol.
    done = subprocess.run(["tshark", "-Q", "-n", "-r", str(path), "-d", "tcp.port==4411-4420,tls", *arguments],
                          capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise RuntimeError(f"tshark: {done.stderr}")
    return [line.split("\t") for line in done.stdout.splitlines()]


def frames(path, condition):
    """The numbers of the frames for which it holds."""
    return [int(row[0]) for row in tshark(path, "-Y", condition, "-T", "fields", "-e", "frame.number")]


def server_hellos(path):
    """By client's random: the first frame with the ServerHello that answers it."""
    randoms, found = defaultdict(set), {}
    rows = tshark(path, "-Y", "tls.handshake.type in {1,2}", "-T", "fields", "-E", "occurrence=f", "-e", "frame.number",
                  "-e", "tcp.stream", "-e", "udp.stream", "-e", "tls.handshake.type", "-e", "tls.handshake.random")
    for number, tcp, udp, kind, random in rows:
        stream = tcp or f"udp {udp}"
        if kind == "1":
            randoms[stream].add(random.replace(":", ""))
        else:
            for client in randoms[stream]:
                found.setdefault(client, int(number))
    return found


def behind_their_hello(path):
    """The lines that stand behind the ServerHello of their connection, so too late for a reader."""
    hellos = server_hellos(path)
    return sorted(line for line, packet in secrets_in(path).items()
                  if packet > hellos.get(random_of(line), packet))


def randoms_by_frame(path):
    """By frame of TCP: the client's random of its connection."""
    by_stream, streams = {}, {}
    for number, stream, kind, random in tshark(
            path, "-Y", "tcp", "-T", "fields", "-E", "occurrence=f", "-e", "frame.number", "-e", "tcp.stream",
            "-e", "tls.handshake.type", "-e", "tls.handshake.random"):
        streams[int(number)] = stream
        if kind == "1":
            by_stream.setdefault(stream, random.replace(":", ""))
    return {number: by_stream[stream] for number, stream in streams.items() if stream in by_stream}
