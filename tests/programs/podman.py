# SPDX-License-Identifier: GPL-2.0-only
"""Two containers of podman's with nginx: one in the server's network namespace, one behind a bridge with a published
port. The image is made of this machine's nginx. Its log has pids of the container's pid namespace; the kernel tells which
they are here."""

import re
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

from nginx import read_claims, write_files
from program import Program
from world import Skip, need, wait_for

CONFIGURATION = """
daemon off;
worker_processes 2;
user root;
pid /run/nginx.pid;
error_log /data/error-{port}.log;
events {{ worker_connections 512; }}
http {{
    log_format claims '$msec $pid $remote_addr $remote_port $server_port';
    access_log /data/access-{port}.log claims;
    client_body_temp_path /data/temporary;
    proxy_temp_path /data/temporary;
    fastcgi_temp_path /data/temporary;
    uwsgi_temp_path /data/temporary;
    scgi_temp_path /data/temporary;
    server {{ listen {port}; root /data/www; }}
}}
"""
SHARED, INSIDE, PUBLISHED = 8080, 80, 8090


class Podman(Program):
    name, ports, comms = "podman", (SHARED, INSIDE, PUBLISHED), ("nginx",)

    def __init__(self, world):
        super().__init__(world)
        self.podman, self.nginx, self.ab, self.curl, *_ = need("podman", "nginx", "ab", "curl", "crun", "ldd", "tar")
        self.pids = {SHARED: {}, INSIDE: {}}  # by port of a container's nginx: pid in the container to pid here

    def run(self, *words):
        """podman in the server's namespaces, with all of its state in our folder."""
        state = self.folder / "podman"
        return self.world.server.run([
            "env", f"CONTAINERS_CONF={state}/containers.conf", f"TMPDIR={state}",
            self.podman, "--root", state / "storage", "--runroot", state / "run", "--tmpdir", state / "tmp",
            "--network-config-dir", state / "networks", "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs",
            "--events-backend", "none", "--runtime", "crun", *words])

    def image(self):
        """A tar file with nginx and the libraries that it needs."""
        needed = subprocess.run(["ldd", self.nginx], check=True, capture_output=True, text=True).stdout
        files = [self.nginx, *re.findall(r"(/\S+) \(0x", needed)]
        root = self.folder / "root"
        for folder in ("etc", "run", "data", "var/log/nginx", "var/lib/nginx"):
            (root / folder).mkdir(parents=True)
        (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
        (root / "etc/group").write_text("root:x:0:\n")
        for file in files:
            target = root / file.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(Path(file).resolve().read_bytes())
            target.chmod(0o755)
        subprocess.run(["tar", "-C", str(root), "-cf", str(self.folder / "image.tar"), "."], check=True)
        return self.folder / "image.tar"

    def start(self):
        state = self.folder / "podman"
        for folder in ("networks", "tmp"):
            (state / folder).mkdir(parents=True)
        (state / "containers.conf").write_text('[engine]\nlock_type = "file"\n[network]\nnetwork_backend = "cni"\n')
        write_files(self.folder)
        for folder in ("/var/lib/cni", "/var/lib/containers"):
            if Path(folder).exists():
                self.world.server.run(f"mount -t tmpfs tmpfs {folder}")
        # crun refuses a machine that has both versions of cgroups.
        self.world.server.run("mount -t cgroup2 cgroup2 /sys/fs/cgroup")
        self.run("import", "--quiet", self.image(), "pidcap-nginx")
        for port, network in ((SHARED, ["--network", "host"]),
                              (INSIDE, ["--network", "podman", "-p", f"{PUBLISHED}:{INSIDE}"])):
            (self.folder / f"nginx-{port}.conf").write_text(CONFIGURATION.format(port=port))
            try:
                self.run("run", "--detach", "--name", f"nginx-{port}", "--cgroups", "disabled", "--log-driver", "none",
                         "--pull", "never", "--ulimit", "nofile=1024:1024",
                         "--ulimit", "nproc=1024:1024", *network, "-v", f"{self.folder}:/data", "pidcap-nginx",
                         self.nginx, "-c", f"/data/nginx-{port}.conf", "-e", f"/data/error-{port}.log")
            except RuntimeError as error:
                raise Skip(f"no container runs here: {error}") from error
            pid = int(self.run("inspect", "--format", "{{.State.Pid}}", f"nginx-{port}"))
            self.masters.append(SimpleNamespace(pid=pid, port=port))
            wait_for(lambda: len(self.world.descendants(pid)) == 2, "nginx in a container")

    def watch(self):
        super().watch()
        for master in self.masters:
            for pid in (master.pid, *self.world.descendants(master.pid)):
                try:
                    status = Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    continue  # it has ended
                self.pids[master.port][int(re.search(r"^NSpid:.*\s(\d+)$", status, re.MULTILINE)[1])] = pid

    def begin(self, turn):
        return [self.world.client([self.curl, "-s", "--limit-rate", "20k", f"http://10.7.0.1:{port}/big"])
                for port in (SHARED, PUBLISHED)]

    def play(self, until, turn):
        near, _ = self.place(turn)
        def url(port, path):
            return f"http://{'127.0.0.1' if near else self.world.ADDRESSES[0]}:{port}/{path}"
        def client(*command):
            return self.world.client(command, near)
        # What comes to the published port from beside the server has another address when it arrives.
        ports = (SHARED,) if near else (SHARED, PUBLISHED)
        while time.monotonic() < until:
            clients = []
            for port in ports:
                clients += [client(self.ab, "-q", "-k", "-c", "4", "-n", "200", url(port, "small")),
                            client(self.ab, "-q", "-c", "3", "-n", "60", url(port, "small")),
                            client(self.curl, "-s", *[url(port, "big"), url(port, "nothing")] * 3)]
            self.together(*clients)
            self.reload()
            time.sleep(0.3)

    def reload(self):
        for master in self.masters:
            self.run("kill", "--signal", "HUP", f"nginx-{master.port}")

    def claims(self):
        found = read_claims(self.folder / f"access-{SHARED}.log", self.pids[SHARED])
        for claim in read_claims(self.folder / f"access-{INSIDE}.log", self.pids[INSIDE]):
            found += [claim, type(claim)(claim.time, claim.client, PUBLISHED, claim.pid)]
        return found
