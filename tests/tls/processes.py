# SPDX-License-Identifier: GPL-2.0-only
"""Whose keys are found: programs that run already or come later, and libraries that aren't where they were."""

import shutil
import subprocess
import sys
import time

import keys
from claims import PORT, claim, require, require_clear, require_equal
from ends import links, programs
from programs import REQUEST
from reference import libssl
from world import need, wait_for


def private_library(stage):
    """A folder with a copy of libssl for LD_LIBRARY_PATH."""
    path, name = libssl()
    folder = stage.folder / "private"
    folder.mkdir()
    shutil.copy(path, folder / name)
    return folder / name


def serve(stage, library, port=PORT):
    stage.world.serve(["env", "-C", stage.folder, f"LD_LIBRARY_PATH={library.parent}", "openssl", "s_server", "-accept",
                       port, "-cert", stage.reference.certificate, "-key", stage.reference.key, "-quiet", "-HTTP"])
    wait_for(lambda: f":{port} " in stage.world.server.run("ss -Hltn"), "s_server")


@claim("a library that was deleted before the capture has its keys in the file")
def deleted(stage):
    library = private_library(stage)
    serve(stage, library)
    library.unlink()
    recording = stage.record()
    stage.reference.get(PORT, "1.3")
    recording.end()
    require_equal(recording, stage.reference.asked(PORT, "1.3"), 1)
    require_clear(recording, 1)


@claim("a library that is upgraded during the capture has its keys in the file, the old one and the new")
def upgraded(stage):
    library = private_library(stage)
    serve(stage, library)
    recording = stage.record()
    new = library.with_suffix(".new")
    shutil.copy(library, new)
    new.rename(library)
    serve(stage, library, PORT + 1)
    time.sleep(1)
    stage.reference.get(PORT, "1.3")
    stage.reference.get(PORT + 1, "1.3")
    recording.end()
    require_equal(recording, stage.reference.asked(PORT, "1.3") | stage.reference.asked(PORT + 1, "1.3"), 2)
    require_clear(recording, 2)


@claim("a library that is overwritten in place loses its probe, which would break its other content")
def overwritten(stage):
    library = private_library(stage)
    serve(stage, library, PORT)
    recording = stage.record()
    stage.reference.get(PORT, "1.3")
    # The same inode with other content: a copy that isn't known as OpenSSL.
    library.write_bytes((stage.folder / "disguised" / library.name).read_bytes())
    time.sleep(1)
    serve(stage, library, PORT + 1)
    stage.reference.get(PORT + 1, "1.3")
    recording.end()
    require_equal(recording, stage.reference.asked(PORT, "1.3"), 1)


# An ELF file with code of 1 TB, which takes no room on a disk.
HUGE = """
import mmap, struct, sys, time
size = 1 << 40
with open(sys.argv[1], "wb") as out:
    out.write(b"\\x7fELF" + bytes([2, 1, 1, 0]) + bytes(8) +
              struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0x1000, 64, 0, 0, 64, 56, 2, 0, 0, 0))
    for flags, at, length in ((4, 0, 0x1000), (5, 0x1000, size - 0x1000)):
        out.write(struct.pack("<IIQQQQQQ", 1, flags, at, at, at, length, length, 0x1000))
    out.write(b"\\0CLIENT_RANDOM\\0SERVER_TRAFFIC_SECRET_0\\0CLIENT_TRAFFIC_SECRET_0\\0EXPORTER_SECRET\\0")
    out.truncate(size)
with open(sys.argv[1], "rb") as file:
    held = mmap.mmap(file.fileno(), 0x4000, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)
print("mapped", flush=True)
time.sleep(300)
"""


@claim("a mapped file without end costs the other programs' keys a few seconds at most")
def huge(stage):
    stage.reference.serve(PORT, "1.3")
    recording = stage.record()
    said = stage.folder / "huge.said"
    stage.world.serve([sys.executable, "-c", HUGE, stage.folder / "huge.so"], said)
    wait_for(lambda: "mapped" in said.read_text(), "a huge file")
    library = private_library(stage)
    time.sleep(6)
    stage.run(["env", "-C", stage.folder, f"LD_LIBRARY_PATH={library.parent}", "curl", "-sSk",
               f"https://127.0.0.1:{PORT}/page"])
    time.sleep(2)
    stage.run(["env", "-C", stage.folder, f"LD_LIBRARY_PATH={library.parent}", "curl", "-sSk",
               f"https://127.0.0.1:{PORT}/page"])
    recording.end()
    randoms = {keys.random_of(line) for line in recording.lines()}
    require(randoms, f"no keys: {recording.text()}")


def small_root(stage):
    """A folder with openssl, and the libraries that it needs, by their names at /. Returns it and the program's name."""
    root = stage.folder / "root"
    program = need("openssl")[0]
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    for path in [program, *(word for line in listed.splitlines() for word in line.split() if word.startswith("/"))]:
        (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, root / path[1:])
    (root / "etc/ssl").mkdir(parents=True)
    return root, program


def once_known(stage, command):
    """Runs a client until it has keys: it may come to its connection before the probe is there, and end before its file
    is open. Then runs it twice more, and returns how many probes came with that."""
    stage.reference.serve(PORT, "1.3")
    stage.reference.serve(PORT + 1, "1.3")
    before = programs()
    recording = stage.record()

    def play(port):
        stage.run(["env", "OPENSSL_CONF=/dev/null", *command, "s_client", "-quiet", "-connect", f"127.0.0.1:{port}"],
                  text=[REQUEST])
        time.sleep(2)

    for _ in range(10):
        play(PORT + 1)
        if recording.lines():
            break
    ours = programs() - before
    probes = len(links(ours))
    play(PORT)
    play(PORT)
    more = len(links(ours)) - probes
    recording.end()
    lines = recording.lines() - stage.reference.served(PORT + 1)
    require(lines == stage.reference.served(PORT) and len(lines) == 8, f"{lines}: {recording.text()}")
    return more


@claim("a program in a chroot that ends at once has its keys in the file, once it is known")
def chrooted(stage):
    require(once_known(stage, ["chroot", *small_root(stage)]) == 0, "it has more probes now")


@claim("a program in a container on an overlay has its keys in the file, once it is known, and one probe for all containers")
def container(stage):
    root, program = small_root(stage)
    for name in ("upper", "work", "merged"):
        (stage.folder / name).mkdir()
    mount = (f"mount -t overlay overlay -o lowerdir={root},upperdir={stage.folder}/upper,workdir={stage.folder}/work "
             f"{stage.folder}/merged")
    # A mount of its own for each run, as containers have.
    more = once_known(stage, ["unshare", "--mount", "--pid", "--fork", "sh", "-c",
                              f'{mount} && exec chroot {stage.folder}/merged "$@"', "sh", program])
    require(more == 0, f"{more} probes more")


@claim("the first connection of a command that is Go has its keys in the file")
def command(stage):
    need("hey")
    stage.reference.serve(PORT, "1.3")
    recording = stage.record(command=["hey", "-n", "1", "-c", "1", f"https://127.0.0.1:{PORT}/page"])
    recording.end()
    require_equal(recording, stage.reference.served(PORT), 1)
    require_clear(recording, 1)


@claim("a program that writes a key log of its own has each line once in the file")
def own_key_log(stage):
    stage.reference.serve(PORT, "1.3")
    log = stage.folder / "own.keys"
    recording = stage.record()
    said = stage.run(["env", f"SSLKEYLOGFILE={log}", "curl", "-sS", "-k", f"https://127.0.0.1:{PORT}/page"])
    require("hello" in said, said)
    recording.end()
    require(keys.key_log(log) == stage.reference.served(PORT), "the oracles differ")
    require_equal(recording, keys.key_log(log), 1)


@claim("a connection that is older than the capture stays closed, and later ones are in clear")
def older(stage):
    stage.reference.serve(PORT, "1.3")
    stage.reference.serve(PORT + 1, "1.3")
    old = stage.world.client(["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{PORT}"], near=True,
                             stdin=subprocess.PIPE)
    wait_for(lambda: stage.reference.served(PORT), "a connection")
    time.sleep(0.5)
    recording = stage.record()
    old.communicate(b"GET /page HTTP/1.0\r\n\r\n", timeout=20)
    stage.curl(PORT + 1)
    recording.end()
    require_equal(recording, stage.reference.served(PORT + 1), 1)
    require_clear(recording, 1)


@claim("without a connection it is said that there was none")
def none(stage):
    recording = stage.record()
    recording.end()
    require("no connection began while this ran" in recording.text(), recording.text())
    require(not recording.lines(), "there are keys")


@claim("the first program that uses an installed library has its keys with its first connection")
def first(stage):
    stage.reference.serve(PORT, "1.3")
    recording = stage.record(options=("--comm", "curl"))
    stage.curl()
    recording.end()
    require_equal(recording, stage.reference.served(PORT), 1)
    require_clear(recording, 1)
