#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# container_names_test.sh PIDCAP: containers of podman that start while captures run. Each packet of theirs names the container
# and the image that podman inspect does, and filters by name and image take their packets alone. As root; 4: podman or a
# container can't be had here.
set -u
pidcap=$(realpath "$1")
for program in podman crun tshark tcpdump unshare ip; do
    command -v "$program" >/dev/null || { echo "skipped: no $program"; exit 4; }
done
[ "$(id -u)" = 0 ] || { echo 'skipped: needs root'; exit 4; }
# The files of podman lie where they always do, but in mounts of our own.
[ "${INSIDE:-}" = yes ] || INSIDE=yes exec unshare --mount --net "$0" "$pidcap"

support=$(dirname "$(realpath "$0")")/../support
. "$support/image_root.sh"
. "$support/named_packets.sh"
folder=$(mktemp -d /tmp/pidcap-names-XXXXXX)
# shellcheck disable=SC2317
finish() {
    stop_captures
    rmdir /sys/fs/cgroup/libpod_parent/conmon /sys/fs/cgroup/libpod_parent 2>/dev/null  # what podman leaves
    rm -rf "$folder"
}
trap finish EXIT
ip link set lo up
mkdir -p /var/lib/containers
mount -t tmpfs tmpfs /var/lib/containers && mount -t tmpfs tmpfs /run || exit 1
# crun refuses a machine that has both versions of cgroups.
umount -l /sys/fs/cgroup 2>/dev/null
mount -t cgroup2 cgroup2 /sys/fs/cgroup
root=$folder/root
make_root "$root" /bin/bash
mkdir "$folder"/{tmp,networks}
printf '[engine]\nlock_type = "file"\n[network]\nnetwork_backend = "cni"\n' >"$folder/containers.conf"
export CONTAINERS_CONF=$folder/containers.conf TMPDIR=$folder
podman() {
    command podman --tmpdir "$folder/tmp" --network-config-dir "$folder/networks" --storage-driver vfs --cgroup-manager cgroupfs \
        --events-backend none --runtime crun "$@"
}
# Privileged, and without a limit of pids: else crun needs rights that this machine may not give.
run() { # name, image, port
    podman run --name "$1" --privileged --pids-limit 0 --pull never --log-driver none --ulimit nofile=1024:1024 \
        --ulimit nproc=1024:1024 --network host "$2" /bin/bash -c ": 2>/dev/null </dev/tcp/127.0.0.1/$3; exit 0" 2>&1
}
images=(example.org/shop/web:1.2 example.org/shop/cache:latest)
for image in "${images[@]}"; do
    tar -C "$root" -c . | podman import --quiet - "$image" >"$folder/said" 2>&1 ||
        { echo "skipped: podman imports nothing: $(<"$folder/said")"; exit 4; }
done
run trial "${images[0]}" 7 >"$folder/said" || { echo "skipped: no container runs here: $(<"$folder/said")"; exit 4; }

start_capture all
start_capture web --container-name 'we?' --image '*/shop/*'
wait_for_captures all web || exit 1
run web "${images[0]}" 9
run cache "${images[1]}" 11
bash -c ': </dev/tcp/127.0.0.1/13' 2>/dev/null
stop_captures

for container in web:9 cache:11; do
    check "the packets of ${container%:*}" "$(containers all "${container#*:}")" \
        "$(podman inspect --format '{{.Id}} {{.Name}} {{.ImageName}}' "${container%:*}")"
done
check "containers of packets outside of containers" "$(comments all | grep -c '^13 .*ctr')" 0
check "ports of all" "$(ports all)" '9 11 13'
check "ports by name and image" "$(ports web)" 9
"$pidcap" extract "$folder/all.pcapng" -w "$folder/cache.pcapng" --image '*/shop/*' --container-name '!web' 2>/dev/null
check "ports by image and not by name, of a file" "$(ports cache)" 11
check "the table of processes" "$("$pidcap" processes --json "$folder/all.pcapng" --process 'container.image = */web:*' |
    grep -o '"container_name":"[^"]*"' | sort -u)" '"container_name":"web"'
exit $failed
