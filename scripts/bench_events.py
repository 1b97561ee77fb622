# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/bench --events plays: work that makes many events of a kind, and who records them."""

import re
import subprocess
from dataclasses import dataclass, field

PROGRAMS = ("perf", "nft", "taskset")
DROP_PORT = "9002"  # what comes to it is dropped where it comes in

# A quiet nftables chain that drops it: no ICMP error goes back, so the sender goes on.
DROPPING = ("nft add table inet bench", "nft add chain inet bench in { type filter hook input priority 0 ; }",
            f"nft add rule inet bench in udp dport {DROP_PORT} drop")


@dataclass
class EventLoad:
    """`command` makes the events that `pidcap --event` calls `event`, and perf(1) `perf`."""

    name: str
    command: list
    event: str
    perf: str
    more: list = field(default_factory=list)  # arguments of further captures by pidcap


def loads(quick, load):
    """`load`: the program bench_load. Everything on one CPU."""
    few = 20 if quick else 1
    one = ["taskset", "-c", "0"]
    return [
        EventLoad("switches", one + ["perf", "bench", "sched", "pipe", "-l", str(300_000 // few)],
                  "sched:sched_switch", "sched:sched_switch",
                  [["--event", "sched:sched_switch if prev_pid = 1", "--no-packets"]]),
        EventLoad("drops", one + [load, "udp", "10.7.0.2", DROP_PORT, str(500_000 // few), "0"],
                  "drop", "skb:kfree_skb", [["--event", "skb:kfree_skb", "--no-packets"]]),
        EventLoad("connections", one + [load, "tcp", "10.7.0.2", "9000", str(20_000 // few)],
                  "socket=all", "sock:inet_sock_set_state", [["-i", "va"], ["-i", "va", "--event", "socket=all"]]),
        EventLoad("forks", one + ["sh", "-c", f"i=0; while [ $i -lt {5_000 // few} ]; do /bin/true; i=$((i+1)); done"],
                  "process", "sched:sched_process_fork,sched:sched_process_exec,sched:sched_process_exit",
                  [["-i", "lo"]]),
    ]


def captures(load, pidcap):
    """The arguments of each capture by its name, FILE being the file."""
    own = [["--event", load.event, "--no-packets"]] + load.more
    named = {"pidcap " + " ".join(f"'{word}'" if " " in word else word for word in words): [pidcap, *words, "-w", "FILE"]
             for words in own}
    return named | {f"perf record -e {load.perf}": ["perf", "record", "-q", "-a", "-m", "16M", "-e", load.perf, "-o", "FILE"]}


def counted(command, path):
    """The events in a file, and how many perf says that it has lost; pidcap says so itself."""
    if command[0] != "perf":
        said = subprocess.run([command[0], "read", "--count", path], check=True, capture_output=True, text=True).stdout
        found = re.search(r"(\d+) events?", said)
        return int(found[1]) if found else 0, 0
    said = subprocess.run(["perf", "report", "-i", path, "--stats"], check=True, capture_output=True, text=True).stdout
    of_events = said.partition(" stats:\n")[2].partition(" stats:\n")[2]  # behind those of all records
    def total(what):
        return sum(int(number) for number in re.findall(rf" {what} events:\s+(\d+)", of_events))
    return total("SAMPLE"), total("LOST_SAMPLES")
