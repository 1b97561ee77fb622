#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# podman_test.sh PIDCAP: a real container, without CAP_SYS_ADMIN, with PID, cgroup and network namespaces of its own. pidcap
# in there names what runs beside it by the container's pids, and is told of a runtime's filter that refuses bpf(2). As
# root; 4: podman or the capture of a container can't be had here.
set -u
pidcap=$(realpath "$1")
for program in podman crun ping unshare; do
    command -v "$program" >/dev/null || { echo "skipped: no $program"; exit 4; }
done
. "$(dirname "$(realpath "$0")")/../support/image_root.sh"
folder=$(mktemp -d /tmp/pidcap-podman-XXXXXX)
trap 'rm -rf "$folder"' EXIT
root=$folder/root
mkdir -p "$folder"/{storage,run,tmp,networks}
printf '[engine]\nlock_type = "file"\n[network]\nnetwork_backend = "cni"\n' >"$folder/containers.conf"
make_root "$root" "$pidcap" /bin/bash "$(command -v ping)" "$(command -v sleep)"
cat >"$root/play" <<'EOF'
export PATH=/bin
: >/tmp/said
pidcap -i lo -w /tmp/a.pcapng -c 2 2>/tmp/said &
capture=$!
until [[ $(</tmp/said) == *listening* ]]; do
    [ -d /proc/$capture ] || { echo "$(</tmp/said)"; exit 3; }
    sleep 0.1
done
ping -c 1 127.0.0.1 >/dev/null &
wait $! && wait $capture || exit 1
echo "expected ping[$!]"
pidcap read /tmp/a.pcapng
EOF

run() {
    # crun refuses a machine that has both versions of cgroups.
    CONTAINERS_CONF=$folder/containers.conf TMPDIR=$folder unshare -m bash -c '
        umount -l /sys/fs/cgroup 2>/dev/null
        mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"' - \
        podman --root "$folder/storage" --runroot "$folder/run" --tmpdir "$folder/tmp" --network-config-dir "$folder/networks" \
        --storage-driver vfs --cgroup-manager cgroupfs --events-backend none --runtime crun run --rm --cgroups disabled \
        --log-driver none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --network none "$@" 2>&1
}
caps=(--cap-add=BPF --cap-add=PERFMON --cap-add=NET_ADMIN --cap-add=DAC_READ_SEARCH --cap-add=SYS_PTRACE --cap-add=NET_RAW)
run --rootfs "$root" /bin/bash -c : >"$folder/said" || { echo "skipped: no container runs here: $(<"$folder/said")"; exit 4; }

failed=0
check() { # what, text, pattern
    [[ $2 == *"$3"* ]] || { printf '%s: no "%s" in:\n%s\n' "$1" "$3" "$2"; failed=1; }
}
said=$(run --security-opt seccomp=unconfined "${caps[@]}" --rootfs "$root" /bin/bash /play)
pid=$(sed -n 's/^expected ping\[\([0-9]*\)\]$/\1/p' <<<"$said")
check "sender" "$said" "Out ping[$pid] -> ICMP"
check "receiver" "$said" "Out -> ping[$pid] ICMP"
# This podman's own filter: lets bpf(2) through, or pidcap says which flag does.
said=$(run "${caps[@]}" --rootfs "$root" /bin/bash /play)
[[ $said == *"Out ping["* ]] || check "with podman's filter" "$said" "--security-opt seccomp=unconfined"
said=$(run --rootfs "$root" /bin/bash /play)
check "without capabilities" "$said" "--cap-add=DAC_READ_SEARCH"
said=$(run --rootfs "$root" /bin/pidcap doctor)
for flag in "podman run --cap-add=BPF" --cap-add=PERFMON --cap-add=NET_ADMIN --cap-add=SYS_PTRACE --pid=host; do
    check "doctor" "$said" "$flag"
done
exit $failed
