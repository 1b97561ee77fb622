# SPDX-License-Identifier: GPL-2.0-only
"""sshd: three processes have each connection in turn. The one that was forked for it says hello, its child without
privileges agrees on keys and authenticates, and then the user's process has it (for root the first one again). The log,
which goes to a syslog of ours, has all three."""

import re
import socket
import subprocess
import threading
import time
from pathlib import Path

from capture import address
from program import Program
from score import Claim
from world import need

CONFIGURATION = """
Port 22
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
MaxStartups 100
LogLevel DEBUG2
PidFile none
"""
USER = "tester"  # beside root
LINE = re.compile(r"sshd\[(\d+)\]: (.*)")
FROM = re.compile(r"^Connection from (\S+) port (\d+) on ")
CHILD = re.compile(r"(?:Network child is on pid|User child is on pid) (\d+)")
SESSION = re.compile(r"^Starting session: .* for \S+ from (\S+) port (\d+) id")


class Syslog:
    """Takes what is sent to a socket, and when it came."""

    def __init__(self, path):
        self.lines = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(str(path))
        path.chmod(0o666)
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self):
        while True:
            text = self.socket.recv(65536).decode(errors="replace")
            self.lines.append((time.time(), text))


class Sshd(Program):
    name, ports, comms = "sshd", (22,), ("sshd",)
    hands_on = True

    def __init__(self, world):
        super().__init__(world)
        self.sshd, self.ssh, self.keygen, self.keyscan = need("sshd", "ssh", "ssh-keygen", "ssh-keyscan")

    def start(self):
        folder = self.folder
        for key in ("host_key", "key", "stranger"):
            subprocess.run([self.keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)], check=True)
        (folder / "authorized_keys").write_text((folder / "key.pub").read_text())
        (folder / "sshd_config").write_text(CONFIGURATION.format(folder=folder))
        self.syslog = Syslog(folder / "syslog")
        # A user of our own, and a /dev in which the log is.
        users = [line for line in Path("/etc/passwd").read_text().splitlines() if line.startswith("sshd:")]
        users += ["root:x:0:0::/:/bin/sh", f"{USER}:x:12345:12345::/:/bin/sh", ""]
        (folder / "passwd").write_text("\n".join(users))
        (folder / "shadow").write_text("".join(f"{user}:*:19000:0:99999:7:::\n" for user in ("root", USER, "sshd")))
        for file in ("passwd", "shadow"):
            self.world.server.run(f"mount --bind {folder}/{file} /etc/{file}")
        self.world.server.run(["sh", "-ec", f"""
            mkdir -m 755 /run/sshd
            mount -t tmpfs -o mode=755 tmpfs /dev
            mknod -m 666 /dev/null c 1 3
            mknod -m 666 /dev/zero c 1 5
            mknod -m 666 /dev/random c 1 8
            mknod -m 666 /dev/urandom c 1 9
            ln -s {folder}/syslog /dev/log"""])
        listener = self.started(self.world.serve([self.sshd, "-D", "-f", folder / "sshd_config"], folder / "out.log"))
        self.wait_for_port(22, listener)

    def client(self, user, address, near, command, key="key", **options):
        return self.world.client([self.ssh, "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
                                  "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes",
                                  "-i", self.folder / key, f"{user}@{address}", command], near, **options)

    def begin(self, turn):
        return [self.client(user, "10.7.0.1", near, "while sleep 0.2; do echo x; done")
                for user in ("root", USER) for near in (False, True)]

    def play(self, until, turn):
        near, address = self.place(turn)
        def ssh(user, *words, **options):
            return self.client(user, address, near, *words, **options)
        while time.monotonic() < until:
            upload = ssh(USER, "cat >/dev/null", stdin=subprocess.PIPE)
            try:
                upload.stdin.write(b"x" * 200_000)
                upload.stdin.close()
            except BrokenPipeError:
                pass
            self.together(upload, ssh("root", "head -c 400000 /dev/zero"), ssh(USER, "head -c 400000 /dev/zero"),
                          ssh("root", "true"), ssh("nobody-here", "true"), ssh(USER, "true", key="stranger"),
                          self.world.client([self.keyscan, "-p", "22", address], near))
            time.sleep(0.1)

    def claims(self):
        found, connections = [], {}
        for when, text in self.syslog.lines:
            match = LINE.search(text)
            if not match:
                continue
            pid, said = int(match[1]), match[2]
            def add(client, process, role):
                found.append(Claim(when, client, 22, process, role))
            if match := FROM.match(said):
                connections[pid] = address(match[1]), int(match[2])
                add(connections[pid], pid, "member")
            elif (match := CHILD.search(said)) and pid in connections:
                add(connections[pid], int(match[1]), "member")
            elif match := SESSION.match(said):
                add((address(match[1]), int(match[2])), pid, "session")
        self._family |= {claim.pid for claim in found}
        return found

    def expected(self, claims, when, answered):
        """Once the session has begun only its process; before, any of the three, and before that the listener."""
        session = {claim.pid for claim in claims if claim.role == "session" and claim.time < when}
        return session or {claim.pid for claim in claims}, set() if answered else self.family()

    def said(self):
        return super().said() + "\n".join(text for _, text in self.syslog.lines[-20:])
