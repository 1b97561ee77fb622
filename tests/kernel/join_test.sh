#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# join_test.sh PIDCAP: two network namespaces, a capture in each. editcap sets one's clock by a known time, which `pidcap flows --join` has
# to find, beside the processes that were started at each end.
set -uo pipefail
if [ "${2:-}" != inside ]; then
    for program in ip editcap python3 unshare; do
        type -P $program >/dev/null || { echo "skipped: no $program"; exit 4; }
    done
    [ "$(id -u)" = 0 ] || { echo 'skipped: needs root'; exit 4; }
    exec unshare --mount --net "$0" "$(realpath "$1")" inside
fi
pidcap=$1
folder=$(mktemp -d)
started=()
# shellcheck disable=SC2317
cleanup() {
    [ ${#started[@]} = 0 ] || kill "${started[@]}" 2>/dev/null
    rm -rf "$folder"
}
trap cleanup EXIT
mount -t tmpfs tmpfs /run || exit 1  # names of namespaces of our own
ip netns add web && ip netns add db || exit 1
ip link add web netns web type veth peer name db netns db
ip -n web addr add 10.77.0.1/24 dev web
ip -n db addr add 10.77.0.2/24 dev db
ip -n web link set web up && ip -n db link set db up || exit 1

captures=()
for host in web db; do
    ip netns exec $host "$pidcap" -i $host -w "$folder/$host.pcapng" ip 2>"$folder/$host.said" &
    captures+=($!)
    started+=($!)
done
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
said "$folder/web.said" listening
said "$folder/db.said" listening

ip netns exec db python3 -u -c '
import select, socket
stream = socket.create_server(("10.77.0.2", 8080))
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(("10.77.0.2", 9090))
print("ready")
while True:
    for ready in select.select([stream, datagrams], [], [])[0]:
        if ready is stream:
            connection = stream.accept()[0]
            connection.sendall(connection.recv(100) * 100)
            connection.close()
        else:
            data, sender = datagrams.recvfrom(2000)
            datagrams.sendto(b"answer to " + data, sender)
' >"$folder/server.said" &
started+=($!)
server=$!
said "$folder/server.said" ready
ip netns exec web python3 -c '
import socket
for i in range(5):
    with socket.create_connection(("10.77.0.2", 8080)) as connection:
        connection.sendall(b"question")
        while connection.recv(65536):
            pass
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
    datagrams.settimeout(10)
    datagrams.sendto(b"question", ("10.77.0.2", 9090))
    datagrams.recv(2000)
' &
client=$!
wait $client || { echo 'the client failed'; exit 1; }
kill -TERM "${captures[@]}" && wait "${captures[@]}"

editcap -t -86400.125 "$folder/db.pcapng" "$folder/shifted.pcapng" || exit 1
"$pidcap" flows --join --json --host web --host db "$folder/web.pcapng" "$folder/shifted.pcapng" >"$folder/rows" || exit 1
python3 - "$folder/rows" $client $server <<'END'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
client, server = map(int, sys.argv[2:])
problems = []
if sorted(row["protocol"] for row in rows) != ["tcp"] * 5 + ["udp"]:
    problems.append("not five connections and one exchange of datagrams")
for row in rows:
    proof = "sequence numbers" if row["protocol"] == "tcp" else "packets"
    if row["joined_by"] != proof or row["seen_by"] != ["web", "db"]:
        problems.append("joined otherwise")
    if (row["a_host"], row["a_pid"], row["b_host"], row["b_pid"]) != ("web", client, "db", server):
        problems.append(f"other processes than {client} and {server}")
    low, high = row["clock_offset_low_s"], row["clock_offset_high_s"]
    if row["clock_handshakes"] != 5 or not row["clock_agrees"] or not low <= -86400.125 <= high:
        problems.append("the clock isn't where editcap has set it")
print(*problems, *(rows if problems else []), sep="\n")
sys.exit(bool(problems))
END
