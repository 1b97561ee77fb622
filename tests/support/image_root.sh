# SPDX-License-Identifier: GPL-2.0-only
# For bash, sourced: what a container's image is made of.

# make_root FOLDER PROGRAM…: the programs in /bin, with the libraries that they need, and the user root.
make_root() {
    local root=$1 program library
    mkdir -p "$root"/{bin,etc,run,tmp,proc,sys,dev}
    echo root:x:0:0::/:/bin/sh >"$root/etc/passwd"
    for program in "${@:2}"; do
        cp -L "$program" "$root/bin/"
        for library in $(ldd "$program" | grep -o '/[^ ]*'); do
            mkdir -p "$root/$(dirname "$library")"
            cp -Ln "$library" "$root$library"
        done
    done
}
