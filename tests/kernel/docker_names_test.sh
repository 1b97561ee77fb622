#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# docker_names_test.sh PIDCAP [TREE]: containers of Docker, and one that containerd makes for Kubernetes, start while captures run.
# Each packet of theirs names the container, image and pod that `docker inspect` and the Container Runtime Interface do. TREE
# is a folder with another Debian, whose Docker and containerd run instead. As root; 4: they can't be had here.
set -u
pidcap=$(realpath "$1")
for program in curl python3 tshark tcpdump unshare ip chroot; do
    command -v "$program" >/dev/null || { echo "skipped: no $program"; exit 4; }
done
[ "$(id -u)" = 0 ] || { echo 'skipped: needs root'; exit 4; }
[ "${INSIDE:-}" = yes ] || INSIDE=yes exec unshare --mount --net "$0" "$pidcap" "${@:2}"

tree=${2:-}
support=$(dirname "$(realpath "$0")")/../support
. "$support/container_runtimes.sh"
. "$support/named_packets.sh"
folder=$(mktemp -d /tmp/pidcap-names-XXXXXX)
# shellcheck disable=SC2317
finish() {
    stop_captures
    stop_runtimes
    rm -rf "$folder"
}
trap finish EXIT
ip link set lo up
start_runtimes "$folder" || exit
for image in example.org/pause:3 example.org/shop/web:1.2 example.org/store/cart:2.4; do
    make_image "$image" || { echo "skipped: no image can be made"; exit 4; }
done
connect() { # port: what a container runs
    echo ": 2>/dev/null </dev/tcp/127.0.0.1/$1"
}
run() { # name, image, port, options
    docker run --name "$1" --network host "${@:4}" "$2" /bin/bash -c "$(connect "$3"); exit 0" 2>&1
}
run trial example.org/shop/web:1.2 7 >"$folder/said" || { echo "skipped: no container runs here: $(<"$folder/said")"; exit 4; }

start_capture all
start_capture pod --pod 'store/shop-*'
wait_for_captures all pod || exit 1
run web example.org/shop/web:1.2 9
by_id=$(docker images --no-trunc -q example.org/store/cart:2.4)
run cache "$by_id" 11
run k8s_cart_shop-1_store_6a1f_0 "$by_id" 13 "${cri_dockerd_labels[@]}"
run_pod example.org/store/cart:2.4 /bin/bash -c "$(connect 17); exec /bin/sleep 1000" || exit 1
for _ in {1..100}; do
    [ "$(cat "/proc/$(pid_of_task "$container")/comm")" = sleep ] && break  # it has connected
    sleep 0.1
done
bash -c "$(connect 19)"
stop_captures

for named in web:9 cache:11 k8s_cart_shop-1_store_6a1f_0:13; do
    said=$(docker_says "${named%:*}")
    check "the packets of ${named%:*}" "$(containers all "${named##*:}")" "${said%% -*}"
done
check "the packets of a pod of containerd's" "$(containers all 17)" "$container $(cri inspect "$container")"
check "containers of packets outside of containers" "$(comments all | grep -c '^19 .*ctr')" 0
check "ports of all" "$(ports all)" '9 11 13 17 19'
check "ports by pod" "$(ports pod)" '13 17'
exit $failed
