#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# units_test.sh PIDCAP: systemd accepts the units, counts them as confined (an exposure of at most 2.5), and both say
# the same; pidcap takes the sample configuration with each of its lines. The units admit what the capture calls beyond
# @system-service: a call that they don't admit is an error that the capture goes on without, and nobody is told.
set -euo pipefail
pidcap=$(realpath "$1")
cd "$(dirname "$0")/../../systemd"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
fail() {
    echo "$*"
    failed=1
}

# An instance is a plain unit, but for its name.
diff <(sed 's/: %I$//; s,/%i\.conf,/pidcap.conf,; s,/%i$,,; /^# The recorder/d' pidcap@.service) <(
    sed '/^# The recorder/,/^# namespaces/d' pidcap.service) ||
    fail 'pidcap@.service differs from pidcap.service (>)'

for call in bpf perf_event_open pidfd_getfd open_by_handle_at seccomp; do
    grep -qE "^SystemCallFilter=@system-service( [a-z_]+)* $call( |\$)" pidcap.service ||
        fail "pidcap.service: SystemCallFilter doesn't admit $call"
done

# In the file as it is, with each setting that stands in a comment, and in one that is wrong.
"$pidcap" --config pidcap.conf -d tcp >"$folder/said" 2>&1 || fail "the sample: $(cat "$folder/said")"
mapfile -t commented < <(sed -nE 's/^#([a-z-]+ = .*)/\1/p' pidcap.conf)
[ ${#commented[@]} -ge 5 ] || fail 'the sample has no settings in comments'
for setting in "${commented[@]}"; do
    grep -vE '^(filter|interface) ' pidcap.conf >"$folder/a.conf"
    # What belongs to a ring can't be beside files.
    case $setting in
        ring* | trigger* | before* | after*) sed -i 's/^rotate-time .*/ring = 1M/' "$folder/a.conf" ;;
    esac
    [[ $setting == ring* ]] && sed -i '/^ring/d' "$folder/a.conf"
    echo "$setting" >>"$folder/a.conf"
    "$pidcap" --config "$folder/a.conf" -d tcp >"$folder/said" 2>&1 || fail "$setting: $(cat "$folder/said")"
done

if ! type -P systemd-analyze >/dev/null; then
    [ $failed = 0 ] && echo 'skipped: no systemd-analyze' && exit 4
    exit 1
fi
for unit in pidcap.service pidcap@.service; do
    systemd-analyze security --offline=true --threshold=25 "$PWD/$unit" >"$folder/said" 2>&1 ||
        fail "$unit: $(grep -E '^✗|→' "$folder/said")"
    # It looks for the program.
    sed "s,^ExecStart=pidcap,ExecStart=$pidcap," "$unit" >"$folder/${unit/@/@web}"
    said=$(systemd-analyze verify --man=no --recursive-errors=no "$folder/${unit/@/@web}" 2>&1) || fail "$unit: $said"
    [ -z "$said" ] || fail "$unit: $said"
done
exit $failed
