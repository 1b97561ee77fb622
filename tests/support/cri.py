# SPDX-License-Identifier: GPL-2.0-only
"""cri.py SOCKET run IMAGE COMMAND…: has a runtime make a pod with one container, as the kubelet does, by the Container Runtime
Interface (k8s.io/cri-api/pkg/apis/runtime/v1/api.proto), and prints the container's and the sandbox's id. The pod is in the
host's network, so no CNI is needed.
cri.py SOCKET inspect ID: prints name, image, pod and namespace of a container, as `crictl inspect` has them.
cri.py SOCKET remove ID: ends and removes the pod of this sandbox.

gRPC is spoken by curl: Debian 12 has no crictl."""

import subprocess
import sys

CALL_SECONDS = "20"
LENGTH_DELIMITED = 2
NODE = 2  # NamespaceMode: the host's
POD = {"name": "shop-7d4b9c-x2x7p", "uid": "6a1f0c52-0d5e-4b8e-9f0e-0f3a4f8f2c11", "namespace": "store"}
CONTAINER = "cart"


def varint(number):
    bits = bytearray()
    while number > 0x7F:
        bits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(bits) + bytes([number])


def message(*fields):
    """Encodes (number, value): a message or text by its length, an integer by itself, a map as its entries."""
    encoded = b""
    for number, value in fields:
        if isinstance(value, dict):
            encoded += message(*((number, message((1, key), (2, text))) for key, text in value.items()))
        elif isinstance(value, int):
            encoded += varint(number << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            encoded += varint(number << 3 | LENGTH_DELIMITED) + varint(len(value)) + value
    return encoded


def fields_of(encoded):
    """Decodes to {number: the last value}; of fields of a fixed length CRI has none here."""
    found, at = {}, 0

    def read():
        nonlocal at
        number, shift = 0, 0
        while True:
            byte = encoded[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while at < len(encoded):
        key = read()
        value = read()
        if key & 7 == LENGTH_DELIMITED:
            value, at = encoded[at:at + value], at + value
        found[key >> 3] = value
    return found


def text_at(fields, *path):
    for number in path[:-1]:
        fields = fields_of(fields[number])
    return fields[path[-1]].decode()


class Runtime:
    def __init__(self, socket):
        self.socket = socket

    def call(self, method, request):
        frame = b"\0" + len(request).to_bytes(4, "big") + request
        done = subprocess.run(
            ["curl", "-sS", "--max-time", CALL_SECONDS, "--http2-prior-knowledge", "--unix-socket", self.socket,
             "-H", "content-type: application/grpc", "--data-binary", "@-", "-D", "/dev/stderr",
             f"http://localhost/runtime.v1.RuntimeService/{method}"], input=frame, capture_output=True, check=False)
        if done.returncode != 0 or len(done.stdout) < 5:
            raise SystemExit(f"{method}: {done.stderr.decode().strip()}")
        return fields_of(done.stdout[5:])

    def run(self, image, command):
        namespaces = message((1, NODE))
        pod = message((1, message(*zip((1, 2, 3), POD.values()))), (3, "/tmp"),
                      (6, self.labels()), (8, message((1, "/kubepods/besteffort/pod" + POD["uid"]),
                                                      (2, message((1, namespaces))))))
        sandbox = self.call("RunPodSandbox", message((1, pod)))[1].decode()
        container = message((1, message((1, CONTAINER))), (2, message((1, image))), *((3, word) for word in command),
                            (9, {**self.labels(), "io.kubernetes.container.name": CONTAINER}),
                            (15, message((2, message((3, namespaces))))))
        made = self.call("CreateContainer", message((1, sandbox), (2, container), (3, pod)))[1].decode()
        self.call("StartContainer", message((1, made)))
        return made, sandbox

    @staticmethod
    def labels():
        """What the kubelet gives each pod (pkg/kubelet/types/labels.go of Kubernetes)."""
        return {f"io.kubernetes.pod.{key}": value for key, value in POD.items()}

    def inspect(self, container):
        status = self.call("ContainerStatus", message((1, container)))
        of_this = message((1, message((1, container))))
        listed = self.call("ListContainers", of_this)
        sandbox = self.call("PodSandboxStatus", message((1, text_at(listed, 1, 2))))
        return text_at(status, 1, 2, 1), text_at(status, 1, 8, 1), text_at(sandbox, 1, 2, 1), text_at(sandbox, 1, 2, 3)

    def remove(self, sandbox):
        self.call("StopPodSandbox", message((1, sandbox)))
        self.call("RemovePodSandbox", message((1, sandbox)))


def main():
    runtime = Runtime(sys.argv[1])
    match sys.argv[2:]:
        case ["run", image, *command]:
            print(*runtime.run(image, command))
        case ["inspect", container]:
            print(*runtime.inspect(container))
        case ["remove", sandbox]:
            runtime.remove(sandbox)
        case _:
            raise SystemExit(__doc__)


main()
