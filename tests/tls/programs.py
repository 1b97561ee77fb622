# SPDX-License-Identifier: GPL-2.0-only
"""Programs with TLS libraries, as servers and as clients. None is asked for a key log of its own: whoever is captured
seldom is. What a program needs beyond its name: how it starts a server, or gets a page."""

import re
import subprocess
import sys
from pathlib import Path

from world import Skip, need, wait_for

VERSIONS = ("1.3", "1.2")
REQUEST = b"GET /page HTTP/1.0\r\nHost: localhost\r\n\r\n"


class Subject:
    name = ""  # as one asks for it
    comm = ""  # the process's name
    versions = VERSIONS

    def __init__(self, world, reference):
        """Raises Skip if the program can't be had here."""
        self.world, self.reference, self.folder = world, reference, world.folder
        self.prepare()

    def prepare(self):
        pass

    def version_command(self):
        """What prints the library's version, if pidcap doesn't tell it."""
        return ["openssl", "version"]

    def library(self, told):
        """What pidcap tells of the library, with its version."""
        if any(letter.isdigit() for letter in told):
            return told
        said = self.world.server.run(self.version_command())
        return f"{told} {re.search(r'[0-9]+([.][0-9]+)+[a-z]?', said)[0]}"


class Server(Subject):
    role = "server"

    def serve(self, port):
        self.world.serve(self.command(port), self.folder / f"{self.name}.log")
        wait_for(lambda: f":{port} " in self.world.server.run("ss -Hltn"), f"{self.name} on port {port}")

    def command(self, port):
        raise NotImplementedError


class Client(Subject):
    role = "client"
    speaks_itself = False  # gets a page by its own; else the request comes by its standard input
    requests = 2  # that one start of it makes; None: it can't be said
    takes = 30  # seconds, at most

    def get(self, port, version):
        client = self.world.client(self.command(port, version), near=True,
                                   stdin=subprocess.DEVNULL if self.speaks_itself else subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        try:
            if not self.speaks_itself:
                client.stdin.write(REQUEST)
                client.stdin.flush()  # at its end some would leave before the answer
            client.wait(self.takes)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            client.kill()
        said = client.communicate()[1]
        if client.returncode != 0:
            raise RuntimeError(f"{self.name} ended with {client.returncode}: {said.decode(errors='replace')[-500:]}")

    def command(self, port, version):
        raise NotImplementedError


class OpensslServer(Server):
    name = comm = "openssl"

    def prepare(self):
        need("openssl")

    def command(self, port):
        return ["env", "-C", self.folder, "openssl", "s_server", "-accept", port, "-cert", self.reference.certificate, "-key", self.reference.key,
                "-quiet", "-HTTP"]


class OpensslClient(Client):
    name = comm = "openssl"
    requests = 1

    def prepare(self):
        need("openssl")

    def command(self, port, version):
        return ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-quiet"]


class Nginx(Server):
    name = comm = "nginx"

    def prepare(self):
        need("nginx")
        (self.folder / "nginx.conf").write_text(f"""
            daemon off; user root; worker_processes 3; pid {self.folder}/nginx.pid; error_log stderr;
            events {{ }}
            http {{
                access_log off;
                ssl_certificate {self.reference.certificate}; ssl_certificate_key {self.reference.key};
                ssl_protocols TLSv1.2 TLSv1.3;
                server {{ listen 127.0.0.1:PORT ssl; return 200 hello; }}
            }}""")

    def command(self, port):
        configuration = self.folder / "nginx.conf"
        configuration.write_text(configuration.read_text().replace("PORT", str(port)))
        return [*need("nginx"), "-p", self.folder, "-c", configuration, "-e", "stderr"]


class Lighttpd(Server):
    """With wolfSSL, whose secrets of TLS 1.3 can't be had."""
    name = comm = "lighttpd"
    versions = ("1.2",)
    MODULES = Path("/usr/lib/lighttpd")

    def prepare(self):
        need("lighttpd")
        if not (self.MODULES / "mod_wolfssl.so").exists():
            raise Skip("lighttpd-mod-wolfssl is not installed")
        (self.folder / "lighttpd").mkdir()
        (self.folder / "lighttpd" / "page").write_text("hello")

    def command(self, port):
        configuration = self.folder / "lighttpd.conf"
        configuration.write_text(f"""
            server.modules = ( "mod_wolfssl" )
            server.document-root = "{self.folder}/lighttpd"
            server.bind = "127.0.0.1"
            server.port = {port}
            ssl.engine = "enable"
            ssl.pemfile = "{self.reference.certificate}"
            ssl.privkey = "{self.reference.key}"
            ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2", "MaxProtocol" => "TLSv1.2")
            mimetype.assign = ( "" => "text/plain" )
        """)
        return [*need("lighttpd"), "-D", "-f", configuration]


class Curl(Client):
    name = comm = "curl"
    speaks_itself = True

    def prepare(self):
        need("curl")

    def command(self, port, version):
        return ["curl", "-sS", "-k", "--http1.1", "--max-time", "20", f"https://127.0.0.1:{port}/page",
                f"https://localhost:{port}/page"]


class Python(Client):
    name = comm = "python3"
    speaks_itself = True
    PROGRAM = """
import http.client, ssl, sys
context = ssl._create_unverified_context()
for _ in range(2):
    connection = http.client.HTTPSConnection("127.0.0.1", int(sys.argv[1]), context=context, timeout=20)
    connection.request("GET", "/page")
    connection.getresponse().read()
    connection.close()
"""

    def command(self, port, version):
        return [sys.executable, "-c", self.PROGRAM, port]


class GnutlsServer(Server):
    name = comm = "gnutls-serv"

    def prepare(self):
        need("gnutls-serv")

    def command(self, port):
        return ["gnutls-serv", "--http", "--quiet", "-p", port, "--x509certfile", self.reference.certificate,
                "--x509keyfile", self.reference.key]


class GnutlsClient(Client):
    name = comm = "gnutls-cli"
    requests = 1

    def prepare(self):
        need("gnutls-cli")

    def command(self, port, version):
        return ["gnutls-cli", "--insecure", "--logfile", "/dev/null", "-p", port, "127.0.0.1"]


class Wget(Client):
    name = comm = "wget"
    speaks_itself = True

    def prepare(self):
        need("wget")

    def command(self, port, version):
        # A connection for each page: the server closes it.
        return ["wget", "-nv", "-O", "/dev/null", "--tries=1", "--no-check-certificate", f"https://127.0.0.1:{port}/page",
                f"https://127.0.0.1:{port}/page"]


class Caddy(Server):
    name = comm = "caddy"

    def prepare(self):
        need("caddy")

    def command(self, port):
        configuration = self.folder / "Caddyfile"
        configuration.write_text(f"{{\n admin off\n auto_https off\n}}\nhttps://127.0.0.1:{port}, "
                                 f"https://localhost:{port} {{\n tls {self.reference.certificate} {self.reference.key}\n "
                                 f"respond hello\n}}\n")
        return ["env", f"HOME={self.folder}", f"XDG_DATA_HOME={self.folder}", f"XDG_CONFIG_HOME={self.folder}", "caddy",
                "run", "--adapter", "caddyfile", "--config", configuration]


class Hey(Client):
    name = comm = "hey"
    speaks_itself = True

    def prepare(self):
        need("hey")

    def command(self, port, version):
        return ["hey", "-n", 2, "-c", 1, "-disable-keepalive", f"https://127.0.0.1:{port}/page"]


class NodeServer(Server):
    name = comm = "node"
    program = "node"
    PROGRAM = """
const fs = require("fs"), [certificate, key, port] = process.argv.slice(1);
require("https").createServer({cert: fs.readFileSync(certificate), key: fs.readFileSync(key)},
                              (_, answer) => answer.end("hello")).listen(+port, "127.0.0.1");
"""

    def prepare(self):
        need(self.program)

    def command(self, port):
        return [self.program, "-e", self.PROGRAM, self.reference.certificate, self.reference.key, port]


class NodeClient(Client):
    name = comm = "node"
    program = "node"
    speaks_itself = True
    PROGRAM = """
const get = left => left && require("https").get({port: +process.argv[1], path: "/page", rejectUnauthorized: false,
    agent: false}, answer => answer.resume().on("close", () => get(left - 1)));
get(2);
"""

    def prepare(self):
        need(self.program)

    def command(self, port, version):
        return [self.program, "-e", self.PROGRAM, port]


INSTALLED = (OpensslServer, OpensslClient, Nginx, Lighttpd, Curl, Python, GnutlsServer, GnutlsClient, Wget, Caddy, Hey, NodeServer,
             NodeClient)
