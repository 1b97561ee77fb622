# SPDX-License-Identifier: GPL-2.0-only
"""That --tls-plaintext has what programs passed, of connections that are older than the capture, and nothing else. The
oracle is what a client wrote and what it read, by its standard input and output, and the file that the server has."""

import os
import re
import select
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import keys
from claims import PORT, claim, require
from reference import libssl
from programs import Caddy, GnutlsServer, NodeServer
from elsewhere import STORE
from world import Skip, need, wait_for

HOW = ("--tls-plaintext",)
BIG = 300_000  # bytes of a file: more than a piece of plaintext, and more than a call passes
TOKEN = b"Token-of-the-older-connection"

PYTHON = """
import socket, ssl, sys
context = ssl._create_unverified_context()
version = getattr(ssl.TLSVersion, "TLSv" + sys.argv[2].replace(".", "_"))
context.minimum_version = context.maximum_version = version
connection = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
while request := sys.stdin.buffer.readline():
    connection.sendall(request.strip().replace(b"|", b"\\r\\n"))
    answer = b""
    while b"\\r\\n\\r\\n" not in answer:
        answer += connection.recv(65536)
    head, _, body = answer.partition(b"\\r\\n\\r\\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\\r\\n") if line.lower().startswith(b"content-length"))
    while len(body) < length:
        body += connection.recv(65536)
    sys.stdout.buffer.write(head + b"\\r\\n\\r\\n" + body)
    sys.stdout.buffer.flush()
"""

NODE = """
const [port, version] = process.argv.slice(1);
const connection = require("tls").connect({port: +port, host: "127.0.0.1", rejectUnauthorized: false,
                                           minVersion: `TLSv${version}`, maxVersion: `TLSv${version}`});
process.stdin.on("data", text => connection.write(text.toString().trim().replaceAll("|", "\\r\\n")));
connection.on("data", bytes => process.stdout.write(bytes));
"""


class Piece(NamedTuple):
    comment: str
    fields: dict  # numbers and addresses as the record has them
    data: bytes

    def comm(self):
        return re.search(r"(?:^| )comm=(\S+)", self.comment)[1]

    def pid(self):
        return int(re.search(r"(?:^| )pid=(\d+)", self.comment)[1])


def address(raw):
    """Of a struct sockaddr; nothing: it isn't known."""
    family, port = struct.unpack_from("<H", raw)[0], struct.unpack_from(">H", raw, 2)[0]
    return (".".join(map(str, raw[4:8])), port) if family == 2 else ("ipv6", port) if family == 10 else None


def pieces(path):
    """The events of a file in their order, by the layout that their interface's description has."""
    found = []
    for layout, comment, payload in keys.tshark(path, "-Y", 'frame.interface_name == "tls:plaintext"', "-T", "fields",
                                                "-e", "frame.interface_description", "-e", "frame.comment",
                                                "-e", "data.data"):
        record, fields, data = bytes.fromhex(payload.replace(":", "")), {}, b""
        require(layout.startswith("pidcap layout 1;"), layout)
        for part in layout.split(";")[1:]:
            name, kind, offset, size = part.split()[:4]
            raw = record[int(offset):int(offset) + int(size)]
            if kind == "dyn":
                at, length = struct.unpack("<HH", raw)
                data = record[at:at + length]
                require(len(data) == length, f"a record ends before its bytes: {payload[:200]}")
            elif kind == "sock":
                fields[name] = address(raw)
            else:
                fields[name] = int.from_bytes(raw, "little", signed=kind == "s")
        found.append(Piece(comment, fields, data))
    return found


def passed(found, who, direction):
    """What the process, or those of this name, sent or received, in the order of time; each call has all of it."""
    text = b""
    for piece in found:
        if who not in (piece.comm(), piece.pid()) or piece.fields["direction"] != (2 if direction == "sent" else 1):
            continue
        require(piece.fields["missing"] == 0 and piece.fields["offset"] + len(piece.data) <= piece.fields["passed"]
                <= piece.fields["asked"], str(piece.fields))
        text += piece.data
    return text


class Talk:
    """A client with a connection that lives: each request is a line, with | for a line's end."""

    def __init__(self, stage, command):
        self.client = stage.world.client(command, near=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL)
        os.set_blocking(self.client.stdout.fileno(), False)
        self.pid = self.client.pid

    def ask(self, text, answered):
        """Returns the answer, which ends where `answered` says so."""
        self.client.stdin.write(text)
        self.client.stdin.flush()
        answer, until = b"", time.monotonic() + 20
        while not answered(answer):
            require(time.monotonic() < until and self.client.poll() is None,
                    f"no answer: {self.client.returncode} {len(answer)} bytes {answer[-300:]!r}")
            if select.select([self.client.stdout], [], [], 0.1)[0]:
                answer += self.client.stdout.read() or b""
        return answer

    def end(self):
        self.client.kill()
        self.client.wait()


def whole(answer):
    """An answer of HTTP with its length."""
    head, gap, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return bool(gap) and length is not None and len(body) >= int(length[1])


def request(path):
    return b"GET /" + path + b" HTTP/1.1|Host: localhost|X-Token: " + TOKEN + b"||"


def on_wire(text):
    return text.replace(b"|", b"\r\n")


def nginx(stage, version):
    folder = stage.folder
    (folder / "big").write_bytes(b"".join(b"%07d\n" % i for i in range(BIG // 8)))
    (folder / "nginx.conf").write_text(f"""
        daemon off; user root; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;
        events {{ }}
        http {{
            access_log off; keepalive_timeout 60;
            ssl_certificate {stage.reference.certificate}; ssl_certificate_key {stage.reference.key};
            ssl_protocols TLSv{version};
            server {{ listen 127.0.0.1:{PORT} ssl; root {folder}; }}
        }}""")
    stage.world.serve([*need("nginx"), "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"], folder / "nginx.log")
    wait_for(lambda: f":{PORT} " in stage.world.server.run("ss -Hltn"), "nginx")
    return "nginx"


def caddy(stage, version):
    if version != "1.3":
        raise Skip("one version is enough")
    (stage.folder / "big").write_bytes(b"".join(b"%07d\n" % i for i in range(BIG // 8)))
    server = Caddy(stage.world, stage.reference)
    command = server.command(PORT)
    configuration = stage.folder / "Caddyfile"
    configuration.write_text(configuration.read_text().replace("respond hello", f"root * {stage.folder}\n file_server"))
    stage.world.serve(command, stage.folder / "caddy.log")
    wait_for(lambda: f":{PORT} " in stage.world.server.run("ss -Hltn"), "caddy")
    return "caddy"


def node(stage, _, size=200_000):
    """It passes an answer in one call."""
    (stage.folder / "big").write_bytes(b"x" * size)
    server = NodeServer(stage.world, stage.reference)
    server.PROGRAM = server.PROGRAM.replace('answer.end("hello")', f'answer.end("x".repeat({size}))')
    server.serve(PORT)
    return "node"


def s_client(version):
    return ["openssl", "s_client", "-connect", f"127.0.0.1:{PORT}", "-quiet", f"-tls{version.replace('.', '_')}"], "openssl"


def python(version):
    return [sys.executable, "-c", PYTHON, PORT, version], Path(sys.executable).name


def node_client(version):
    return ["node", "-e", NODE, PORT, version], "node"


def older(stage, serve, make_client, version):
    """A request before the capture, and one during it, of the same connection."""
    server = serve(stage, version)
    command, client = make_client(version)
    need(command[0])
    talk = Talk(stage, command)
    # These send their input as it is.
    text = on_wire(request(b"big")) if client in ("openssl", "tstclnt") else request(b"big") + b"\n"
    talk.ask(text, whole)
    recording = stage.record(how=HOW)
    answer = talk.ask(text, whole)
    time.sleep(0.3)
    recording.end()
    talk.end()
    body = answer.partition(b"\r\n\r\n")[2]
    require(body == (stage.folder / "big").read_bytes(), f"the oracle: {len(body)} bytes of body")
    return recording, server, talk.pid if server == client else client, on_wire(request(b"big")), answer


def require_both_ends(stage, serve, make_client, version, unbegun_server=False):
    recording, server, client, asked, answer = older(stage, serve, make_client, version)
    found = pieces(recording.path)
    said = recording.text()
    if isinstance(client, int):
        server = next(piece.pid() for piece in found if piece.pid() != client)
    for comm, direction, text in ((client, "sent", asked), (client, "received", answer),
                                  (server, "received", asked), (server, "sent", answer)):
        if comm == server and unbegun_server and direction == "received":
            require(b"were under way at the start" in said.encode(), said)
            continue
        got = passed(found, comm, direction)
        require(got == text, f"{comm} {direction} {len(got)} bytes, not {len(text)}: {got[:200]!r}: {said}")
    for comm, side in ((client, "remote"), (server, "local")):
        if isinstance(comm, int):
            continue  # node moves the bytes itself
        own = [piece for piece in found if piece.comm() == comm]
        require(all(piece.fields[side] == ("127.0.0.1", PORT) and piece.fields["fd"] >= 0 for piece in own),
                f"{comm}: {[piece.fields for piece in own][:5]}")
        require(re.search(rf"TLS plaintext: {re.escape(comm)} \[\d+\], [A-Za-z]+: \d+ bytes sent, \d+ received", said),
                said)
    require(len({piece.fields["connection"] for piece in found}) == 2, "a connection has several objects")


for _version in ("1.3", "1.2"):
    for _serve, _client, _name in ((nginx, s_client, "nginx and s_client"), (nginx, python, "nginx and Python"),
                                   (node, node_client, "two nodes")):
        claim(f"of an older connection of TLS {_version}, {_name} have passed what is recorded")(
            lambda stage, serve=_serve, make_client=_client, version=_version:
            require_both_ends(stage, serve, make_client, version))


@claim("of an older connection, OpenSSL of other suites and machines has passed what is recorded")
def of_trees(stage):
    trees = sorted(path.parent.parent.parent for path in STORE.glob("*/usr/bin/openssl"))
    if not trees:
        raise Skip("no trees of other suites: tests/tls/fetch makes them")
    nginx(stage, "1.3")
    for tree in trees:
        command = ["chroot", tree, "/usr/bin/openssl", "s_client", "-connect", f"127.0.0.1:{PORT}", "-quiet"]
        talk, text = Talk(stage, command), on_wire(request(b"big"))
        talk.ask(text, whole)
        recording = stage.record(name=tree.name, how=HOW)
        answer = talk.ask(text, whole)
        time.sleep(0.3)
        recording.end()
        talk.end()
        found = pieces(recording.path)
        for direction, wanted in (("sent", text), ("received", answer)):
            got = passed(found, talk.pid, direction)
            require(got == wanted, f"{tree.name} {direction} {len(got)} bytes, not {len(wanted)}: {recording.text()}")
        require(all(piece.fields["remote"] == ("127.0.0.1", PORT) for piece in found if piece.pid() == talk.pid),
                f"{tree.name}: its addresses")
        print(f"{tree.name}: equal")


@claim("of a call that passes more than 256 KiB the rest is counted")
def cut(stage):
    recording, *_ = older(stage, lambda stage, version: node(stage, version, BIG), node_client, "1.3")
    sent = [piece for piece in pieces(recording.path) if piece.fields["direction"] == 2 and piece.fields["passed"] > BIG]
    require(len(sent) == 16 and sum(len(piece.data) for piece in sent) == 256 * 1024, str([piece.fields for piece in sent]))
    require([piece.fields["missing"] for piece in sent] == [0] * 15 + [sent[0].fields["passed"] - 256 * 1024],
            str([piece.fields for piece in sent]))
    require(re.search(rf"node .*, {sent[-1].fields['missing']} more left out", recording.text()), recording.text())


@claim("of an older connection, a stripped Go server has passed what is recorded, but for the call that waited")
def go_server(stage):
    require_both_ends(stage, caddy, s_client, "1.3", unbegun_server=True)


@claim("of an older connection, a stripped Go client has passed what is recorded")
def go_client(stage):
    need("hey")
    nginx(stage, "1.3")
    (stage.folder / "page").write_bytes(b"hello, hey")
    client = stage.world.client(["hey", "-n", 20, "-c", 1, "-q", 2, "-H", "X-Token: " + TOKEN.decode(),
                                 f"https://127.0.0.1:{PORT}/page"], near=True)
    time.sleep(1.2)
    require(client.poll() is None, "hey is too fast")
    recording = stage.record(how=HOW)
    client.wait(30)
    time.sleep(0.3)
    recording.end()
    found = pieces(recording.path)
    sent, received = passed(found, "hey", "sent"), passed(found, "hey", "received")
    requests = sent.count(b"GET /page HTTP/1.1\r\n")
    require(requests >= 3 and sent.count(TOKEN) == requests, f"{sent[:500]!r} {recording.text()}")
    require(sent == passed(found, "nginx", "received"), "nginx has received something else")
    # The goroutine that reads may have waited at the start.
    require(passed(found, "nginx", "sent").endswith(received) and received.count(b"hello, hey") >= requests - 1,
            f"{received[:500]!r} {recording.text()}")
    own = [piece for piece in found if piece.comm() == "hey"]
    require(all(piece.fields["remote"] == ("127.0.0.1", PORT) for piece in own), f"{[piece.fields for piece in own][:5]}")


def gnutls(stage, version):
    need("gnutls-serv", "gnutls-cli")
    priority = f"NORMAL:-VERS-ALL:+VERS-TLS{version}"
    server = GnutlsServer(stage.world, stage.reference)
    stage.world.serve(["gnutls-serv", "--echo", "--quiet", "--priority", priority, "-p", PORT, "--x509certfile",
                       stage.reference.certificate, "--x509keyfile", stage.reference.key], stage.folder / "gnutls.log")
    wait_for(lambda: f":{PORT} " in stage.world.server.run("ss -Hltn"), server.name)
    talk = Talk(stage, ["stdbuf", "-o0", "gnutls-cli", "--insecure", "--logfile", "/dev/null", "-p", PORT, "127.0.0.1"])
    talk.ask(b"before\n", lambda answer: b"before\n" in answer)
    recording = stage.record(how=HOW)
    lines = [b"%s %d\n" % (TOKEN, i) for i in range(3)]
    for line in lines:
        talk.ask(line, lambda answer, line=line: line in answer)
    time.sleep(0.3)
    recording.end()
    talk.end()
    found, text = pieces(recording.path), b"".join(lines)
    for comm in ("gnutls-cli", "gnutls-serv"):
        for direction in ("sent", "received"):
            got = passed(found, comm, direction)
            require(got == text, f"{comm} {direction} {got[:300]!r}: {recording.text()}")
        side = "remote" if comm == "gnutls-cli" else "local"
        require(all(piece.fields[side][1] == PORT for piece in found if piece.comm() == comm), f"{found[:3]}")


for _version in ("1.3", "1.2"):
    claim(f"of an older connection of TLS {_version}, gnutls-cli and gnutls-serv have passed what is recorded")(
        lambda stage, version=_version: gnutls(stage, version))


CORKED = """
import ctypes, socket, sys
tls, session, credentials = ctypes.CDLL("libgnutls.so.30"), ctypes.c_void_p(), ctypes.c_void_p()
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
tls.gnutls_init(ctypes.byref(session), 2)
tls.gnutls_set_default_priority(session)
tls.gnutls_certificate_allocate_credentials(ctypes.byref(credentials))
tls.gnutls_credentials_set(session, 1, credentials)
tls.gnutls_transport_set_int2(session, connection.fileno(), connection.fileno())
assert tls.gnutls_handshake(session) == 0
for line in sys.stdin.buffer:
    tls.gnutls_record_cork(session)
    for part in (line[:5], line[5:]):
        assert tls.gnutls_record_send(session, part, ctypes.c_size_t(len(part))) == len(part)
    assert tls.gnutls_record_uncork(session, 1) == len(line)
    room, got = ctypes.create_string_buffer(1000), -28
    while got == -28:  # GNUTLS_E_AGAIN, behind a ticket
        got = tls.gnutls_record_recv(session, room, ctypes.c_size_t(1000))
    sys.stdout.buffer.write(room.raw[:got])
    sys.stdout.buffer.flush()
"""


@claim("what GnuTLS keeps back and sends later is recorded once")
def corked(stage):
    need("gnutls-serv")
    stage.world.serve(["gnutls-serv", "--echo", "--quiet", "-p", PORT, "--x509certfile", stage.reference.certificate,
                       "--x509keyfile", stage.reference.key], stage.folder / "gnutls.log")
    wait_for(lambda: f":{PORT} " in stage.world.server.run("ss -Hltn"), "gnutls-serv")
    talk = Talk(stage, [sys.executable, "-c", CORKED, PORT])
    talk.ask(b"before the capture\n", lambda answer: b"before the capture\n" in answer)
    recording = stage.record(how=HOW)
    text = TOKEN + b"\n"
    talk.ask(text, lambda answer: text in answer)
    time.sleep(0.3)
    recording.end()
    talk.end()
    found = pieces(recording.path)
    for who, direction in ((talk.pid, "sent"), (talk.pid, "received"), ("gnutls-serv", "received"), ("gnutls-serv", "sent")):
        require(passed(found, who, direction) == text, f"{who} {direction} {passed(found, who, direction)!r}")
    require([piece.data for piece in found if piece.pid() == talk.pid][:2] == [text[:5], text[5:]], str(found))
    require(" 0 dropped" in recording.text(), recording.text())


PROXY = """
import select, socket, ssl, sys
port, certificate, key, log = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
listener = socket.create_server(("127.0.0.1", int(port)))
client = context.wrap_socket(listener.accept()[0], server_side=True)
def relay(text, to, name):
    with open(f"{log}-{name}", "ab") as out:
        out.write(text)
    to.sendall(text)
head = b""
while b"\\r\\n\\r\\n" not in head:
    head += client.recv(65536)
with open(f"{log}-received", "wb") as out:
    out.write(head)
server = socket.create_connection(("127.0.0.1", int(head.split()[1].split(b":")[1])))
with open(f"{log}-sent", "wb"):
    pass
relay(b"HTTP/1.1 200 OK\\r\\n\\r\\n", client, "sent")
while True:
    ready = [client] if client.pending() else select.select([client, server], [], [])[0]
    for one in ready:
        text = one.recv(65536)
        if not text:
            sys.exit(0)
        relay(text, *((server, "received") if one is client else (client, "sent")))
"""


@claim("of TLS in TLS, both connections' plaintext is recorded, each once")
def nested(stage):
    nginx(stage, "1.3")
    proxy, log = PORT + 1, stage.folder / "proxy"
    stage.world.serve([sys.executable, "-c", PROXY, proxy, stage.reference.certificate, stage.reference.key, log],
                      stage.folder / "proxy.log")
    wait_for(lambda: f":{proxy} " in stage.world.server.run("ss -Hltn"), "the proxy")
    recording = stage.record(how=HOW)
    said = stage.run(["curl", "-sS", "-k", "--proxy-insecure", "--http1.1", "-x", f"https://127.0.0.1:{proxy}", "-o", "body",
                      f"https://127.0.0.1:{PORT}/big"])
    time.sleep(0.3)
    recording.end()
    body = (stage.folder / "big").read_bytes()
    require((stage.folder / "body").read_bytes() == body, f"the oracle: {said}")
    own = [piece for piece in pieces(recording.path) if piece.comm() == "curl"]
    outer = own[0].fields["connection"]  # it sends CONNECT first
    require(len({piece.fields["connection"] for piece in own}) == 2, "not two connections")
    for direction in ("sent", "received"):
        got = passed([piece for piece in own if piece.fields["connection"] == outer], "curl", direction)
        wanted = Path(f"{log}-{'received' if direction == 'sent' else 'sent'}").read_bytes()
        require(got == wanted[:len(got)] and len(wanted) - len(got) < 100, f"{direction}: {len(got)} of {len(wanted)} bytes")
    inner = [piece for piece in own if piece.fields["connection"] != outer]
    require(passed(inner, "curl", "sent").startswith(b"GET /big HTTP/1.1\r\n") and
            passed(inner, "curl", "received").endswith(b"\r\n\r\n" + body), "what is in the tunnel")
    require({piece.fields["remote"] for piece in own} == {("127.0.0.1", proxy)}, "its address")


@claim("of a process that isn't selected no plaintext is in the file, nor of anyone without --tls-plaintext")
def unselected(stage):
    nginx(stage, "1.3")
    nobody = ["setpriv", "--reuid", 65534, "--regid", 65534, "--clear-groups"]
    talks = [Talk(stage, s_client("1.3")[0]), Talk(stage, [*nobody, *python("1.3")[0]])]
    asked = [on_wire(request(b"page").replace(TOKEN, b"Of-openssl-only")),
             request(b"page").replace(TOKEN, b"Of-python-only") + b"\n"]
    (stage.folder / "page").write_bytes(b"hello")
    for talk, text in zip(talks, asked):
        talk.ask(text, whole)
    recordings = [stage.record(name=options[0], how=HOW, options=options)
                  for options in (("--comm", "openssl"), ("--process", 'uid = 0 and comm = "openssl"'))]
    plain = stage.record(name="plain", how=())
    for talk, text in zip(talks, asked):
        talk.ask(text, whole)
    time.sleep(0.3)
    plain.end()
    for recording in recordings:
        recording.end()
        data = recording.path.read_bytes()
        require(b"Of-openssl-only" in data and b"Of-python-only" not in data, recording.text())
        require({piece.comm() for piece in pieces(recording.path)} == {"openssl"}, "others are in the file")
    data = plain.path.read_bytes()
    require(b"Of-openssl-only" not in data and b"Of-python-only" not in data, "plaintext without the option")


@claim("pidcap extract --without-keys leaves plaintext out, and the file says that it has it")
def handed_on(stage):
    recording, *_ = older(stage, nginx, s_client, "1.3")
    require(recording.path.stat().st_mode & 0o7777 == 0o600, "its mode")
    require("TLS plaintext: what processes pass" in recording.text(), recording.text())
    require(b"what processes pass through TLS libraries" in recording.path.read_bytes(), "nothing is said in the file")
    for options, wanted in (((), True), (("--without-keys",), False), (("--comm", "openssl", "--without-keys"), False)):
        out = stage.folder / "handed-on.pcapng"
        out.unlink(missing_ok=True)
        done = subprocess.run([stage.pidcap, "extract", recording.path, *options, "-w", out], capture_output=True, text=True,
                              timeout=30, check=False)
        require(done.returncode == 0 and (TOKEN in out.read_bytes()) == wanted and bool(pieces(out)) == wanted,
                f"{options}: {done}")


@claim("a file that others may read is refused for plaintext, and stays as it was")
def exposed(stage):
    path = stage.folder / "exposed"
    path.write_text("before")
    path.chmod(0o644)
    done = subprocess.run([stage.pidcap, "-i", "lo", "-c", "1", *HOW, "-w", path], capture_output=True, text=True, timeout=30,
                          check=False)
    require(done.returncode == 1 and "others may read" in done.stderr and path.read_text() == "before", f"{done}")


@claim("keys and plaintext of the same connection are both in the file")
def both(stage):
    stage.reference.serve(PORT, "1.3")
    recording = stage.record(how=("--tls-keys", *HOW))
    for _ in range(3):  # the first may end before its library has probes
        stage.curl()
    recording.end()
    require(len(recording.lines()) >= 4 and b"GET /page" in passed(pieces(recording.path), "curl", "sent"), recording.text())


def cpu_seconds(pid):
    """Of user and system, of the process's threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@claim("a capture of plaintext sleeps when it has heard of a library that it can't use")
def sleeps(stage):
    library = stage.folder / "libjvm.so"  # by its name, Java's
    shutil.copy(libssl()[0], library)
    recording = stage.record(how=HOW)
    stage.world.client(["env", f"LD_PRELOAD={library}", "sleep", "60"], near=True)
    time.sleep(1)
    before = cpu_seconds(recording.process.pid)
    time.sleep(2)
    used = cpu_seconds(recording.process.pid) - before
    recording.end()
    require(used < 0.5, f"{used} s of CPU in 2 s without a packet")
