# SPDX-License-Identifier: GPL-2.0-only
# For bash, sourced: captures of TCP on lo by "$pidcap" into "$folder", and what their packets say of containers.

captures=()
failed=0

start_capture() { # name, options
    "$pidcap" -i lo -w "$folder/$1.pcapng" "${@:2}" tcp 2>"$folder/$1.said" &
    captures+=($!)
}
wait_for_captures() { # names; 1 if one has ended
    local name capture
    for name in "$@"; do
        until grep -qs 'listening on' "$folder/$name.said"; do
            for capture in "${captures[@]}"; do
                [ -d "/proc/$capture" ] || { cat "$folder"/*.said; return 1; }
            done
            sleep 0.1
        done
    done
}
stop_captures() {
    [ ${#captures[@]} = 0 ] || { kill -INT "${captures[@]}"; wait "${captures[@]}"; }
    captures=()
}
check() { # what, seen, expected
    [ -n "$3" ] && [ "$2" = "$3" ] || { printf '%s: "%s" instead of "%s"\n' "$1" "$2" "$3"; failed=1; }
}
# The comments of a capture's packets, each behind the port that it goes to.
comments() { # name
    tshark -r "$folder/$1.pcapng" -T fields -E separator=' ' -e tcp.dstport -e frame.comment 2>/dev/null
}
containers() { # capture, port: id, name, image, pod and namespace in the comments of packets to this port, once each
    comments "$1" | awk -v port="$2" '$1 == port {
        line = ""
        for (i = 2; i <= NF; ++i)
            if ($i ~ /^(ctr|ctrname|ctrimage|pod|podns)=/) line = line (line == "" ? "" : " ") substr($i, index($i, "=") + 1)
        print line
    }' | sort -u
}
ports() { # capture: of its packets, below 100
    tcpdump -nr "$folder/$1.pcapng" 2>/dev/null | grep -oE '127\.0\.0\.1\.[0-9]{1,2}\b' | sort -u | sed 's/.*\.//' | sort -n | xargs
}
