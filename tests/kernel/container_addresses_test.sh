#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# container_addresses_test.sh PIDCAP: a network namespace, a cgroup and a file of Docker's are all that pidcap knows of a container. With
# --container-addresses tshark and `pidcap flows` show its name for its addresses, and for no address of a container in the host's network;
# so do `pidcap flows` and its records of a running capture.
set -uo pipefail
if [ "${2:-}" != inside ]; then
    for program in ip nsenter python3 tshark unshare; do
        type -P $program >/dev/null || { echo "skipped: no $program"; exit 4; }
    done
    [ "$(id -u)" = 0 ] || { echo 'skipped: needs root'; exit 4; }
    exec unshare --mount --net "$0" "$(realpath "$1")" inside
fi
pidcap=$1
folder=$(mktemp -d)
started=()
groups=()
# shellcheck disable=SC2317
cleanup() {
    [ ${#started[@]} = 0 ] || { kill "${started[@]}"; wait "${started[@]}"; } 2>/dev/null
    [ ${#groups[@]} = 0 ] || rmdir "${groups[@]}" "$parent"
    rm -rf "$folder"
}
trap cleanup EXIT
mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib || exit 1  # our own
umount -l /sys/fs/cgroup 2>/dev/null
mount -t cgroup2 cgroup2 /sys/fs/cgroup || { echo 'skipped: no cgroup v2'; exit 4; }
parent=/sys/fs/cgroup/pidcap-test-$$

# container NAME: a cgroup in `group`, and the file that names it.
container() {
    local id
    id=$(printf '%s' "$1" | sha256sum | cut -d' ' -f1)
    group=$parent/$id
    mkdir -p "$group" "/var/lib/docker/containers/$id"
    groups+=("$group")
    printf '{"ID":"%s","Name":"/%s","Config":{"Image":"example.org/%s"}}' "$id" "$1" "$1" >"/var/lib/docker/containers/$id/config.v2.json"
}
# The server says when it listens, answers each connection, and goes on.
server='
import socket, sys
with open(sys.argv[1] + "/cgroup.procs", "w") as procs:
    procs.write("0")
stream = socket.create_server(("::", 8080), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
while True:
    with stream.accept()[0] as connection:
        connection.sendall(connection.recv(100))
'
# said FILE TEXT: waits for it.
said() {
    local i
    for ((i = 0; i < 300; i++)); do
        ! grep -q "$2" "$1" 2>/dev/null || return 0
        sleep 0.1
    done
    echo "$1 never says: $2"
    exit 1
}

ip netns add inner || exit 1
ip link set lo up
ip link add outer0 type veth peer name eth0 netns inner
ip addr add 10.88.1.1/24 dev outer0 && ip addr add fd00:88::1/64 dev outer0 nodad
ip -n inner addr add 10.88.1.2/24 dev eth0 && ip -n inner addr add fd00:88::2/64 dev eth0 nodad
ip link set outer0 up && ip -n inner link set eth0 up && ip -n inner link set lo up || exit 1

container web
nsenter --net=/run/netns/inner python3 -c "$server" "$group" >"$folder/web.said" &
started+=($!)
container onhost  # in the network of the capture
python3 -c "$server" "$group" >"$folder/onhost.said" &
started+=($!)
said "$folder/web.said" ready
said "$folder/onhost.said" ready
for name in named plain; do
    options=()
    [ $name = plain ] || options=(--container-addresses)
    "$pidcap" -i any -w "$folder/$name.pcapng" "${options[@]}" tcp 2>"$folder/$name.said" &
    captures+=($!)
    started+=($!)
    said "$folder/$name.said" listening
done
for name in table records; do
    options=(--json)
    [ $name = table ] || options=(--records)
    "$pidcap" flows -i any "${options[@]}" tcp >"$folder/$name.json" 2>"$folder/$name.said" &
    captures+=($!)
    started+=($!)
    said "$folder/$name.said" listening
done
talk='
import socket, sys
for address in sys.argv[1:]:
    with socket.create_connection((address, 8080)) as connection:
        connection.sendall(b"x")
        connection.recv(1)
'
python3 -c "$talk" 10.88.1.2 fd00:88::2 10.88.1.1 fd00:88::1 && nsenter --net=/run/netns/inner python3 -c "$talk" 10.88.1.1 || exit 1
kill -TERM "${captures[@]}" && wait "${captures[@]}"

failed=0
# is WHAT EXPECTED SEEN
is() {
    [ "$2" = "$3" ] || { printf '%s: expected\n%s\nbut there is\n%s\n' "$1" "$2" "$3"; failed=1; }
}
# The hosts to which tshark says the connections go, with names from the file alone. It reads the file twice (-2), because a name may stand
# behind the first packets.
targets() {
    tshark -2 -r "$folder/$1.pcapng" -N n -o nameres.use_external_name_resolver:FALSE -Y 'tcp.flags.syn == 1 && tcp.flags.ack == 0' \
        -T fields -e ip.dst_host -e ipv6.dst_host 2>/dev/null | tr -d '\t' | sort
}
is 'tshark, with names' "$(printf '%s\n' 10.88.1.1 10.88.1.1 fd00:88::1 web web)" "$(targets named)"
is 'tshark, without' "$(printf '%s\n' 10.88.1.1 10.88.1.1 10.88.1.2 fd00:88::1 fd00:88::2)" "$(targets plain)"
# names ROWS: the address to which each conversation goes, and its name.
names() {
    python3 -c '
import json, sys
for line in open(sys.argv[1]):
    row = json.loads(line)
    print(row["b_address"], row["dns_name"])' "$1" | sort
}
"$pidcap" flows --json "$folder/named.pcapng" >"$folder/file.json" || failed=1
"$pidcap" flows --records "$folder/named.pcapng" >"$folder/file-records.json" || failed=1
for rows in file table records file-records; do
    is "pidcap flows, $rows" "$(printf '%s\n' '10.88.1.1 None' '10.88.1.1 None' '10.88.1.2 web' 'fd00:88::1 None' 'fd00:88::2 web')" "$(names "$folder/$rows.json")"
done
"$pidcap" extract "$folder/named.pcapng" -w "$folder/part.pcapng" --filter 'host 10.88.1.2' 2>/dev/null
is 'an extract' "$(printf '%s\n' 10.88.1.1 web)" "$(targets part)"
exit $failed
