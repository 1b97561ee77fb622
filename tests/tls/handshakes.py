# SPDX-License-Identifier: GPL-2.0-only
"""The ways in which a connection of TLS may begin and go on."""

import sys
import time

import keys
from claims import PORT, claim, require, require_clear, require_equal
from programs import REQUEST
from reference import undisguised
from world import need


def s_client(stage, *options, text=(REQUEST,), pause=0.0):
    return stage.run(["openssl", "s_client", "-connect", f"127.0.0.1:{PORT}", *options], text, pause)


def resume(stage, version):
    stage.reference.serve(PORT, version)
    recording = stage.record()
    s_client(stage, "-quiet", "-sess_out", "session")
    resumed = s_client(stage, "-ign_eof", "-sess_in", "session")
    require("Reused, TLS" in resumed, resumed)
    recording.end()
    require_equal(recording, stage.reference.served(PORT), 2)
    require_clear(recording, 2)


@claim("a resumed session of TLS 1.3 is in clear")
def resumed_1_3(stage):
    resume(stage, "1.3")


@claim("a resumed session of TLS 1.2 is in clear")
def resumed_1_2(stage):
    resume(stage, "1.2")


@claim("early data of TLS 1.3 is in clear")
def early_data(stage):
    (stage.folder / "early").write_bytes(b"GET /early HTTP/1.0\r\n\r\n")
    stage.reference.serve(PORT, "1.3", "-early_data", answers=False)
    recording = stage.record()
    s_client(stage, "-sess_out", "session", text=(b"one\n", b"Q\n"), pause=0.5)
    said = s_client(stage, "-sess_in", "session", "-early_data", "early", text=(b"two\n", b"Q\n"), pause=0.5)
    require("Early data was accepted" in said, said)
    recording.end()
    lines = stage.reference.served(PORT)
    require(any(line.startswith("CLIENT_EARLY_TRAFFIC_SECRET") for line in lines), f"{lines}")
    require_equal(recording, lines, 2)
    paths = {frame.text for frame in recording.http()}
    require("/early" in paths, f"{paths}")


@claim("what comes behind a KeyUpdate is in clear")
def key_update(stage):
    stage.reference.serve(PORT, "1.3")
    recording = stage.record()
    said = s_client(stage, "-msg", text=(b"K\n", REQUEST), pause=0.5)
    require("KeyUpdate" in said or "KEYUPDATE" in said, said)
    recording.end()
    require_equal(recording, stage.reference.served(PORT), 1)
    require_clear(recording, 1)


@claim("a connection with a HelloRetryRequest is in clear")
def hello_retry(stage):
    stage.reference.serve(PORT, "1.3", "-groups", "P-384")
    recording = stage.record()
    stage.curl()
    recording.end()
    hellos = keys.frames(recording.path, "tls.handshake.type == 1")
    require(len(hellos) == 2, f"no second ClientHello: {hellos}")
    require_equal(recording, stage.reference.served(PORT), 1)
    require_clear(recording, 1)


@claim("a client's certificate is in clear")
def client_certificate(stage):
    stage.reference.serve(PORT, "1.3", "-Verify", "1", "-verify_quiet")
    recording = stage.record()
    s_client(stage, "-ign_eof", "-cert", stage.reference.certificate, "-key", stage.reference.key)
    recording.end()
    require_equal(recording, stage.reference.served(PORT), 1)
    certificates = keys.frames(recording.path, f"tls.handshake.type == 11 && tcp.dstport == {PORT}")
    require(len(certificates) == 1, f"certificates of the client: {certificates}")
    require_clear(recording, 1)


@claim("DTLS 1.2 is in clear")
def dtls(stage):
    stage.reference.serve(PORT, "1.2", answers=False, datagrams=True)
    recording = stage.record()
    s_client(stage, "-dtls1_2", text=(b"text\n", b"Q\n"), pause=1)
    recording.end()
    require_equal(recording, stage.reference.served(PORT), 1)
    # Of what is encrypted tshark shows the alert's text only if it can read it.
    require(keys.frames(recording.path, "dtls.alert_message.desc == 0"), "no close_notify in clear")


CLIENTS = """
import http.client, ssl, sys, threading
context = ssl._create_unverified_context()
context.keylog_filename = sys.argv[2]
together = threading.Barrier(500)
def get():
    connection = http.client.HTTPSConnection("127.0.0.1", int(sys.argv[1]), context=context, timeout=60)
    together.wait()
    connection.request("GET", "/page")
    assert connection.getresponse().read() == b"hello"
threads = [threading.Thread(target=get) for _ in range(500)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@claim("500 connections at once are in clear, and none of their secrets is lost")
def many(stage):
    need("nginx")
    (stage.folder / "nginx.conf").write_text(f"""
        daemon off; user root; worker_processes 2; pid {stage.folder}/nginx.pid; error_log stderr;
        events {{ worker_connections 2000; }}
        http {{
            access_log off; keepalive_timeout 0;
            ssl_certificate {stage.reference.certificate}; ssl_certificate_key {stage.reference.key};
            server {{ listen 127.0.0.1:{PORT} ssl backlog=1024; return 200 hello; }}
        }}""")
    stage.world.serve([*need("nginx"), "-p", stage.folder, "-c", stage.folder / "nginx.conf", "-e", "stderr"],
                      stage.folder / "nginx.log")
    time.sleep(1)
    recording = stage.record(options=("-B", "65536"))
    log = stage.folder / "clients.keys"
    said = stage.run(stage.reference.disguised([sys.executable, "-c", CLIENTS, PORT, log]), seconds=90)
    recording.end()
    require(not said, said)
    require(" 0 dropped" in recording.text(), recording.text())
    require_equal(recording, undisguised(log), 500)
    require_clear(recording, 500)
