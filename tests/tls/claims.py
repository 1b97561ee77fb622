# SPDX-License-Identifier: GPL-2.0-only
"""What is claimed of --tls-keys beyond the matrix of programs, and what a claim plays with."""

import subprocess
import time

import keys
from recording import Recording
from reference import Reference
from world import World

CLAIMS = {}
PORT = 4413


def claim(text):
    """Says what the function shows. It is given a Stage, and raises if it isn't so."""
    def add(function):
        assert text not in CLAIMS
        CLAIMS[text] = function
        return function
    return add


def require(holds, text):
    if not holds:
        raise RuntimeError(text)


class Stage:
    """A namespace, a server and a client that pidcap doesn't know, and recordings."""

    def __init__(self, options):
        self.pidcap = options.pidcap
        self.world = World()
        self.world.build()
        self.reference = Reference(self.world)
        self.folder = self.world.folder

    def record(self, **how):
        return Recording(self.pidcap, self.world, **how)

    def run(self, command, text=None, pause=0.0, seconds=30):
        """Runs a client to its end, with `text` on its standard input, which stays open. Returns what it said."""
        client = self.world.client(["env", "-C", self.folder, *command], near=True, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in text or []:
            client.stdin.write(line)
            client.stdin.flush()
            time.sleep(pause)
        try:
            client.wait(seconds)
        except subprocess.TimeoutExpired:
            client.kill()
        return client.communicate()[0].decode(errors="replace")

    def curl(self, port=PORT, *options):
        said = self.run(["curl", "-sS", "-k", "--http1.1", "--max-time", 30, *options,
                         f"https://127.0.0.1:{port}/page"])
        require("hello" in said, f"curl: {said}")

    def end(self):
        self.world.end()


def require_clear(recording, wanted, at_most=None):
    """So many requests, with their answers, are found by tshark."""
    frames = recording.http()
    requests = sum(frame.is_request for frame in frames)
    answers = len(frames) - requests
    require(wanted <= min(requests, answers) and max(requests, answers) <= (at_most or wanted),
            f"{requests} requests and {answers} answers in clear, not {wanted}: {recording.text()}")


def require_equal(recording, lines, connections):
    require(len({keys.random_of(line) for line in lines}) == connections,
            f"the oracle doesn't have {connections} connections: {sorted(lines)}")
    ours = recording.lines()
    require(ours == lines, f"missing {sorted(lines - ours)}, more {sorted(ours - lines)}: {recording.text()}")


def require_none(path, lines, what):
    """None of the secrets is in the file, as hexadecimal digits or as bytes."""
    data = path.read_bytes()
    lower = data.lower()
    for line in lines:
        secret = line.split()[2]
        require(secret.encode() not in lower and bytes.fromhex(secret) not in data, f"{what}: {line}")
