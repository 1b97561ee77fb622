#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# top_test.sh PIDCAP: `pidcap top` on a terminal, which is tmux: keys in, the screen's text out. In a network namespace of its own, with a
# process that has escape sequences for a name.
set -uo pipefail
if [ "${2:-}" != inside ]; then
    type -P tmux >/dev/null || { echo 'skipped: no tmux (scripts/packages test)'; exit 4; }
    exec unshare --net "$0" "$(realpath "$1")" inside
fi
pidcap=$1
folder=$(mktemp -d)
cd "$folder" || exit 1
ip link set lo up
tmux=(tmux -L "pidcap-$$" -f /dev/null)
pings=()
# shellcheck disable=SC2317
cleanup() {
    "${tmux[@]}" kill-server 2>/dev/null
    [ ${#pings[@]} = 0 ] || kill "${pings[@]}" 2>/dev/null
    rm -rf "$folder"
}
trap cleanup EXIT

failed=0
screen() { "${tmux[@]}" capture-pane -p -t top; }
fail() {
    printf '%s\n' "$1"
    screen
    failed=1
}
# shown PATTERN: waits until a line of the screen matches.
shown() {
    local i
    for ((i = 0; i < 600; i++)); do
        ! screen | grep -qE -- "$1" || return 0
        sleep 0.1
    done
    fail "the screen never shows: $1"
}
press() { "${tmux[@]}" send-keys -t top "$@"; }
type_text() { "${tmux[@]}" send-keys -t top -l "$1"; }

# A name that clears the screen, and colours, if a terminal gets it.
hostile=$'\e[2J\e[31mx'
cp "$(type -P ping)" "$hostile"
"./$hostile" -i 0.2 127.0.0.1 >/dev/null &
pings+=($!)
ping -i 0.2 127.0.0.2 >/dev/null &
pings+=($!)

said=$("$pidcap" top </dev/null 2>&1)
status=$?
{ [ $status = 1 ] && [[ $said == *'--once prints a table'* ]]; } || { echo "without a terminal: $status, $said"; failed=1; }
said=$("$pidcap" top --hook tc -i lo --once -d 2 </dev/null | cat)
[[ $said == *PROCESS*'\x1b[2J\x1b[31mx'* ]] || { echo "--once: $said"; failed=1; }

"${tmux[@]}" new-session -d -s top -x 80 -y 24 \
    "echo before; NO_COLOR=1 LC_ALL=C.UTF-8 '$pidcap' top --hook tc -i lo; echo \"status \$?\"; exec sleep 1000"
shown '^ *PID  PROCESS +OUT/s +IN/s +PKT/s +CONV +RETR +RTT +CPU% +MEM'
shown "${pings[0]}"'  \\x1b\[2J'
shown "${pings[1]}  ping"
# Who shows hostile names is nobody.
top=$(pgrep -P "$("${tmux[@]}" display-message -p -t top '#{pane_pid}')" -x pidcap)
if [ "$(id -u)" = 0 ] && [ -z "${SUDO_UID:-}" ]; then
    grep -qE '^Uid:.*\s0(\s|$)' "/proc/$top/status" && fail 'it is still root'
fi
grep -q '^Seccomp:.*2' "/proc/$top/status" || fail 'it has no filter of system calls'
! screen | grep -q COMMAND || fail 'COMMAND has room in 80 columns'
colours=$("${tmux[@]}" capture-pane -e -p -t top | grep -oE $'\e\\[[0-9;]*m' | sed $'s/[\e[m]//g' | tr ';' '\n' | grep -vE '^(0?|1|7|22|27|39|49)$')
[ -z "$colours" ] || fail "colours: $colours"

"${tmux[@]}" resize-window -t top -x 160 -y 50
shown 'PLACE +COMMAND'
shown 'ping -i 0.2 127.0.0.2'
"${tmux[@]}" resize-window -t top -x 80 -y 24
shown 'MEM( +P)?$'

press t
shown 'tree by rate'
press c
shown 'ICMP .* 127\.0\.0\.2'
press r
shown '^127\.0\.0\.2 '
press p
press '?'
shown 'Any key goes back'
press x
press /
type_text 127.0.0.2
shown 'search: 127.0.0.2_'
press Enter
press w
shown '^writing the packets of process '"${pings[1]}"' to pidcap-'
sleep 1
press w
shown '[1-9][0-9]* packets captured, 0 dropped'
file=$(echo pidcap-"${pings[1]}"-*.pcapng)
comments=$(tshark -r "$file" -T fields -e frame.comment 2>/dev/null | grep -c "pid=${pings[1]} ")
packets=$(tshark -r "$file" 2>/dev/null | wc -l)
{ [ "$packets" -gt 0 ] && [ "$comments" = "$packets" ]; } || fail "$file: $packets packets, $comments of them the process's"

press f
type_text "pid = ${pings[0]}"
press Enter
shown "pid = ${pings[0]}"'$'
shown 'processes by rate: 1$'
press f
type_text 'comm ='
press Enter
shown 'comm =: '
press Space
shown FROZEN
press q
shown '^status 0'
shown '^before'
exit $failed
