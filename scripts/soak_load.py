# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/soak does to a machine while recorders run on it: traffic, and everything coming and going."""

import random
import signal
import subprocess
import threading
import time

PORT = "9000"
# In an hour.
INTERFACES, RENAMES = 5_000, 60_000


class Churn:
    """A thread that does its work again and again until it is told to end. An error of it ends the soak."""

    def __init__(self, name, every, work):
        self.name, self.every, self.work = name, every, work
        self.done, self.error, self.over = 0, None, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        due = time.monotonic()
        try:
            while not self.over.wait(max(0, due - time.monotonic())):
                self.done += self.work() or 1
                due = max(due + self.every, time.monotonic() - 1)
        except Exception as error:  # the main thread raises it
            self.error = error

    def end(self):
        self.over.set()
        self.thread.join()


class Load:
    """All of it, between two namespaces. `recorders`: what SIGSTOP may be sent to."""

    def __init__(self, program, near, far, recorders):
        self.program, self.near, self.far, self.recorders = str(program), near, far, recorders
        self.sink = subprocess.Popen(far.inside([self.program, "sink", PORT]), stdout=subprocess.DEVNULL)
        self.made = 0
        self.renamed = 0
        near.run("ip link add renamed0 type veth peer name other")
        near.run("ip link set renamed0 up")
        self.churns = []

    def start(self):
        batch = 10
        self.churns = [
            # 2,000 datagrams a second; connections and processes in bursts.
            Churn("datagrams", 0, lambda: self.send("udp", "10000", "2000")),
            Churn("connections", 1, lambda: self.send("tcp", "100")),
            Churn("processes", 1, lambda: self.send("children", "50")),
            Churn("interfaces", 3600 * batch / INTERFACES, lambda: self.make_interfaces(batch)),
            Churn("renames", 3600 * batch / RENAMES, lambda: self.rename(batch)),
            Churn("namespaces", 0.5, self.make_namespace),
            Churn("stops", 15, self.stop_one),
        ]

    def send(self, what, count, *more):
        subprocess.run(self.near.inside([self.program, what, "10.7.0.2", PORT, count, *more]), check=True,
                       stdout=subprocess.DEVNULL)
        return int(count)

    def batch(self, lines):
        subprocess.run(self.near.inside(["ip", "-batch", "-"]), input="\n".join(lines) + "\n", text=True, check=True)

    def make_interfaces(self, count):
        pairs = [(f"s{self.made + i}", f"t{self.made + i}") for i in range(count // 2)]
        self.made += count
        self.batch([f"link add {one} type veth peer name {other}" for one, other in pairs]
                   + [f"link set {name} up" for pair in pairs for name in pair])
        self.batch([f"link delete {one}" for one, _ in pairs])
        return count

    def rename(self, count):
        lines = []
        for _ in range(count):
            lines += [f"link set renamed{self.renamed} down",
                      f"link set renamed{self.renamed} name renamed{self.renamed + 1}",
                      f"link set renamed{self.renamed + 1} up"]
            self.renamed += 1
        self.batch(lines)
        return count

    def make_namespace(self):
        subprocess.run(["unshare", "--net", "sh", "-c", "ip link set lo up; ping -q -c 1 127.0.0.1"], check=True,
                       stdout=subprocess.DEVNULL)

    def stop_one(self):
        recorder = random.choice(self.recorders)
        recorder.process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        recorder.process.send_signal(signal.SIGCONT)

    def check(self):
        for churn in self.churns:
            if churn.error:
                raise churn.error
        if self.sink.poll() is not None:
            raise RuntimeError("the receiver of the load has ended")

    def end(self):
        for churn in self.churns:
            churn.end()
        self.check()

    def kill(self):
        for churn in self.churns:
            churn.over.set()
        self.sink.kill()
        self.sink.wait()
