# SPDX-License-Identifier: GPL-2.0-only
"""PostgreSQL: the postmaster accepts, and forks a process for each connection. Every line of its log has the process
and the client."""

import re
import shutil
import time
from pathlib import Path

from capture import address
from program import Program
from score import Claim
from world import Skip, need

LINE = re.compile(r"^(\d+\.\d+) (\d+) ([0-9a-f.:]+)\((\d+)\) ", re.MULTILINE)
PORT = 5432


class Postgres(Program):
    name, ports, comms = "postgres", (PORT,), ("postgres",)

    def __init__(self, world):
        super().__init__(world)
        need("setpriv")
        folders = sorted(Path("/usr/lib/postgresql").glob("[0-9]*/bin/initdb"), key=lambda path: int(path.parts[4]))
        if not folders:
            raise Skip("PostgreSQL is not installed")
        self.programs = folders[-1].parent

    def as_postgres(self, *command):
        return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--", *command]

    def start(self):
        data = self.folder / "data"
        data.mkdir()
        shutil.chown(data, "postgres", "postgres")
        self.world.server.run(self.as_postgres(self.programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres",
                                               "-N", "--no-instructions"))
        (data / "pg_hba.conf").write_text("host all all all trust\nhost replication all all trust\n")
        settings = {"listen_addresses": "*", "port": PORT, "unix_socket_directories": "", "fsync": "off",
                    "log_connections": "on", "log_disconnections": "on", "log_line_prefix": "%n %p %r ",
                    "shared_buffers": "16MB", "wal_level": "replica", "max_connections": "60"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.postmaster = self.started(self.world.serve(
            self.as_postgres(self.programs / "postgres", "-D", data, *options), self.folder / "postgres.log"))
        self.wait_for_port(PORT, self.postmaster)
        self.together(self.client("pgbench", self.world.ADDRESSES[0], False, "-i", "-s", "1", "-q", "postgres"))

    def client(self, program, host, near, *words):
        return self.world.client([self.programs / program, "-h", host, "-p", PORT, "-U", "postgres", *words], near)

    def begin(self, turn):
        wait = [word for _ in range(100) for word in ("-c", "select pg_sleep(0.3)")]
        return [self.client("psql", self.world.ADDRESSES[0], near, "-q", "-X", *wait, "postgres")
                for near in (False, True)]

    def play(self, until, turn):
        near, host = self.place(turn)
        def client(program, *words):
            return self.client(program, host, near, *words)
        def psql(*statements):
            return client("psql", "-q", "-X", *[word for each in statements for word in ("-c", each)], "postgres")
        while time.monotonic() < until:
            self.together(
                client("pgbench", "-n", "-c", "4", "-j", "2", "-t", "20", "postgres"),
                client("pgbench", "-n", "-S", "-c", "3", "-M", "prepared", "-t", "30", "postgres"),
                client("pgbench", "-n", "-S", "-C", "-c", "3", "-t", "8", "postgres"),
                psql("copy pgbench_accounts to stdout"),
                psql("set force_parallel_mode = on", "select count(*) from pgbench_accounts"),
                psql("set statement_timeout = 50", "select pg_sleep(1)", "select 1"))
            if turn % 3 == 0:
                self.together(client("pg_basebackup", "-D", "-", "-F", "t", "-X", "fetch", "-c", "fast"))
            time.sleep(0.4)

    def claims(self):
        text = (self.folder / "postgres.log").read_text(errors="replace")
        return [Claim(float(when), (address(host), int(port)), PORT, int(pid))
                for when, pid, host, port in LINE.findall(text)]
