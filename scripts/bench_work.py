# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/bench plays on a machine whose processes use no network: work whose time a capture should not change."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("compile", "dd")


class Work:
    """`command` is run in `folder`."""

    def __init__(self, name, folder, command):
        self.name, self.folder, self.command = name, folder, command

    def missing(self):
        return next((program for program in ("make", "g++", "dd") if not shutil.which(program)), None)


def compile_all(folder, sources):
    """Two compilers at a time over sources of this project, without optimisation."""
    objects = {f"{source.stem}.o": source for source in sources}
    (folder / "Makefile").write_text(
        f"all: {' '.join(objects)}\n"
        + "".join(f"{name}: {source}\n\tg++ -std=c++20 -O0 -I{ROOT} -c -o $@ $<\n" for name, source in objects.items()))
    return Work("compile", folder, ["make", "-s", "-B", "-j2"])


def works(folder, quick):
    """compile: many system calls and processes, as in real work. dd: nothing but system calls, the worst case."""
    sources = sorted((ROOT / "pcapng").glob("*.cpp"))
    count = 500_000 if quick else 5_000_000
    return [compile_all(folder, sources[:2] if quick else sources),
            Work("dd", folder, ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", f"count={count}", "status=none"])]
