# SPDX-License-Identifier: GPL-2.0-only
"""That --tls-plaintext has what programs passed through functions that have no names in their file: NSS's, and those of an
OpenSSL in a stripped program."""

import ctypes
import subprocess
import sys
import time
from collections import defaultdict

from claims import PORT, claim, require
from elsewhere import Firefox
from plaintext import BIG, HOW, Talk, nginx, on_wire, passed, pieces, request, require_both_ends, whole
from world import Skip, need

# A client that calls each function of NSPR by which a program passes bytes: of PR_Recv also the way that leaves them.
NSPR = """
import ctypes, struct, sys
nspr, nss, ssl = (ctypes.CDLL(name) for name in ("libnspr4.so", "libnss3.so", "libssl3.so"))
class Vector(ctypes.Structure):
    _fields_ = [("text", ctypes.c_char_p), ("size", ctypes.c_int)]
accept = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda *_: 0)
pointer, forever, peek = ctypes.c_void_p, ctypes.c_uint(0xffffffff), 2
nspr.PR_OpenTCPSocket.restype = ssl.SSL_ImportFD.restype = pointer
assert nss.NSS_NoDB_Init(None) == 0 and ssl.NSS_SetDomesticPolicy() == 0
socket = pointer(nspr.PR_OpenTCPSocket(2))
socket = pointer(ssl.SSL_ImportFD(None, socket))
assert ssl.SSL_BadCertHook(socket, accept, None) == 0 and ssl.SSL_SetURL(socket, b"localhost") == 0
version = 0x0304 if sys.argv[2] == "1.3" else 0x0303
assert ssl.SSL_VersionRangeSet(socket, struct.pack("<HH", version, version)) == 0
address = struct.pack("<H", 2) + struct.pack(">H", int(sys.argv[1])) + bytes([127, 0, 0, 1]) + bytes(100)
assert nspr.PR_Connect(socket, address, forever) == 0
def checked(count):
    assert count > 0, nspr.PR_GetError()
    return count
buffer = ctypes.create_string_buffer(100_000)
def receive(way):
    if way == 0:
        got = checked(nspr.PR_Read(socket, buffer, len(buffer)))
        return buffer.raw[:got]
    seen = checked(nspr.PR_Recv(socket, buffer, 100, peek, forever))
    text = buffer.raw[:seen]
    got = checked(nspr.PR_Recv(socket, buffer, len(buffer), 0, forever))
    assert buffer.raw[:seen] == text
    return buffer.raw[:got]
for number, line in enumerate(sys.stdin.buffer):
    text = line.strip().replace(b"|", b"\\r\\n")
    if number % 3 == 0:
        sent = nspr.PR_Write(socket, text, len(text))
    elif number % 3 == 1:
        sent = nspr.PR_Send(socket, text, len(text), 0, forever)
    else:
        sent = nspr.PR_Writev(socket, (Vector * 2)(Vector(text[:7], 7), Vector(text[7:], len(text) - 7)), 2, forever)
    assert sent == len(text), nspr.PR_GetError()
    answer = b""
    while b"\\r\\n\\r\\n" not in answer or len(answer.partition(b"\\r\\n\\r\\n")[2]) < int(sys.argv[3]):
        answer += receive(number % 2)
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
"""

# A client with an OpenSSL of its own.
STATIC = """
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int count, char** words) {
    static char line[1000], text[1000], answer[1000000];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    to.sin_port = htons(atoi(words[1]));
    SSL* ssl = SSL_new(SSL_CTX_new(TLS_client_method()));
    int socket_ = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(socket_, (void*)&to, sizeof(to)) || !SSL_set_fd(ssl, socket_) || SSL_connect(ssl) != 1) return 1;
    while (fgets(line, sizeof(line), stdin)) {
        size_t length = 0, got = 0, passed, size = atoi(words[2]);
        for (char* at = line; *at != '\\n'; at++) length += sprintf(text + length, *at == '|' ? "\\r\\n" : "%c", *at);
        if (words[3] ? SSL_write_ex(ssl, text, length, &passed) != 1 : SSL_write(ssl, text, length) != length) return 2;
        for (char* body = NULL; !body || got - (body + 4 - answer) < size; body = strstr(answer, "\\r\\n\\r\\n")) {
            int one = words[3] ? SSL_read_ex(ssl, answer + got, sizeof(answer) - got - 1, &passed)
                               : SSL_read(ssl, answer + got, sizeof(answer) - got - 1);
            if (one <= 0) return 3;
            got += words[3] ? passed : one;
            answer[got] = 0;
        }
        fwrite(answer, 1, got, stdout);
        fflush(stdout);
    }
}
"""


def tstclnt(version):
    need("tstclnt")
    return ["tstclnt", "-D", "-o", "-h", "127.0.0.1", "-p", PORT, "-V", f"tls{version}:tls{version}"], "tstclnt"


for _version in ("1.3", "1.2"):
    claim(f"of an older connection of TLS {_version}, nginx and tstclnt have passed what is recorded")(
        lambda stage, version=_version: require_both_ends(stage, nginx, tstclnt, version))


def static(stage, *words):
    """Skips where there is nothing to link it with."""
    need("cc")
    source, program = stage.folder / "static.c", stage.folder / "static"
    source.write_text(STATIC)
    done = subprocess.run(["cc", "-s", "-o", program, source, "-l:libssl.a", "-l:libcrypto.a", "-lpthread", "-ldl"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Skip(f"no static OpenSSL: {done.stderr[:200]}")
    return [program, PORT, BIG, *words], program.name


for _words, _functions in (((), "SSL_read and SSL_write"), (("ex",), "SSL_read_ex and SSL_write_ex")):
    claim(f"of an older connection, a stripped program with an OpenSSL in it has passed by {_functions} what is recorded")(
        lambda stage, words=_words: require_both_ends(stage, nginx, lambda version: static(stage, *words), "1.3"))


@claim("each way to pass bytes through NSS is recorded once, and a look at them isn't")
def each_way(stage):
    try:
        ctypes.CDLL("libssl3.so")
    except OSError as error:
        raise Skip("no NSS") from error
    nginx(stage, "1.3")
    talk = Talk(stage, [sys.executable, "-c", NSPR, PORT, "1.3", BIG])
    talk.ask(request(b"big") + b"\n", whole)
    recording = stage.record(how=HOW)
    texts, answers = [request(b"big")] * 4, []
    for text in texts:
        answers.append(talk.ask(text + b"\n", whole))
    time.sleep(0.3)
    recording.end()
    talk.end()
    found = pieces(recording.path)
    for direction, wanted in (("sent", on_wire(b"".join(texts))), ("received", b"".join(answers))):
        for who, its in ((talk.pid, direction), ("nginx", "received" if direction == "sent" else "sent")):
            got = passed(found, who, its)
            require(got == wanted, f"{who} {its} {len(got)} bytes, not {len(wanted)}: {got[:200]!r}: {recording.text()}")
    own = [piece for piece in found if piece.pid() == talk.pid]
    require(len({piece.fields["function"] for piece in own}) == 4, "not by four functions")
    require(len({piece.fields["connection"] for piece in own}) == 1, "a connection has several objects")
    require(all(piece.fields["remote"] == ("127.0.0.1", PORT) and piece.fields["fd"] >= 0 for piece in own),
            f"{[piece.fields for piece in own][:5]}")


def by_connection(found, side):
    """What each connection has sent and received, by the port of the client, who is at this side of it."""
    texts = defaultdict(lambda: [b"", b""])
    for piece in found:
        texts[piece.fields[side][1]][piece.fields["direction"] - 1] += piece.data
    return texts


@claim("Firefox has passed what is recorded")
def firefox(stage):
    browser = Firefox(stage.world, stage.reference)
    nginx(stage, "1.3")
    recording = stage.record(how=HOW)
    browser.get(PORT, "1.3")
    time.sleep(0.3)
    recording.end()
    found = pieces(recording.path)
    own = by_connection([piece for piece in found if piece.comm().startswith("firefox")], "local")
    servers = by_connection([piece for piece in found if piece.comm() == "nginx"], "remote")
    require(any(b"GET /page " in sent and b"\r\n\r\n" in received for received, sent in own.values()), recording.text())
    for port, (received, sent) in own.items():
        require([sent, received] == servers[port], f"{port}: {sent[:100]!r} {servers[port][0][:100]!r}: {recording.text()}")
