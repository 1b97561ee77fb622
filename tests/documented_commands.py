#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""documented_commands.py [--update] PIDCAP FILE.md…: commands that the documentation shows print what it shows.

Of each block that is indented by four spaces, what stands behind "$ " is run, in a folder of its own for each page in which docs/ is there; the lines up
to the next "$ " are what it has to print, standard error included. A line "…" stands for any lines, "…" at the end of a line for the rest
of it. What stands behind "# " needs root, and isn't run. With --update the pages show what the commands print, where that is something else: after
scripts/samples, say; what "…" stood for is there in full then.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def blocks(text):
    """The indented blocks, each as its lines."""
    block = []
    for line in text.splitlines() + [""]:
        if line.startswith("    "):
            block.append(line[4:])
        elif block:
            yield block
            block = []


def commands(text):
    """Pairs of a command and the lines that it prints."""
    for block in blocks(text):
        shown = None
        for line in block:
            if line.startswith("$ "):
                shown = []
                yield line[2:], shown
            elif shown is not None:
                shown.append(line)


def pattern(lines):
    """What the lines stand for, as an expression."""
    text = ""
    for line in lines:
        if line == "…":
            text += r"(?:.*\n)*"
        elif line.endswith("…"):
            text += re.escape(line[:-1].rstrip()) + r".*\n"
        else:
            text += re.escape(line.rstrip()) + r"[ ]*\n"
    return re.compile(text)


def with_output(text, command, printed):
    """The page, with what this command prints behind it."""
    start = text.index(f"    $ {command}\n") + len(f"    $ {command}\n")
    shown = re.compile(r"(?:    (?!\$ ).*\n)*").match(text, start)
    return text[:start] + "".join(f"    {line}\n" for line in printed.splitlines()) + text[shown.end():]


def main():
    update = sys.argv[1:2] == ["--update"]
    program, *pages = sys.argv[2 if update else 1:]
    environment = {**os.environ, "PATH": f"{Path(program).resolve().parent}:{os.environ['PATH']}", "TZ": "UTC",
                   "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}
    ran = failed = 0
    for name in pages:
        text = Path(name).read_text()
        page = list(commands(text))
        if not page:
            sys.exit(f"documented_commands: {name} shows no command")
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "docs").symlink_to(ROOT / "docs")
            for command, shown in page:
                done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, text=True,
                                      env={**environment, "HOME": folder}, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
                # tshark says so where this is root.
                printed = re.sub(r"Running as user .*dangerous\.\n", "", done.stdout)
                if done.returncode == 0 and pattern(shown).fullmatch(printed):
                    continue
                failed += 1
                if update and done.returncode == 0:
                    text = with_output(text, command, printed)
                else:
                    print(f"{name}: $ {command}\nexit status {done.returncode}, printed:\n{printed}instead of:\n" + "\n".join(shown))
        if update:
            Path(name).write_text(text)
        ran += len(page)
    print(f"{ran} commands, {failed} print something else")
    sys.exit(1 if failed else 0)


main()
