# SPDX-License-Identifier: GPL-2.0-only
"""A cluster of node: on one port the primary accepts, and passes connections to its workers; on the other the workers
accept for themselves. Each worker logs its requests."""

import time
from pathlib import Path

from capture import address
from program import Program
from score import Claim
from world import need

PORTS = {8000: "rr", 8001: "none"}  # and who accepts


class NodeCluster(Program):
    name, ports, comms = "node-cluster", tuple(PORTS), ("node", "MainThread")

    def __init__(self, world):
        super().__init__(world)
        self.node, self.ab, self.curl = need("node", "ab", "curl")

    def start(self):
        for port, policy in PORTS.items():
            server = self.started(self.world.serve(
                [self.node, Path(__file__).resolve().parent / "node_cluster.js", port, self.folder / f"{port}.log"],
                self.folder / "out.log", env={"NODE_CLUSTER_SCHED_POLICY": policy, "PATH": "/usr/bin:/bin"}))
            self.wait_for_port(port, server)

    def begin(self, turn):
        return [self.world.client([self.curl, "-s", "--limit-rate", "15k", f"http://10.7.0.1:{port}/big"], near)
                for port in PORTS for near in (False, True)]

    def play(self, until, turn):
        near, address = self.place(turn)
        host = f"[{address}]" if ":" in address else address
        def client(*command):
            return self.world.client(command, near)
        while time.monotonic() < until:
            clients = []
            for port in PORTS:
                url = f"http://{host}:{port}/"
                clients += [client(self.ab, "-q", "-k", "-c", "4", "-n", "200", url),
                            client(self.ab, "-q", "-c", "3", "-n", "60", url),
                            client(self.curl, "-s", "-g", *[url + "big", url] * 3),
                            client(self.curl, "-s", "-g", "-d", "x" * 30_000, url)]
            self.together(*clients)
            time.sleep(0.2)

    def claims(self):
        found = []
        for server in PORTS:
            for words in map(str.split, (self.folder / f"{server}.log").read_text().splitlines()):
                when, pid, host, client, port = words
                found.append(Claim(int(when) / 1000, (address(host), int(client)), int(port), int(pid)))
        return found
