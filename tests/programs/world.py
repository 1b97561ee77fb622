# SPDX-License-Identifier: GPL-2.0-only
"""Where a program plays: a network namespace for its server and one for its clients, a veth pair between them, and the
processes in both. Nothing leaves the two namespaces, and end() leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

PATIENCE = 60  # seconds, for whatever should take less than five


class Skip(Exception):
    """The program can't be played here. The text says why."""


def need(*programs):
    """Paths of the programs. Raises Skip for the first that isn't installed."""
    paths = []
    for name in programs:
        path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if not path:
            raise Skip(f"{name} is not installed")
        paths.append(path)
    return paths


def wait_for(holds, what):
    until = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > until:
            raise RuntimeError(f"waited {PATIENCE} s for {what}")
        time.sleep(0.02)


class Namespace:
    """A network and a mount namespace that live as long as a process of ours in them. Folders that servers write to
    outside of their own are empty in it."""

    def __init__(self):
        self.holder = subprocess.Popen(["setpriv", "--pdeathsig", "KILL",
                                        "unshare", "--net", "--mount", "sleep", "infinity"])
        wait_for(lambda: self._comm() == "sleep", "a network namespace")
        self.link = os.readlink(f"/proc/{self.holder.pid}/ns/net")
        for folder in ("/run", "/dev/shm"):
            self.run(f"mount -t tmpfs tmpfs {folder}")
        self.run("ip link set lo up")

    def _comm(self):
        return Path(f"/proc/{self.holder.pid}/comm").read_text().strip()

    def inside(self, command):
        """The command that runs `command` in here; it keeps its pid."""
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", f"--mount=/proc/{self.holder.pid}/ns/mnt", "--",
                *map(str, command)]

    def run(self, command):
        words = command.split() if isinstance(command, str) else command
        done = subprocess.run(self.inside(words), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, words))}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def members(self):
        """The processes in it."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "ns/net") == self.link:
                    found.append(int(entry.name))
            except OSError:
                pass  # it has ended
        return found

    def end(self):
        until = time.monotonic() + PATIENCE
        while (others := [pid for pid in self.members() if pid != self.holder.pid]) and time.monotonic() < until:
            for pid in others:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.05)
        self.holder.kill()
        self.holder.wait()


class World:
    """The server's namespace has va (10.7.0.1, fd07::1), the clients' vb (10.7.0.2, fd07::2)."""

    ADDRESSES = ("10.7.0.1", "fd07::1")  # of the server, for clients behind the veth
    LOCAL = ("127.0.0.1", "::1", "10.7.0.1")  # for clients beside it

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="pidcap-programs-"))
        self.folder.chmod(0o755)
        self.namespaces, self.started, self.clients = [], [], set()

    def build(self):
        self.server = self._namespace()
        self.far = self._namespace()
        subprocess.run(["ip", "link", "add", "va", "netns", str(self.server.holder.pid), "type", "veth",
                        "peer", "name", "vb", "netns", str(self.far.holder.pid)], check=True)
        for at, name, number in ((self.server, "va", 1), (self.far, "vb", 2)):
            at.run(f"ip address add 10.7.0.{number}/24 dev {name}")
            at.run(f"ip address add fd07::{number}/64 dev {name} nodad")
            at.run(f"ip link set {name} up")

    def _namespace(self):
        namespace = Namespace()
        self.namespaces.append(namespace)
        return namespace

    def serve(self, command, log=None, **options):
        """Starts a server. What it prints goes to the file `log`."""
        with open(log or os.devnull, "ab") as out:
            process = subprocess.Popen(self.server.inside(command), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                       cwd=self.folder, **options)
        self.started.append(process)
        return process

    def client(self, command, near=False, **options):
        """Starts a client: behind the veth, or beside the server. A process that it forks isn't known as a client."""
        at = self.server if near else self.far
        for stream in ("stdin", "stdout", "stderr"):
            options.setdefault(stream, subprocess.DEVNULL)
        process = subprocess.Popen(at.inside(command), cwd=self.folder, **options)
        self.clients.add(process.pid)
        self.started.append(process)
        return process

    def reap(self):
        self.started = [process for process in self.started if process.poll() is None]

    def finish(self, processes, seconds=PATIENCE):
        """Waits for clients, and ends those that take too long."""
        until = time.monotonic() + seconds
        for process in processes:
            try:
                process.wait(max(0.01, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.reap()

    def descendants(self, pid):
        """The children of a process, and theirs, as of now."""
        found = []
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                for child in (task / "children").read_text().split():
                    found += [int(child), *self.descendants(int(child))]
        except OSError:
            pass  # it has ended
        return found

    def end(self):
        for namespace in self.namespaces:
            namespace.end()
        for process in self.started:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
