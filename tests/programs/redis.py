# SPDX-License-Identifier: GPL-2.0-only
"""redis with a replica. Children of it that write files hold its connections, too, and use none of them. Its log has
the process and the client of each connection that it accepts."""

import calendar
import re
import subprocess
import time

from capture import address
from program import Program
from score import Claim
from world import need

LINE = re.compile(r"^(\d+):[MS] (\d+ \w+ \d+ \d+:\d+:\d+)\.(\d+) . Accepted (\S+):(\d+)$", re.MULTILINE)


def read_claims(path, port):
    return [Claim(calendar.timegm(time.strptime(when, "%d %b %Y %H:%M:%S")) + int(milliseconds) / 1000,
                  (address(host), int(client)), port, int(pid))
            for pid, when, milliseconds, host, client in LINE.findall(path.read_text(errors="replace"))]


class Redis(Program):
    name, ports, comms, own_client = "redis", (6379, 6380), ("redis-server",), True

    def __init__(self, world):
        super().__init__(world)
        self.redis, self.cli, self.benchmark = need("redis-server", "redis-cli", "redis-benchmark")

    def start(self):
        for port, options in ((6379, []), (6380, ["--replicaof", "127.0.0.1", "6379"])):
            folder = self.folder / str(port)
            folder.mkdir()
            server = self.started(self.world.serve(
                [self.redis, "--port", port, "--bind", "*", "-::*", "--protected-mode", "no", "--loglevel", "verbose",
                 "--save", "", "--dir", folder, "--logfile", self.folder / f"{port}.log", "--io-threads", "2",
                 "--replica-read-only", "no", *options],
                env={"TZ": "UTC", "LC_ALL": "C", "PATH": "/usr/bin:/bin"}))
            self.wait_for_port(port, server)

    def begin(self, turn):
        return [self.world.client([self.cli, "-h", "10.7.0.1", "-p", port, "SUBSCRIBE", "news"], near)
                for port in self.ports for near in (False, True)]

    def play(self, until, turn):
        near, address = self.place(turn)
        def client(*command, **options):
            return self.world.client(command, near, **options)
        def cli(*words, port=6379, **options):
            return client(self.cli, "-h", address, "-p", port, *words, **options)
        def benchmark(*words, port=6379):
            return client(self.benchmark, "-q", "-h", address, "-p", port, *words)
        while time.monotonic() < until:
            commands = cli("--pipe", stdin=subprocess.PIPE)
            commands.stdin.write(b"".join(b"SET key:%d %b\r\n" % (number, b"v" * number) for number in range(500)))
            commands.stdin.close()
            self.together(
                commands,
                cli("BGSAVE"),
                benchmark("-t", "set,get,lrange_100", "-n", "300", "-c", "5"),
                benchmark("-t", "set,get", "-n", "2000", "-c", "10", "-P", "16"),
                benchmark("-t", "ping", "-n", "60", "-c", "3", "-k", "0"),
                benchmark("-t", "get", "-n", "100", "-c", "4", port=6380),
                cli("BGREWRITEAOF", port=6380), cli("PUBLISH", "news", "x" * 20_000))
            self.together(cli("CLIENT", "KILL", "TYPE", "replica"))
            time.sleep(0.1)

    def claims(self):
        return [claim for port in self.ports for claim in read_claims(self.folder / f"{port}.log", port)]
