# SPDX-License-Identifier: GPL-2.0-only
"""That secrets stand in front of the packets that they decrypt, however long a handshake takes."""

import subprocess
import sys

import keys
from claims import PORT, claim, require, require_clear, require_equal

# Takes the server's whole answer from the socket, but shows its library only the ServerHello, and the rest later.
PAUSING = """
import socket, ssl, sys, time
port, pause = int(sys.argv[1]), float(sys.argv[2])
context = ssl._create_unverified_context()
received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(received, sent, server_hostname="localhost")
plain = socket.create_connection(("127.0.0.1", port), timeout=60)
hello = b""
while True:
    try:
        tls.do_handshake()
        break
    except ssl.SSLWantReadError:
        plain.sendall(sent.read())
        part = plain.recv(65536)
        if not hello:
            while len(part) < 5 or len(part) < 5 + int.from_bytes(part[3:5], "big") + 1:
                part += plain.recv(65536)
            hello, part = part[:5 + int.from_bytes(part[3:5], "big")], part[5 + int.from_bytes(part[3:5], "big"):]
            received.write(hello)
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                time.sleep(pause)
        received.write(part)
tls.write(b"GET /page HTTP/1.0\\r\\n\\r\\n")
plain.sendall(sent.read())
answer = b""
while b"hello" not in answer:
    received.write(plain.recv(65536))
    try:
        answer += tls.read(65536)
    except ssl.SSLWantReadError:
        pass
"""


def pause(stage, seconds, *options):
    """Records a client that pauses in its handshake, and one that doesn't, meanwhile."""
    stage.reference.serve(PORT, "1.3")
    recording = stage.record(options=options)
    said = stage.run([sys.executable, "-c", PAUSING, PORT, seconds])
    require(not said, said)
    stage.curl()
    recording.end()
    require_equal(recording, stage.reference.served(PORT), 2)
    return recording


@claim("a client that pauses for 0.2 s in its handshake is in clear")
def short(stage):
    recording = pause(stage, 0.2)
    require_clear(recording, 2)
    require("too late" not in recording.text(), recording.text())
    require(not keys.behind_their_hello(recording.path), "secrets stand behind their ServerHello")


@claim("a client that pauses for 2 s in its handshake is in clear: packets wait for it")
def longer(stage):
    recording = pause(stage, 2)
    require_clear(recording, 2)
    require("too late" not in recording.text(), recording.text())


@claim("of a client that pauses for longer than --tls-wait the secrets that are too late are counted")
def too_long(stage):
    recording = pause(stage, 3, "--tls-wait", "1s")
    require_clear(recording, 1)
    # A client of OpenSSL derives only one of the four by the ServerHello.
    require("3 secrets came too late" in recording.text(), recording.text())
    late = {line.split()[0] for line in keys.behind_their_hello(recording.path)}
    require(late == {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"}, f"{late}")


@claim("secrets that came too late are put in front by pidcap extract")
def repaired(stage):
    recording = pause(stage, 3, "--tls-wait", "1s")
    late = recording.path
    recording.path = stage.folder / "repaired.pcapng"
    done = subprocess.run([stage.pidcap, "extract", late, "-w", recording.path], capture_output=True, text=True,
                          check=False)
    require(done.returncode == 0, done.stderr)
    require(recording.path.stat().st_mode & 0o777 == 0o600, "others may read it")
    require_equal(recording, stage.reference.served(PORT), 2)
    require_clear(recording, 2)


@claim("a client that pauses for 7 s is in clear with --tls-wait 10s")
def waited_for(stage):
    recording = pause(stage, 7, "--tls-wait", "10s")
    require_clear(recording, 2)
    require("too late" not in recording.text(), recording.text())
