# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/bench and scripts/soak share: network namespaces with a cable between them, and tables."""

import json
import os
import re
import subprocess
import time
from pathlib import Path

PATIENCE = 120  # seconds, for whatever should take less than ten


class Namespace:
    """A network namespace that lives as long as a process of ours in it."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        own = os.readlink("/proc/self/ns/net")
        until = time.monotonic() + PATIENCE
        while os.readlink(f"/proc/{self.holder.pid}/ns/net") == own:
            if time.monotonic() > until:
                raise RuntimeError("unshare --net made no network namespace")
            time.sleep(0.01)

    def inside(self, command):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"] + command

    def run(self, words):
        return subprocess.run(self.inside(words.split()), check=True, capture_output=True, text=True).stdout

    def packets(self, interface):
        """What has gone through it. On lo each packet goes out and comes in."""
        link = json.loads(self.run(f"ip -j -s link show dev {interface}"))[0]["stats64"]
        return link["tx"]["packets"] + (link["rx"]["packets"] if interface != "lo" else 0)

    def end(self):
        self.holder.kill()
        self.holder.wait()


def packets_in(path):
    said = subprocess.run(["capinfos", "-M", "-c", path], check=True, capture_output=True, text=True).stdout
    return int(said.rsplit(":", 1)[1])


def this_machine():
    """What it ran on, in a line."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{os.cpu_count()} CPUs ({model[1] if model else os.uname().machine}), Linux {os.uname().release}"


def table(titles, rows):
    lines = [titles, ["---"] + ["---:"] * (len(titles) - 1)] + rows
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def connect(near, far):
    """va (10.7.0.1) in one namespace and vb (10.7.0.2) in the other. Nobody but who is asked sends anything there: no
    IPv6, and neighbours that are fixed."""
    subprocess.run(["ip", "link", "add", "va", "netns", str(near.holder.pid), "type", "veth",
                    "peer", "name", "vb", "netns", str(far.holder.pid)], check=True)
    for at, name, address in ((near, "va", "10.7.0.1"), (far, "vb", "10.7.0.2")):
        at.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1")
        # Clients that end a connection for each request have ports left.
        subprocess.run(at.inside(["sysctl", "-qw", "net.ipv4.ip_local_port_range=10000 65535",
                                  "net.ipv4.tcp_tw_reuse=1"]), check=True)
        at.run("ip link set lo up")
        at.run(f"ip address add {address}/24 dev {name}")
        at.run(f"ip link set {name} up")
    for at, name, other, address in ((near, "va", far, "10.7.0.2"), (far, "vb", near, "10.7.0.1")):
        peer = json.loads(other.run("ip -j link show"))
        mac = next(link["address"] for link in peer if link["ifname"] in ("va", "vb"))
        at.run(f"ip neighbour replace {address} lladdr {mac} dev {name} nud permanent")
