# SPDX-License-Identifier: GPL-2.0-only
"""nginx with three workers, one port for all of them and one with a socket for each; it is a proxy to itself, and is
reloaded all the time. Its access log has the worker."""

import signal
import time

from capture import address
from program import Program
from score import Claim
from world import need

CONFIGURATION = """
daemon off;
worker_processes 3;
user www-data;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    log_format claims '$msec $pid $remote_addr $remote_port $server_port';
    access_log {folder}/access.log claims;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 200;
    upstream itself {{ server 127.0.0.1:8082; keepalive 4; }}
    server {{
        listen 8080;
        listen [::]:8080 ipv6only=on;
        listen 8081 reuseport;
        listen [::]:8081 ipv6only=on reuseport;
        listen 8082;
        root {folder}/www;
        location /proxy/ {{ proxy_pass http://itself/; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    }}
}}
"""


def read_claims(path, pids=None):
    """From an access log. `pids` tells the pid here of one in the log, which may be another namespace's."""
    found = []
    for words in map(str.split, path.read_text().splitlines()):
        if len(words) == 5:
            when, pid, host, client, port = words
            found.append(Claim(float(when), (address(host), int(client)), int(port), pids[int(pid)] if pids else int(pid)))
    return found


def write_files(folder):
    (folder / "www").mkdir(parents=True)
    (folder / "www/small").write_bytes(b"x" * 300)
    (folder / "www/big").write_bytes(b"x" * 400_000)


class Nginx(Program):
    name, ports, comms, own_client = "nginx", (8080, 8081, 8082), ("nginx",), True

    def __init__(self, world):
        super().__init__(world)
        self.nginx, self.ab, self.curl = need("nginx", "ab", "curl")

    def start(self):
        write_files(self.folder)
        (self.folder / "nginx.conf").write_text(CONFIGURATION.format(folder=self.folder))
        self.master = self.started(self.world.serve(
            [self.nginx, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"], self.folder / "out.log"))
        self.wait_for_port(8082, self.master)

    def begin(self, turn):
        return [self.world.client([self.curl, "-s", "--limit-rate", "20k", f"http://10.7.0.1:{port}/big"], near)
                for port in (8080, 8081) for near in (False, True)]

    def play(self, until, turn):
        near, address = self.place(turn)
        host = f"[{address}]" if ":" in address else address
        def url(port, path):
            return f"http://{host}:{port}/{path}"
        def client(*command):
            return self.world.client(command, near)
        while time.monotonic() < until:
            self.together(
                client(self.ab, "-q", "-k", "-c", "6", "-n", "300", url(8080, "small")),
                client(self.ab, "-q", "-c", "4", "-n", "100", url(8081, "small")),
                client(self.ab, "-q", "-c", "3", "-n", "60", url(8080, "proxy/small")),
                client(self.curl, "-s", "-g", *[url(8081, "big"), url(8081, "nothing"), url(8081, "small")] * 3),
                client(self.curl, "-s", "-g", "-I", url(8080, "small")))
            self.master.send_signal(signal.SIGHUP)
            time.sleep(0.3)

    def claims(self):
        return read_claims(self.folder / "access.log")
