#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""completion_test.py bash|zsh|fish: in this shell, the options that completion offers for pidcap and for each of its commands are
those of docs/manual/, and a choice, a file and a command are completed. Skipped if there is no such shell."""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COMPLETIONS = ROOT / "docs/completions"
SKIPPED = 4


def described():
    """Each command with the options that are to be offered; "" is a capture."""
    options = {}
    for line in subprocess.run([sys.executable, ROOT / "scripts/manual", "--options"], check=True, capture_output=True,
                               text=True).stdout.splitlines():
        command, option, _, where = line.split("\t")
        if where == "offered":
            options.setdefault("" if command == "capture" else command, set()).add(option)
    return options


class Bash:
    def offered(self, words):
        """What is offered for the last word."""
        script = f"""
            . {COMPLETIONS}/pidcap.bash
            COMP_WORDS=("$@")
            COMP_CWORD=$(($# - 1))
            _pidcap
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, check=True)
        return set(done.stdout.split()) - {"--"}


class Fish:
    def offered(self, words):
        # A description stands behind a tab.
        line = " ".join(words)
        script = f"complete -c pidcap -e; source {COMPLETIONS}/pidcap.fish; complete -C {line!r}"
        done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, check=True)
        return {row.split("\t")[0] for row in done.stdout.splitlines()}


class Zsh:
    """A shell on a terminal: its completion works nowhere else."""

    # What compadd adds is what is offered, wherever it comes from; with -D, -O or -A it only looks what would match. Control-T
    # completes, Control-U takes the line away. The line editor says when it reads, and when it has completed.
    SETTINGS = r"""
        fpath=($ZDOTDIR $fpath)
        autoload -Uz compinit
        compinit -u -d $ZDOTDIR/dump
        LISTMAX=10000
        pidcap() { }
        compadd() {
            [[ " $* " == *" -"[DOA]" "* ]] && { builtin compadd "$@"; return }
            local -a found
            builtin compadd -O found "$@" 2>/dev/null
            print -rl -- "${(@)found/#/OFFERED=}" >>$ZDOTDIR/offered
            builtin compadd "$@"
        }
        complete_all() { zle list-choices; print COMPLETED }
        zle-line-init() { print READING }
        zle -N complete_all
        zle -N zle-line-init
        bindkey -e
        bindkey '^T' complete_all
    """

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        shutil.copy(COMPLETIONS / "_pidcap", self.folder)
        (self.folder / ".zshrc").write_text(self.SETTINGS)
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.environ.update({"TERM": "dumb", "ZDOTDIR": str(self.folder), "LC_ALL": "C.UTF-8", "COLUMNS": "200", "LINES": "50"})
            os.execvp("zsh", ["zsh", "--no-global-rcs", "-i"])
        self.wait_for("READING")

    def wait_for(self, text):
        seen, end = "", time.monotonic() + 60
        while text not in seen:
            if time.monotonic() > end or not select.select([self.terminal], [], [], 60)[0]:
                sys.exit(f"completion_test: zsh doesn't answer; it has printed:\n{seen}")
            seen += os.read(self.terminal, 65536).decode(errors="replace")

    def offered(self, words):
        record = self.folder / "offered"
        record.write_text("")
        os.write(self.terminal, (" ".join(words) + "\x14").encode())
        self.wait_for("COMPLETED")
        os.write(self.terminal, b"\x15")
        return set(re.findall("^OFFERED=(.*)$", record.read_text(), re.M))


def check(what, found, wanted):
    if found == wanted:
        return 0
    print(f"{what}: missing {sorted(wanted - found)}, too many {sorted(found - wanted)}")
    return 1


def main():
    shell = sys.argv[1]
    if not shutil.which(shell):
        print(f"{shell} isn't installed")
        sys.exit(SKIPPED)
    os.chdir(ROOT / "docs/samples")
    asked = {"bash": Bash, "zsh": Zsh, "fish": Fish}[shell]()
    failed = 0
    commands = described()
    for command, options in commands.items():
        words = ["pidcap", *([command] if command else [])]
        # fish and zsh offer long options only behind two dashes.
        found = asked.offered([*words, "-"]) | asked.offered([*words, "--"])
        found = {word for word in found if word.startswith("-") and len(word) > 1}
        failed += check(f"pidcap {command} in {shell}", found, options)
    failed += check("pidcap --hook", asked.offered(["pidcap", "--hook", ""]), {"tc", "xdp", "cgroup"})
    failed += check("pidcap export --format", asked.offered(["pidcap", "export", "--format", ""]), {"parquet", "jsonl", "csv"})
    for words in (["pidcap", "read", ""], ["pidcap", "-w", ""], ["pidcap", "tls", ""], ["pidcap", "flows", "-F", ""]):
        files = {"ping.pcapng", "web.pcapng"}
        failed += check(" ".join(words), asked.offered(words) & files, files)
    failed += check("pidcap help", asked.offered(["pidcap", "help", ""]) & {"exit-status", "read"}, {"exit-status", "read"})
    users = {"root", "nobody"}
    failed += check("pidcap --user", asked.offered(["pidcap", "--user", ""]) & users, users)
    failed += check("pidcap top -i", asked.offered(["pidcap", "top", "-i", ""]) & {"any", "lo"}, {"any", "lo"})
    names = {name for name in commands if name}
    failed += check("commands", {word for word in asked.offered(["pidcap", ""]) if word in names}, names)
    sys.exit(1 if failed else 0)


main()
