# SPDX-License-Identifier: GPL-2.0-only
"""A server that logs which of its processes serves which connection, and clients of it. Subclasses say how."""

import time
from pathlib import Path

from world import wait_for


class Program:
    name = ""
    ports = ()  # of the server
    comms = ()  # names of its processes
    hands_on = False  # a connection changes hands after it was accepted
    own_client = False  # the server connects to itself, too

    def __init__(self, world):
        """Raises Skip if the program can't be had here."""
        self.world, self.folder = world, world.folder
        self.masters, self._family = [], set()

    def start(self):
        """Starts the server, and returns when it listens."""
        raise NotImplementedError

    def play(self, until, turn):
        """Plays clients until time.monotonic() is `until`. `turn` counts the calls."""
        raise NotImplementedError

    def begin(self, turn):
        """Starts clients that stay, before a capture does, and returns them. They are ended after it."""
        return []

    def place(self, turn):
        """Whether the clients of this turn are beside the server, and its address for them."""
        near = turn % 3 == 2
        return near, (self.world.LOCAL if near else self.world.ADDRESSES)[turn % 2]

    def claims(self):
        """What the logs say."""
        raise NotImplementedError

    def expected(self, claims, _time, answered):
        """The processes that have a connection, and until it is accepted those that may be told for it. By default one
        process has it from accept to close."""
        return {claim.pid for claim in claims}, set() if answered else self.family()

    def watch(self):
        """Looks for processes that have come. Called often."""
        for master in self.masters:
            self._family |= {master.pid, *self.world.descendants(master.pid)}

    def family(self):
        """All processes of the server that have been seen so far."""
        return self._family

    def started(self, process):
        self.masters.append(process)
        return process

    def wait_for_port(self, port, process):
        def listening():
            if process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {process.returncode}: {self.said()}")
            return f":{port} " in self.world.server.run("ss -Hltn")
        wait_for(listening, f"{self.name} on port {port}")

    def said(self):
        """The end of the server's logs, for messages."""
        return "".join(path.read_text(errors="replace")[-2000:] for path in sorted(Path(self.folder).glob("*.log")))

    def together(self, *clients, seconds=20):
        """Waits for clients that were started together, and watches the server meanwhile."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and any(client.poll() is None for client in clients):
            self.watch()
            time.sleep(0.05)
        self.world.finish(clients, 0.1)
        self.watch()
