# SPDX-License-Identifier: GPL-2.0-only
# Sourced by tests that install into a tree of Debian: what they do there leaves the tree as it was. Sets `root`, and needs `tree`;
# the script is started once more, in mounts of its own.
if [ "${IN_TREE:-}" != yes ]; then
    [ "$(id -u)" = 0 ] || { echo "skipped: a tree of Debian needs root"; exit 4; }
    IN_TREE=yes exec unshare --mount "$0" "$@"
fi
top=$(mktemp -d)
mount -t tmpfs tmpfs "$top"
root=$top/root
mkdir "$root" "$top/upper" "$top/work"
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$top/upper,workdir=$top/work" "$root"
leave_tree() {
    local attempt
    # What was started there may take a moment to end.
    for attempt in {1..20}; do
        umount -R "$top" 2>/dev/null && break
        sleep 0.5
    done
    mountpoint -q "$top" && umount -R "$top"
    rmdir "$top"
}
trap leave_tree EXIT
mount -t proc proc "$root/proc"
cp /etc/resolv.conf "$root/etc/resolv.conf"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

failed=0
fail() {
    echo "$*"
    failed=1
}

# in_tree COMMAND…: there, with this machine's network. quietly: says what it said only if it fails, and ends the test.
in_tree() {
    chroot "$root" "$@"
}
quietly() {
    in_tree "$@" >"$top/log" 2>&1 || { cat "$top/log"; echo "failed: $*"; exit 1; }
}

# beside_lo COMMAND…: there, in a network namespace that has nothing but lo, with /sys and cgroup v2.
beside_lo() {
    unshare --net --mount bash -c '
        root=$1 && shift
        # Every user may ping, as systemd has it.
        ip link set lo up && echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range && mount -t sysfs sysfs "$root/sys" && mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup" &&
            exec chroot "$root" "$@"' - "$root" "$@"
}

# packets FILE: of a file there, the comment of each packet, by this machine's tshark.
packets() {
    tshark -r "$root$1" -T fields -e frame.comment 2>/dev/null
}
