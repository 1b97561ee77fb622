#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""manual_test.py PIDCAP: the help texts, man pages and completions are what docs/manual/ says; the program takes each option that is
described; and the examples of commands on files work. (That the program takes no other option, it sees to itself: CommandLine refuses
to declare one.)"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MANUAL = ROOT / "scripts/manual"
# Examples need these files, and not a library that isn't in Debian.
FILES = {"out.pcapng": "docs/samples/web.pcapng", "web.pcapng": "docs/samples/web.pcapng", "1.pcapng": "docs/samples/web.pcapng",
         "db.pcapng": "docs/samples/ping.pcapng", "2.pcapng": "docs/samples/ping.pcapng", "plain.pcap": "tests/data/ppp.pcap"}
NOT_RUN = ("--live", "parquet", "events 'tcp:*'")


def manual(argument):
    return subprocess.run([sys.executable, MANUAL, argument], capture_output=True, text=True, check=False)


def run_examples(pidcap):
    """How many examples fail."""
    failed = ran = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, source in FILES.items():
            shutil.copy(ROOT / source, Path(folder) / name)
        environment = {**os.environ, "PATH": f"{Path(pidcap).resolve().parent}:{os.environ['PATH']}", "TZ": "UTC"}
        for row in manual("--examples").stdout.splitlines():
            line = row.split("\t")[1]
            if ".pcap" not in line or row.startswith("capture") or any(word in line for word in NOT_RUN):
                continue
            done = subprocess.run(line, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            ran += 1
            if done.returncode != 0:
                print(f"{line}: {done.stderr}")
                failed += 1
    if ran < 15:
        print(f"only {ran} examples were run")
    return failed + (ran < 15)


def main():
    pidcap, failed = sys.argv[1], 0
    checked = manual("--check")
    if checked.returncode != 0:
        print(checked.stdout + checked.stderr)
        failed = 1
    rows = [line.split("\t") for line in manual("--options").stdout.splitlines()]
    if len(rows) < 400:
        sys.exit(f"manual_test: only {len(rows)} options are described")
    for command, option, kind, _ in rows:
        # An unknown option is complained about: it is this one, and not the one before it.
        line = [pidcap, *([command] if command != "capture" else []), option, *(["1"] if kind == "value" else []), "--no-such-option"]
        done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0 and "--no-such-option" not in done.stderr.split("\n")[0]:
            print(f"{' '.join(line[1:-1])}: {done.stderr}")
            failed = 1
    sys.exit(1 if run_examples(pidcap) else failed)


main()
