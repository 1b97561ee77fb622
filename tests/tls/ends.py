# SPDX-License-Identifier: GPL-2.0-only
"""How a capture with keys ends, what is left of it, and its further files."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keys
from claims import PORT, claim, require, require_clear
from reference import libssl
from world import need, wait_for

FILES = 60


def programs():
    """The numbers of the kernel's programs that take secrets and plaintext, of whatever capture."""
    shown = subprocess.run([*need("bpftool"), "-j", "prog", "show"], capture_output=True, text=True, check=True).stdout
    return {program["id"] for program in json.loads(shown) if program.get("name", "").startswith(("tls_secret", "plaintext_"))}


def links(of):
    shown = subprocess.run([*need("bpftool"), "-j", "link", "show"], capture_output=True, text=True, check=True).stdout
    return {link["id"] for link in json.loads(shown) if link.get("prog_id") in of}


def nothing_left(stage, number):
    stage.reference.serve(PORT, "1.3")
    before = programs()
    recording = stage.record(how=("--tls-keys", "--tls-plaintext"))
    stage.curl()
    ours = programs() - before
    helpers = stage.world.descendants(recording.process.pid)
    require(len(ours) >= 4 and len(links(ours)) >= 4 and len(helpers) >= 2, f"programs {ours}, helpers {helpers}")
    recording.process.send_signal(number)
    recording.process.wait(30)
    wait_for(lambda: not programs() & ours and not links(ours), "its programs to go")
    wait_for(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in helpers), "its processes to go")
    stage.curl()
    return recording


@claim("after SIGINT no probe, program or process is left")
def interrupted(stage):
    nothing_left(stage, signal.SIGINT)


@claim("after SIGKILL no probe, program or process is left, and the file is read up to there")
def killed(stage):
    recording = nothing_left(stage, signal.SIGKILL)
    keys.secrets_in(recording.path)


@claim("with 60 probed files a capture ends in less than the time of one detachment after the other")
def sixty(stage):
    path, _ = libssl()
    for number in range(FILES):
        shutil.copy(path, stage.folder / f"copy{number}.so")
    stage.world.serve([sys.executable, "-c", "import ctypes, sys, time\n"
                       "held = [ctypes.CDLL(path) for path in sys.argv[1:]]\n"
                       "print('mapped', flush=True)\ntime.sleep(300)",
                       *(stage.folder / f"copy{number}.so" for number in range(FILES))], stage.folder / "mapped")
    wait_for(lambda: "mapped" in (stage.folder / "mapped").read_text(), "a process with 60 libraries")
    took = {}
    for how in ((), ("--tls-keys",)):
        before = programs()
        recording = stage.record(how=how)
        if how:
            probes = len(links(programs() - before))
            require(probes >= FILES, f"only {probes} probes")
        began = time.monotonic()
        recording.end()
        took[how] = time.monotonic() - began
    # One takes some 50 ms.
    print(f"with keys {took[('--tls-keys',)]:.2f} s, without {took[()]:.2f} s", flush=True)
    require(took[("--tls-keys",)] - took[()] < FILES * 0.05 * 0.7, f"{took}")


def in_files(stage, recording, names):
    """How many files there are, and how many requests and answers are in clear in each by itself."""
    files = sorted(stage.folder.glob(names))
    require(all(path.stat().st_mode & 0o777 == 0o600 for path in files), "others may read them")
    requests = answers = 0
    for recording.path in files:
        frames = recording.http()
        requests += sum(frame.is_request for frame in frames)
        answers += sum(not frame.is_request for frame in frames)
    return len(files), requests, answers


@claim("each file of a rotation is in clear by itself")
def rotation(stage):
    stage.reference.serve(PORT, "1.3")
    recording = stage.record(name="turn-%s", options=("-G", "2"))
    for _ in range(6):
        stage.curl()
        time.sleep(0.8)
    recording.end()
    files, requests, answers = in_files(stage, recording, "turn-*.pcapng")
    require(files >= 2, f"{files} files")
    # A connection that one file ends in has its handshake in another.
    require(requests >= 5 and answers >= 5, f"{requests} requests, {answers} answers")


@claim("each file of a trigger is in clear by itself, the time before it and after it")
def ring(stage):
    stage.reference.serve(PORT, "1.3")
    recording = stage.record(name="ring-%s", options=("--ring", "8M", "--after", "3s"))
    for _ in range(2):
        for _ in range(2):
            stage.curl()
        time.sleep(1)
        recording.process.send_signal(signal.SIGUSR1)
        time.sleep(1)
        stage.curl()
        time.sleep(5)
    recording.end()
    files, requests, answers = in_files(stage, recording, "ring-*.pcapng")
    # The second file has the time before it, with the connections of the first.
    require(files == 2 and requests == answers and requests >= 6, f"{files} files, {requests}, {answers}")
