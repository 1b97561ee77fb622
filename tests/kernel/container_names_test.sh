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

folder=$(mktemp -d /tmp/pidcap-names-XXXXXX)
captures=()
finish() {
    [ ${#captures[@]} = 0 ] || kill "${captures[@]}" 2>/dev/null
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
mkdir -p "$root"/{bin,etc,run,tmp,proc,sys,dev} "$folder"/{tmp,networks}
echo root:x:0:0::/:/bin/sh >"$root/etc/passwd"
cp -L /bin/bash "$root/bin/"
for library in $(ldd /bin/bash | grep -o '/[^ ]*'); do
    mkdir -p "$root/$(dirname "$library")"
    cp -Ln "$library" "$root$library"
done
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

capture() { # name, options
    "$pidcap" -i lo -w "$folder/$1.pcapng" "${@:2}" tcp 2>"$folder/$1.said" &
    captures+=($!)
}
capture all
capture web --container-name 'we?' --image '*/shop/*'
until grep -q 'listening on' "$folder/all.said" && grep -q 'listening on' "$folder/web.said"; do
    for capture in "${captures[@]}"; do
        [ -d "/proc/$capture" ] || { cat "$folder"/*.said; exit 1; }
    done
    sleep 0.1
done
run web "${images[0]}" 9
run cache "${images[1]}" 11
bash -c ': </dev/tcp/127.0.0.1/13' 2>/dev/null
kill -INT "${captures[@]}"
wait "${captures[@]}"
captures=()

failed=0
check() { # what, seen, expected
    [ -n "$3" ] && [ "$2" = "$3" ] || { printf '%s: "%s" instead of "%s"\n' "$1" "$2" "$3"; failed=1; }
}
names() { # of the containers of the packets to this port
    grep "^$1 " "$folder/comments" | sed -nE 's/.* ctr=([^ ]*).* ctrname=([^ ]*) ctrimage=([^ ]*).*/\1 \2 \3/p' | sort -u
}
ports() { # of the packets of a capture
    tcpdump -nr "$folder/$1.pcapng" 2>/dev/null | grep -oE '127\.0\.0\.1\.[0-9]{1,2}\b' | sort -u | sed 's/.*\.//' | sort -n | xargs
}
tshark -r "$folder/all.pcapng" -T fields -E separator=' ' -e tcp.dstport -e frame.comment >"$folder/comments" 2>/dev/null
for container in web:9 cache:11; do
    check "the packets of ${container%:*}" "$(names "${container#*:}")" \
        "$(podman inspect --format '{{.Id}} {{.Name}} {{.ImageName}}' "${container%:*}")"
done
check "names outside of containers" "$(grep -c '^13 .*ctrname=' "$folder/comments")" 0
check "ports of all" "$(ports all)" '9 11 13'
check "ports by name and image" "$(ports web)" 9
"$pidcap" extract "$folder/all.pcapng" -w "$folder/cache.pcapng" --image '*/shop/*' --container-name '!web' 2>/dev/null
check "ports by image and not by name, of a file" "$(ports cache)" 11
check "the table of processes" "$("$pidcap" processes --json "$folder/all.pcapng" --process 'container.image = */web:*' |
    grep -o '"container_name":"[^"]*"' | sort -u)" '"container_name":"web"'
exit $failed
