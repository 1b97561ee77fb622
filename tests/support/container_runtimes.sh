# SPDX-License-Identifier: GPL-2.0-only
# For bash, sourced in a mount namespace of one's own, as root: starts Docker and containerd (Debian's docker.io, containerd
# and runc) with their state where it always is, but on file systems that end with the namespace. `tree` may name a folder
# with another Debian, whose programs then run.
#
#   start_runtimes FOLDER   FOLDER is for logs and what images are made of. 4 and the reason, if they can't run here.
#   make_image NAME         an image with bash and sleep, known to Docker and to containerd (k8s.io and default).
#   run_pod IMAGE WORD…     a pod with one container; sets `container` and `sandbox`.
#   docker_says NAME        id, name, image, pod and namespace of a container, as `docker inspect` has them; - for none.
#   pid_of_task ID          the first process of a container that containerd runs for Kubernetes.
#   docker, ctr, cri        their clients.
#   stop_runtimes           ends containers and pods, then the servers.

tree=${tree:-}
runtimes=
runtime_servers=()
sandboxes=()
containerd_socket=/run/containerd/containerd.sock
runtime_support=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
. "$runtime_support/image_root.sh"

in_tree() { chroot "${tree:-/}" "$@"; }
docker() { in_tree /usr/bin/docker "$@"; }
ctr() { in_tree /usr/bin/ctr --address "$containerd_socket" "$@"; }
cri() { python3 "$runtime_support/cri.py" "$containerd_socket" "$@"; }

# The servers take no machine that has both versions of cgroups.
mount_runtimes() {
    local folder
    mkdir -p /var/lib/docker /var/lib/containerd
    for folder in /run /var/lib/docker /var/lib/containerd; do
        mount -t tmpfs tmpfs "$folder" || return 1
    done
    umount -l /sys/fs/cgroup 2>/dev/null
    mount -t cgroup2 cgroup2 /sys/fs/cgroup || return 1
    [ -n "$tree" ] || return 0
    mount --bind "$tree" "$tree" || return 1  # Docker takes no root that isn't a mount
    for folder in /dev /proc /sys /run /var/lib/docker /var/lib/containerd "$runtimes"; do
        mkdir -p "$tree$folder"
        mount --rbind "$folder" "$tree$folder" || return 1
    done
}

# containerd gives each container a share of the CPU, which runc can't where version 1 of cgroups has that controller: there
# a container has no limits.
configure_runtimes() {
    local runc=/usr/sbin/runc
    [ -x "$tree$runc" ] || runc=/usr/bin/runc
    if ! grep -qw cpu /sys/fs/cgroup/cgroup.controllers; then
        cat >"$runtimes/runc" <<EOF
#!/usr/bin/python3
import json, os, sys
if "create" in sys.argv:
    path = sys.argv[sys.argv.index("--bundle") + 1] + "/config.json"
    with open(path) as file:
        configuration = json.load(file)
    configuration["linux"].pop("resources", None)
    with open(path, "w") as file:
        json.dump(configuration, file)
os.execv("$runc", ["runc", *sys.argv[1:]])
EOF
        chmod 755 "$runtimes/runc"
        runc=$runtimes/runc
    fi
    cat >"$runtimes/containerd.toml" <<EOF
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "example.org/pause:3"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "$runc"
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "linux"
  snapshotter = "native"
EOF
}

# wait_for_answer COMMAND…: until it succeeds; 4 if a server has ended, or after 15 s.
wait_for_answer() {
    for _ in {1..150}; do
        "$@" >/dev/null 2>&1 && return 0
        kill -0 "${runtime_servers[@]}" 2>/dev/null || break
        sleep 0.1
    done
    echo "skipped: $1 has no answer: $(tail -q -n 1 "$runtimes"/*.log)"
    return 4
}

start_runtimes() {
    local program
    runtimes=$1
    for program in /usr/bin/containerd /usr/bin/ctr /usr/sbin/dockerd /usr/bin/docker; do
        [ -x "$tree$program" ] || { echo "skipped: no $program"; return 4; }
    done
    mount_runtimes || { echo 'skipped: no mounts for container runtimes'; return 4; }
    configure_runtimes
    chroot "${tree:-/}" /usr/bin/containerd --config "$runtimes/containerd.toml" >"$runtimes/containerd.log" 2>&1 &
    runtime_servers+=($!)
    wait_for_answer ctr version || return 4
    chroot "${tree:-/}" /usr/sbin/dockerd --iptables=false --ip6tables=false --bridge=none --storage-driver=vfs --containerd "$containerd_socket" \
        >"$runtimes/dockerd.log" 2>&1 &
    runtime_servers+=($!)
    wait_for_answer docker version
}

make_image() {
    local namespace
    [ -d "$runtimes/root" ] || make_root "$runtimes/root" /bin/bash /bin/sleep
    tar -C "$runtimes/root" -c . | docker import --change "LABEL name=$1" --change 'CMD ["/bin/sleep", "1000"]' - "$1" >/dev/null &&
        docker save "$1" >"$runtimes/image.tar" || return 1
    for namespace in k8s.io default; do
        ctr -n $namespace images import --snapshotter native - <"$runtimes/image.tar" >/dev/null || return 1
    done
}

# What cri-dockerd has Docker run a pod's container with (the kubelet's labels).
cri_dockerd_labels=(--label io.kubernetes.container.name=cart --label io.kubernetes.pod.name=shop-1 --label io.kubernetes.pod.namespace=store)

docker_says() {
    docker inspect --format '{{with .Config.Labels}}{{$.Id}} {{or (index . "io.kubernetes.container.name") (slice $.Name 1)}} {{$.Config.Image}} {{or (index . "io.kubernetes.pod.name") "-"}} {{or (index . "io.kubernetes.pod.namespace") "-"}}{{end}}' "$1"
}

pid_of_task() {
    ctr -n k8s.io tasks ls | awk -v id="$1" '$1 == id {print $2}'
}

run_pod() {
    local made
    made=$(cri run "$@") || return 1
    read -r container sandbox <<<"$made"
    sandboxes+=("$sandbox")
}

# shellcheck disable=SC2317
stop_runtimes() {
    local sandbox server made
    for sandbox in "${sandboxes[@]}"; do
        cri remove "$sandbox"
    done
    for made in $(docker ps -aq 2>/dev/null); do
        docker rm -f "$made" >/dev/null
    done
    for made in $(ctr tasks ls -q 2>/dev/null); do
        ctr tasks rm -f "$made"
    done
    for server in "${runtime_servers[@]}"; do
        kill "$server" && wait "$server"
    done 2>/dev/null
    rmdir /sys/fs/cgroup/{docker,default,kubepods/besteffort/*,kubepods/besteffort,kubepods} 2>/dev/null
}
