# SPDX-License-Identifier: GPL-2.0-only
"""That secrets get to nobody who didn't ask for them."""

import subprocess
import sys
from pathlib import Path

import keys
from claims import PORT, claim, require, require_clear, require_equal, require_none
from programs import Curl, Python
from recording import WiresharkRecording
from world import need

OTHER = PORT + 1


def serve_both(stage):
    stage.reference.serve(PORT, "1.3")
    stage.reference.serve(OTHER, "1.3")


def play_both(stage):
    """curl at PORT, and python3 at OTHER."""
    for _ in range(3):
        stage.curl()
        stage.run([sys.executable, "-c", Python.PROGRAM, OTHER])
    require(len(stage.reference.served(OTHER)) >= 4, "python3 made no connection")


@claim("without --tls-keys no secret is in the file")
def without(stage):
    serve_both(stage)
    recording = stage.record(how=())
    play_both(stage)
    recording.end()
    require(not recording.lines() and not recording.http(), "there are keys")
    require_none(recording.path, stage.reference.served(PORT) | stage.reference.served(OTHER), "in the file")


def only_curls(stage, *options):
    serve_both(stage)
    recording = stage.record(options=options)
    play_both(stage)
    recording.end()
    require_none(recording.path, stage.reference.served(OTHER), "in the file")
    require_equal(recording, stage.reference.served(PORT), 3)
    require_clear(recording, 3)


@claim("of a process that isn't selected no secret is in the file")
def unselected(stage):
    only_curls(stage, "--comm", "curl")


@claim("of a connection that the packet filter leaves out no secret is in the file")
def filtered(stage):
    only_curls(stage, f"tcp port {PORT}")


@claim("of a connection at another interface no secret is in the file")
def elsewhere(stage):
    stage.reference.serve(PORT, "1.3")
    recording = stage.record(interface="va")
    stage.curl()
    recording.end()
    require(not recording.lines(), "there are keys")
    require_none(recording.path, stage.reference.served(PORT), "in the file")


@claim("a user of Wireshark's group gets the keys of his own processes, and of nobody else's")
def in_wireshark(stage):
    need("setcap")
    serve_both(stage)
    recording = WiresharkRecording(stage.pidcap, stage.world, "backup")
    for _ in range(3):
        stage.curl(OTHER)
        stage.run(["setpriv", "--reuid", "backup", "--regid", "backup", "--clear-groups",
                   *Curl.command(None, PORT, "1.3")])
    recording.end()
    require(len(stage.reference.served(OTHER)) >= 3 * 4, "root's curl made no connection")
    require_none(recording.path, stage.reference.served(OTHER), "in the file")
    require_equal(recording, stage.reference.served(PORT), 6)
    require_clear(recording, 6)


@claim("only the owner may read a file with keys, whatever the umask")
def mode(stage):
    stage.reference.serve(PORT, "1.3")
    log = stage.folder / "keys.log"
    recording = stage.record(how=(f"--tls-keys={log}",))
    stage.curl()
    recording.end()
    for path in (recording.path, log):
        require(path.stat().st_mode & 0o7777 == 0o600, f"{path}: mode {path.stat().st_mode:o}")


@claim("a file that others may read is refused, and stays as it was")
def exposed(stage):
    for bits in (0o644, 0o640, 0o604):
        for how in ("-w", "--tls-keys"):
            path = stage.folder / f"exposed{bits:o}{how}"
            path.write_text("before")
            path.chmod(bits)
            words = ["--tls-keys", "-w", path] if how == "-w" else [f"--tls-keys={path}"]
            done = subprocess.run([stage.pidcap, "-i", "lo", "-c", "1", *words], capture_output=True, text=True,
                                  timeout=30, check=False)
            require(done.returncode == 1 and "others may read" in done.stderr, f"{how} {bits:o}: {done}")
            require(path.read_text() == "before" and path.stat().st_mode & 0o777 == bits, f"{path} has changed")


@claim("nothing that is printed has a secret, and no process leaves a core dump")
def printed(stage):
    stage.reference.serve(PORT, "1.3")
    recording = stage.record(options=("-v", "-v", "--print"))
    for pid in (recording.process.pid, *stage.world.descendants(recording.process.pid)):
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
        except FileNotFoundError:
            continue  # it looked into one file, and has ended
        core = next((line.split() for line in limits if line.startswith("Max core file size")), None)
        require(not core or core[4:6] == ["0", "0"], f"{name} [{pid}]: {core}")
    stage.curl(PORT)
    recording.end()
    require(len(recording.lines()) == 4, "there are no keys")
    require_none(recording.said, stage.reference.served(PORT), "printed")


@claim("a key log of its own has the lines of the file, and does without one")
def key_log(stage):
    stage.reference.serve(PORT, "1.3")
    log, alone = stage.folder / "keys.log", stage.folder / "alone.log"
    recording = stage.record(how=(f"--tls-keys={log}",))
    only_log = stage.record(name="alone", how=(f"--tls-keys={alone}",), writes=False)
    stage.curl()
    recording.end()
    only_log.end()
    require_equal(recording, stage.reference.served(PORT), 1)
    require(keys.key_log(log) == keys.key_log(alone) == recording.lines(), f"{only_log.text()}")
