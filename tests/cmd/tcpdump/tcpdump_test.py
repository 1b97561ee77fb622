#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""tcpdump_test.py PIDCAP: docs/tcpdump.md has every option of tcpdump's manual page, pidcap does with each what stands
there, and the lines of both programs for the same file are equal where it says so.

Exit status: 0 all is so, 1 something isn't, 4 tcpdump or its manual page is missing."""

import gzip
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SAMPLES = ROOT / "tests/data/tcpdump-samples.pcap"
MANUALS = [pathlib.Path("/usr/share/man/man8/tcpdump.8.gz"), pathlib.Path("/usr/share/man/man1/tcpdump.1.gz")]
failures = 0


def check(claim, ok, detail=""):
    global failures
    if not ok:
        failures += 1
        print(f"FAILED: {claim}\n{detail}")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, errors="surrogateescape", timeout=60,
                          stdin=subprocess.DEVNULL, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC"})
    return done.returncode, done.stdout, done.stderr


def options_of_manual(manual):
    """-A, -dd, --count …: all that begin an item of the section OPTIONS, and the letters of the synopsis."""
    text = gzip.open(manual, "rt", errors="replace").read().replace("\\-", "-")
    section = text[text.index(".SH OPTIONS"):text.index(".SH EXAMPLES")]
    items = set(re.findall(r"^\.(?:TP|PD)\n\.BI? (-[^\s=]+)", section, re.M))
    letters = re.search(r"^\.B -([A-Za-z#]{10,})$", text, re.M).group(1)
    return items | {"-" + letter for letter in letters}


def rows_of_table():
    rows = []
    for line in (ROOT / "docs/tcpdump.md").read_text().splitlines():
        row = re.match(r"\| (`-.*?) \| (.*?) \| ((?:taken|refused).*) \|$", line)
        if row:
            names = re.findall(r"`(-[^` ]+)( [A-Z]+)?`", row.group(1))
            rows.append(([name for name, _ in names], bool(names[0][1]), row.group(3)))
    return rows


# What fits where any value would do.
VALUES = {"-c": "1", "-B": "8", "-C": "1", "-G": "1", "-s": "0", "-Q": "in", "-W": "1", "-y": "EN10MB",
          "--time-stamp-precision": "nano", "--count": "1", "-Z": "0", "-i": "lo"}


def check_options(pidcap, manual):
    rows = rows_of_table()
    known = {name for names, _, _ in rows for name in names}
    in_manual = options_of_manual(manual)
    check("the manual page was read", len(in_manual) > 75, sorted(in_manual))
    check("the table has every option of the manual", in_manual <= known, sorted(in_manual - known))
    check("the table has no others", known <= in_manual, sorted(known - in_manual))
    for names, has_value, what in rows:
        for name in names:
            value = [VALUES.get(names[0], "x")] if has_value or name == "--count" else []
            if what.startswith("refused: "):
                status, _, err = run(pidcap, name, *value)
                wanted = "pidcap: " + what.removeprefix("refused: ") + "\n"
                check(f"{name} is refused with its message", status == 2 and err.startswith(wanted), err)
                continue
            # The next one is complained about, or the option ends pidcap, or a file is read.
            status, out, err = run(pidcap, name, *value, "--no-such-option")
            fine = status == 0 if name in ("-h", "--help", "--version") else "--no-such-option" in err
            check(f"{name} is taken", fine, err)


def tcpdump(*options):
    return run("tcpdump", "-r", str(SAMPLES), *options)[1]


START = re.compile(r"^(?: *\d+  )?(?:[\d:. -]+ )?(?:IP6?|ARP,|[\da-f:]{17} > )", re.M)
OUR_START = re.compile(r"^(?: *\d+  )?(?:[\d:. -]+ )?(?:vlan \d+ )?(?:IP6?|TCP|UDP|ICMP|ICMPv6|ARP|[\da-f:]{17} >) ", re.M)


def packets(text, start):
    at = [match.start() for match in start.finditer(text)] + [len(text)]
    return [text[begin:end] for begin, end in zip(at, at[1:])]


PROTOCOL = re.compile(r"\b(?:TCP|UDP|ICMPv6|ICMP) (?=[\da-f:.]+ > )")


def their_words(line):
    """tcpdump's line as pidcap would print it, but for what docs/tcpdump.md calls different."""
    line = re.sub(r"\)\n    ", ") ", line)                               # -v: one line
    line = re.sub(r": HTTP, length: \d+\n\t([^\n]*)\n.*", r": HTTP: \1\n", line, flags=re.S)
    line = re.sub(r"(quoted)?\n\t.*", r"\n", line, flags=re.S)           # the packet that an ICMP error quotes
    line = line.replace("md5 shared secret not supplied with -M, can't check - ", "md5 ")
    line = re.sub(r": SSH: .*", "", line)
    # -e leaves out what the type says.
    line = re.sub(r"(IPv4 \(0x0800\), length \d+: )\(", r"\1IP (", line)
    line = line.replace("ethertype IPv4 (0x0800), (", "ethertype IPv4 (0x0800), IP (")
    line = re.sub(r"IPv6 \(0x86dd\), length (\d+): \(", r"IPv6 (0x86dd), length \1: IP6 (", line)
    line = re.sub(r"UDP, length", "length", line)
    line = re.sub(r"ICMP6, |: ICMP ", lambda found: ": " if found.group(0)[0] == ":" else "", line)
    return re.sub(r"\bIP6? (?!\()", "", line).strip()


def our_words(line):
    line = re.sub(r": TLS: .*", "", line)
    line = re.sub(r", first fragment, id \d+", "", line)
    line = re.sub(r"^vlan \d+ ", "", line)
    return PROTOCOL.sub("", line).strip()


# The words for what isn't TCP, UDP or an echo are our own.
OWN_WORDS = re.compile(r"neighbo|unreachable|fragment|ip-proto|ARP|who-has|is-at|echo .*sum ok|sum ok.*echo|seq 9$")


def check_lines(pidcap):
    for options in (["-tnn"], ["-tnnS"], ["-tnnv"], ["-tnnvK"], ["-tnnvv"], ["-tnnvvv"], ["-tnne"], ["-tnnev"]):
        theirs = packets(tcpdump(*options), START)
        ours = packets(run(pidcap, *options, "-r", str(SAMPLES))[1], OUR_START)
        check(f"{options}: as many lines", len(theirs) == len(ours) >= 30, f"{len(theirs)} {len(ours)}")
        compared = 0
        for one, other in zip(theirs, ours):
            if OWN_WORDS.search(one):
                continue
            compared += 1
            one, other = their_words(one), our_words(other)
            check(f"{options}: the same line", one == other, f"  {one}\n  {other}")
        check(f"{options}: enough lines are compared", compared >= 30, compared)


def check_dumps(pidcap):
    for letters in ("-x", "-xx", "-X", "-XX", "-A", "-AA"):
        theirs = packets(tcpdump("-tnnq", letters), START)
        ours = packets(run(pidcap, "-tnnq", letters, "-r", str(SAMPLES))[1], OUR_START)
        check(f"{letters}: as many packets", len(theirs) == len(ours) >= 30, f"{len(theirs)} {len(ours)}")
        for one, other in zip(theirs, ours):
            one, other = (text.partition("\n")[2] for text in (one, other))
            check(f"{letters}: the same bytes", one == other, f"{one!r}\n{other!r}")


def check_rest(pidcap):
    file = ["-r", str(SAMPLES)]
    for times in ("-nn", "-tt", "-ttt", "-tttt", "-ttttt"):
        theirs = [line.split(" IP")[0].split(" ARP")[0] for line in packets(tcpdump("-q", times), START)]
        ours = run(pidcap, "-q", times, "--micro", *file)[1].splitlines()
        wrong = [pair for pair in zip(theirs, ours)
                 if not pair[1].replace("00:00:00.", " 00:00:00.").strip().startswith(pair[0].strip())]
        check(f"{times}: the same times", len(theirs) == len(ours) and not wrong, wrong[:3])
    for option in ("-#", "--number"):
        check(f"{option}: the same numbers",
              [line[:7] for line in packets(tcpdump("-qt", option), START)] ==
              [line[:7] for line in run(pidcap, "-qt", option, *file)[1].splitlines()])
    for expression in (["tcp"], ["udp", "port", "53"], ["ip6 and", "tcp"], ["-c", "3"], ["-c7", "port 53 or icmp"]):
        theirs = run("tcpdump", "--count", *file, *expression)[1]
        ours = run(pidcap, "--count", *file, *expression)[1]
        check(f"{expression}: as many packets", theirs == ours != "", theirs + ours)
    for listing in ("-d", "-dd", "-ddd", "-dO"):
        theirs = run("tcpdump", "-y", "EN10MB", listing, "tcp port 80")
        ours = run(pidcap, "-y", "EN10MB", listing, "tcp port 80")
        check(f"{listing}: the same listing", theirs[:2] == ours[:2], f"{theirs}\n{ours}")
    check("tcpdump -r IN -w - and pidcap -r IN -w - keep the same packets",
          run("sh", "-c", f"{pidcap} -r {SAMPLES} -w - udp 2>/dev/null | tcpdump -tnnr -")[1] == tcpdump("-tnn", "udp"))


def main():
    pidcap = str(pathlib.Path(sys.argv[1]).resolve())
    manual = next((path for path in MANUALS if path.exists()), None)
    if manual is None or shutil.which("tcpdump", path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
        print("tcpdump, or its manual page, is missing")
        return 4
    check_options(pidcap, manual)
    check_lines(pidcap)
    check_dumps(pidcap)
    check_rest(pidcap)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
