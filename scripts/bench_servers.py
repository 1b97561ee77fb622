# SPDX-License-Identifier: GPL-2.0-only
"""The real servers of scripts/bench, each with its client. A server stands behind the veth pair (10.7.0.2), its client in
front of it; its files are in a folder of its own, and end() leaves no process behind."""

import re
import shutil
import subprocess
import time
from pathlib import Path

PATIENCE = 60  # seconds, for a server to listen
SECONDS, QUICK_SECONDS = "4", "1"  # that a client asks for


class Server:
    """`needs`: the programs of server and client. `port` is TCP's, or UDP's with `udp`."""
    needs, port, udp = (), 0, False

    def __init__(self, at, folder):
        self.at, self.folder, self.process = at, folder, None

    @classmethod
    def missing(cls):
        """The first program that isn't installed, or None."""
        return next((program for program in cls.needs if not shutil.which(program)), None)

    def command(self):
        """Writes the server's files, and returns the command that runs it in the foreground."""
        raise NotImplementedError

    def fill(self):
        """Puts into it what its client asks for, once it listens."""

    def start(self):
        self.folder.mkdir()
        with (self.folder / "said").open("w") as said:
            self.process = subprocess.Popen(self.at.inside([str(word) for word in self.command()]),
                                            stdout=said, stderr=said)
        sockets = "ss -Hlun" if self.udp else "ss -Hltn"
        until = time.monotonic() + PATIENCE
        while f":{self.port} " not in self.at.run(sockets):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self.needs[0]}: {(self.folder / 'said').read_text(errors='replace')}")
            time.sleep(0.05)
        self.fill()

    def end(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Nginx(Server):
    """A worker for each CPU, and a file of 1,000 bytes."""
    needs, port, tls = ("nginx", "wrk"), 9080, ""

    def command(self):
        (self.folder / "page").write_bytes(b"x" * 1000)
        temporary = "".join(f"{name}_temp_path {self.folder}/{name}; "
                            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(
            f"daemon off; user root; worker_processes auto; pid {self.folder}/pid; error_log {self.folder}/error;\n"
            f"events {{ worker_connections 4096; }}\n"
            f"http {{ access_log off; sendfile on; keepalive_requests 1000000000; {temporary}\n"
            f"server {{ listen {self.port}{' ssl' if self.tls else ''}; {self.tls} root {self.folder}; }} }}\n")
        return ["nginx", "-c", self.folder / "nginx.conf", "-e", self.folder / "error"]


class NginxTls(Nginx):
    """The same by TLS 1.3, with a key of an elliptic curve and without resumption: each connection is a whole handshake."""
    needs, port = ("nginx", "wrk", "openssl"), 9443

    def command(self):
        key, certificate = self.folder / "key", self.folder / "certificate"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=bench"],
                       check=True, capture_output=True)
        self.tls = (f"ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_session_tickets off; "
                    f"ssl_session_cache off; ssl_protocols TLSv1.3;")
        return super().command()


class Redis(Server):
    needs, port = ("redis-server", "redis-benchmark"), 9379

    def command(self):
        return ["redis-server", "--port", self.port, "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "",
                "--dir", self.folder]


class Postgres(Server):
    """A process for each connection; 1,000,000 rows in memory."""
    needs, port = ("setpriv",), 9432

    @staticmethod
    def folder_of_programs():
        folders = [path.parent for path in Path("/usr/lib/postgresql").glob("[0-9]*/bin/pgbench")]
        return max(folders, key=lambda path: int(path.parts[4]), default=None)

    @classmethod
    def missing(cls):
        return super().missing() or (None if cls.folder_of_programs() else "pgbench")

    def as_postgres(self, *words):
        return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--", *words]

    def command(self):
        programs, data = self.folder_of_programs(), self.folder / "data"
        data.mkdir()
        shutil.chown(data, "postgres", "postgres")
        subprocess.run(self.as_postgres(programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-N",
                                        "--no-instructions"), check=True, capture_output=True)
        (data / "pg_hba.conf").write_text("host all all all trust\n")
        settings = {"listen_addresses": "*", "port": self.port, "unix_socket_directories": "", "fsync": "off",
                    "shared_buffers": "256MB", "autovacuum": "off", "dynamic_shared_memory_type": "mmap"}
        return self.as_postgres(programs / "postgres", "-D", data,
                                *[word for name, value in settings.items() for word in ("-c", f"{name}={value}")])

    def fill(self):
        subprocess.run(self.at.inside([str(self.folder_of_programs() / "pgbench"), "-h", "10.7.0.2", "-p",
                                       str(self.port), "-U", "postgres", "-i", "-s", "10", "-q", "postgres"]),
                       check=True, capture_output=True)


class Nsd(Server):
    """A zone with a name in it."""
    needs, port, udp = ("nsd", "dnsperf"), 9053, True

    def command(self):
        (self.folder / "zone").write_text("@ 60 IN SOA ns.bench. root.bench. 1 60 60 60 60\n@ 60 IN NS ns.bench.\n"
                                          "ns 60 IN A 10.7.0.2\nwww 60 IN A 10.7.0.3\n")
        (self.folder / "queries").write_text("www.bench A\n")
        (self.folder / "nsd.conf").write_text(
            f"server:\n ip-address: 10.7.0.2@{self.port}\n username: \"\"\n database: \"\"\n zonesdir: \"{self.folder}\"\n"
            f" pidfile: \"{self.folder}/pid\"\n zonelistfile: \"{self.folder}/list\"\n xfrdfile: \"{self.folder}/xfrd\"\n"
            f" xfrdir: \"{self.folder}\"\n server-count: 1\n rrl-ratelimit: 0\nremote-control:\n control-enable: no\n"
            "zone:\n name: \"bench\"\n zonefile: \"zone\"\n")
        return ["nsd", "-d", "-c", self.folder / "nsd.conf"]


class Client:
    """What is asked of a server: `command` (ADDRESS and FOLDER stand for the server's), and where its output says how
    many a second it were."""

    def __init__(self, name, server, command, rate):
        self.name, self.server, self.command, self.rate = name, server, command, re.compile(rate)


def clients(quick):
    seconds = QUICK_SECONDS if quick else SECONDS
    wrk = ["wrk", "-t", "1", "-c", "32", "-d", seconds]
    page = f"http://ADDRESS:{Nginx.port}/page"
    secret_page = f"https://ADDRESS:{NginxTls.port}/page"
    pgbench = str((Postgres.folder_of_programs() or Path()) / "pgbench")
    all_clients = [
        Client("nginx", Nginx, wrk + [page], r"Requests/sec:\s+([\d.]+)"),
        Client("nginx-close", Nginx, wrk + ["-H", "Connection: close", page], r"Requests/sec:\s+([\d.]+)"),
        Client("tls", NginxTls, wrk + [secret_page], r"Requests/sec:\s+([\d.]+)"),
        Client("tls-close", NginxTls, wrk + ["-H", "Connection: close", secret_page], r"Requests/sec:\s+([\d.]+)"),
        Client("redis", Redis, ["redis-benchmark", "-h", "ADDRESS", "-p", str(Redis.port), "-t", "get", "-P", "16",
                                "-c", "32", "-n", "400000" if quick else "2000000", "--csv"], r'"GET","([\d.]+)"'),
        Client("pgbench", Postgres, [pgbench, "-h", "ADDRESS", "-p", str(Postgres.port), "-U", "postgres", "-n", "-S",
                                     "-c", "8", "-T", seconds, "postgres"], r"tps = ([\d.]+)"),
        Client("dns", Nsd, ["dnsperf", "-s", "ADDRESS", "-p", str(Nsd.port), "-d", "FOLDER/queries", "-l", seconds,
                            "-c", "8"], r"Queries per second:\s+([\d.]+)"),
    ]
    return [client for client in all_clients if not quick or not client.name.endswith("-close")]
