#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""smoke.py BENCH FOLDER: runs scripts/bench with little traffic, and looks whether every number is there and the loss
equation holds. What the numbers are is no test's affair."""

import json
import math
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

NUMBERS = ("throughput", "wire", "file", "lost", "lost_percent", "worst_remainder", "process_us", "machine_us",
           "throughput_ratio", "memory_mib")


def expect(holds, what):
    if not holds:
        sys.exit(f"smoke: {what}")


def expect_number(row, key, where):
    expect(key in row and math.isfinite(row[key]), f"{where}: no {key}")


bench, folder = sys.argv[1], Path(sys.argv[2])
subprocess.run([bench, "--quick", "--output", str(folder)], check=True)
everything = json.loads((folder / "bench.json").read_text())
expect(set(everything["summary"]) | set(everything["work"]) | set(everything["skipped"]) == {
    "flood", "bulk", "connections", "lo", "overload", "nginx", "tls", "redis", "pgbench", "dns", "compile", "dd"},
    "not each load was played")
for load, tools in everything["summary"].items():
    expect({"pidcap", "pidcap --no-process", "tcpdump", "dumpcap"} <= set(tools), f"{load}: a tool is missing")
    for tool, row in tools.items():
        for key in NUMBERS + ("process_to_dumpcap",):
            expect_number(row, key, f"{load}, {tool}")
        expect(row["wire"] > 0 and row["file"] > 0 and row["process_us"] > 0 and row["memory_mib"] > 0,
               f"{load}, {tool}: nothing was measured: {row}")
    for tool in (tool for tool in tools if tool.startswith("pidcap")):
        for run in everything["runs"][load][tool]:
            expect(run["wire"] == run["file"] + run["lost"], f"{load}, {tool}: {run}")
    for key in ("throughput", "process", "machine"):
        expect_number(everything["attribution"][load], key, load)
    expect_number(everything["kernel"][load], "programs_ns", load)
    expect(everything["kernel"][load]["programs_ns"] > 0, f"{load}: no program ran")
for work, result in everything["work"].items():
    expect({"pidcap", "pidcap --no-process", "tcpdump", "dumpcap"} <= set(result["summary"]), f"{work}: a tool is missing")
    for tool, row in result["summary"].items():
        for key in ("seconds", "throughput_ratio", "machine_ratio", "process_seconds"):
            expect_number(row, key, f"{work}, {tool}")
        expect(row["wire"] == 0, f"{work}, {tool}: there were packets on lo")
expect({(row["what"]) for row in everything["scale"]} == {
    "packets", "open sockets", "processes", "processes of a packet each", "interfaces"}, "a scale is missing")
for row in everything["scale"]:
    expect(row["process_us"] > 0 and row["programs_ns"] > 0 and row["memory_mib"] > 0 and row["start_s"] > 0
           and row["end_s"] > 0, f"nothing was measured: {row}")
bars = xml.etree.ElementTree.parse(folder / "bench.svg").findall(".//{http://www.w3.org/2000/svg}rect")
expect(len(bars) > len(everything["scale"]), "the plot has no bars")

subprocess.run([bench, "--quick", "--events", "--load", "switches", "--output", str(folder)], check=True)
runs = json.loads((folder / "events.json").read_text())["switches"]
expect(len(runs) == 4, "switches: a capture is missing")
for capture, rows in runs.items():
    for row in rows:
        expect_number(row, "cpu_seconds", capture)
        # Two threads that wait for each other switch at least once for each of the 15,000 operations.
        expect(capture == "none" or "prev_pid" in capture or row["events"] + row["lost"] >= 15_000, f"{capture}: {row}")
