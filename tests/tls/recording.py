# SPDX-License-Identifier: GPL-2.0-only
"""pidcap --tls-keys at work in a network namespace, and what it said."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple

import keys
from world import PATIENCE, wait_for


class Frame(NamedTuple):
    """A frame in which tshark found HTTP."""
    number: int
    port: int  # the server's
    is_request: bool
    text: str  # the request's URI
    comment: str


class Recording:
    """Begins at once. `how` asks for keys, `options` are pidcap's beyond that and where."""

    def __init__(self, pidcap, world, name="packets", options=(), how=("--tls-keys",), interface="lo", writes=True,
                 command=()):
        self.path, self.said = world.folder / f"{name}.pcapng", world.folder / f"{name}.said"
        self.command = command
        words = [Path(pidcap).resolve(), "-i", interface, *how, *(("-w", self.path) if writes else ()), *options]
        if command:  # it is to be in the namespace, too
            words = world.server.inside([*words, "--", *command])
        else:
            words += ["--netns", world.server.holder.pid]
        with self.said.open("w") as out:
            self.process = subprocess.Popen(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        world.started.append(self.process)
        wait_for(self._ready, "pidcap to listen")

    def _ready(self):
        if self.process.poll() not in (None, 0):
            raise RuntimeError(f"pidcap: {self.text()}")
        return "listening on" in self.text()

    def text(self):
        return self.said.read_text(errors="replace")

    def end(self):
        """Ends it by SIGINT, or waits for the end of its command, and requires status 0."""
        if self.process.poll() is None and not self.command:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)
        if self.process.returncode != 0:
            raise RuntimeError(f"pidcap ended with {self.process.returncode}: {self.text()}")
        return self

    def lines(self):
        return set(keys.secrets_in(self.path))

    def http(self):
        # Its body may end with the connection.
        rows = keys.tshark(self.path, "-o", "http.desegment_body:FALSE", "-Y", "http", "-T", "fields", "-E", "occurrence=f", "-e", "frame.number",
                           "-e", "tcp.srcport", "-e", "tcp.dstport", "-e", "http.request.uri", "-e", "frame.comment")
        return [Frame(int(number), int(target if uri else source), bool(uri), uri, comment)
                for number, source, target, uri, comment in rows]

    def status(self, comm):
        """What was said of the process's keys: its library, and the connections with keys and all; summed."""
        library, with_keys, hellos = "", 0, 0
        for name, library_of, some, everything in re.findall(
                r"TLS keys: (.*) \[\d+\](?:, ([^:]*))?: (\d+) of (\d+) connections", self.text()):
            if name == comm:
                library = library_of or library
                with_keys, hellos = with_keys + int(some), hellos + int(everything)
        return library, with_keys, hellos


class WiresharkRecording(Recording):
    """What Wireshark records of lo for a user of its group, with the box for keys ticked: pidcap-extcap with the
    capabilities of `pidcap setup-wireshark` in its file."""

    CAPABILITIES = "cap_net_admin,cap_net_raw,cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep"

    def __init__(self, pidcap, world, user):
        self.path, self.said = world.folder / "wireshark.pcapng", world.folder / "wireshark.said"
        self.command = ()
        program, fifo = world.folder / "pidcap-extcap", world.folder / "fifo"
        shutil.copy(Path(pidcap).resolve().parent / "pidcap-extcap", program)
        subprocess.run(["setcap", self.CAPABILITIES, program], check=True)
        os.mkfifo(fifo)
        shutil.chown(fifo, user)
        with self.path.open("wb") as out:
            self.reader = subprocess.Popen(["cat", fifo], stdin=subprocess.DEVNULL, stdout=out)
        world.started.append(self.reader)
        words = world.server.inside(["setpriv", "--reuid", user, "--regid", user, "--clear-groups", program, "--capture",
                                     "--extcap-interface", "pidcap-lo", "--fifo", fifo, "--tls-keys"])
        with self.said.open("w") as out:
            self.process = subprocess.Popen(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        world.started.append(self.process)
        wait_for(self._ready, "pidcap-extcap to listen")

    def _ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"pidcap-extcap ended with {self.process.returncode}: {self.text()}")
        return self.path.stat().st_size > 0

    def end(self):
        super().end()
        self.reader.wait(PATIENCE)
        return self
