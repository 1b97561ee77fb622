# SPDX-License-Identifier: GPL-2.0-only
"""The other end of a program's connections: OpenSSL's own s_server, and curl, whose key logs are the oracle. Their libssl is
a copy whose labels are spelled otherwise, so that pidcap doesn't know it: what is in the file came from the program."""

import subprocess
import sys
from pathlib import Path

import keys
from world import Skip, need, wait_for

DISGUISE = ((b"_SECRET", b"_5ECRET"), (b"CLIENT_RANDOM", b"CLIENT_R4NDOM"))
VERSIONS = ("1.3", "1.2")


def undisguised(path):
    text = Path(path).read_text() if Path(path).exists() else ""
    for real, other in DISGUISE:
        text = text.replace(other.decode(), real.decode())
    return keys.lines_of(text)


def libssl():
    """This machine's."""
    listed = subprocess.run(["ldd", *need("openssl")], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        if line.split()[0].startswith("libssl.so"):
            return Path(line.split()[2]).resolve(), line.split()[0]
    raise Skip("openssl has no libssl of its own")


class Reference:
    def __init__(self, world):
        need("openssl", "curl")
        self.world, self.folder = world, world.folder
        library, name = libssl()
        data = library.read_bytes()
        for real, other in DISGUISE:
            data = data.replace(real, other)
        (self.folder / "disguised").mkdir()
        (self.folder / "disguised" / name).write_bytes(data)
        self.environment = {"LD_LIBRARY_PATH": str(self.folder / "disguised")}
        self.certificate, self.key = self.folder / "certificate.pem", self.folder / "key.pem"
        self.authority = self.folder / "authority.pem"
        self._certify()
        # What s_server -HTTP sends as it is.
        (self.folder / "page").write_bytes(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        self.certificate.chmod(0o644)
        self.key.chmod(0o644)

    def _certify(self):
        """A certificate for localhost, by an authority of our own."""
        make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        authority_key = self.folder / "authority.key"
        for command in (
                [*make, "-subj", "/CN=authority", "-keyout", authority_key, "-out", self.authority],
                [*make, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                 "-addext", "basicConstraints=critical,CA:FALSE", "-CA", self.authority, "-CAkey", authority_key,
                 "-keyout", self.key, "-out", self.certificate]):
            subprocess.run(command, check=True, capture_output=True)

    def disguised(self, command):
        return ["env", "-C", self.folder, *(f"{name}={value}" for name, value in self.environment.items()), *map(str, command)]

    def serve(self, port, version, *options, answers=True, datagrams=False):
        """A server of this version of TLS only, which answers GET /page, or does nothing but to keep its connection.
        served() has its lines."""
        words = ["openssl", "s_server", "-accept", port, "-cert", self.certificate, "-key", self.key, "-quiet",
                 f"-{'dtls' if datagrams else 'tls'}{version.replace('.', '_')}",
                 "-keylogfile", self.folder / f"server-{port}.keys", *options]
        if answers:
            words.append("-HTTP")
        else:  # at the end of its standard input it would leave
            words = ["sh", "-c", 'sleep infinity | "$@"', "sh", *words]
        self.world.serve(self.disguised(words), self.folder / f"server-{port}.log")
        wait_for(lambda: f":{port} " in self.world.server.run(f"ss -Hln{'u' if datagrams else 't'}"),
                 f"s_server on port {port}")

    def serve_browsers(self, port, version):
        """The same for clients that have several connections at a time, and leave some unused."""
        script = self.folder / "server.py"
        script.write_text("""
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"hello")
class Server(http.server.ThreadingHTTPServer):
    def finish_request(self, request, address):
        super().finish_request(context.wrap_socket(request, server_side=True), address)
    def handle_error(self, request, address):
        pass
port, version, certificate, key, log = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, "TLSv" + version.replace(".", "_"))
context.load_cert_chain(certificate, key)
context.keylog_filename = log
Server(("127.0.0.1", int(port)), Handler).serve_forever()
""")
        self.world.serve(self.disguised([sys.executable, script, port, version, self.certificate, self.key,
                                         self.folder / f"server-{port}.keys"]), self.folder / f"server-{port}.log")
        wait_for(lambda: f":{port} " in self.world.server.run("ss -Hlnt"), f"a server on port {port}")

    def served(self, port):
        return undisguised(self.folder / f"server-{port}.keys")

    def get(self, port, version, path="/page", *options):
        """curl gets a page. asked() has its lines."""
        done = self.world.client(
            self.disguised(["SSLKEYLOGFILE=" + str(self.folder / f"client-{port}-{version}.keys"), "curl", "-sS", "-k",
                            "--http1.1", "--max-time", "20", "-o", "/dev/null", "--tlsv1.2", "--tls-max", version,
                            *options, f"https://127.0.0.1:{port}{path}"]),
            near=True, stderr=subprocess.PIPE)
        said = done.communicate(timeout=30)[1]
        if done.returncode != 0:
            raise RuntimeError(f"curl: {said.decode().strip()}")

    def asked(self, port, version):
        return undisguised(self.folder / f"client-{port}-{version}.keys")
