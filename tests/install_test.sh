#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# install_test.sh BUILD: an installation as packagers make it, below a folder, is complete, and its program runs.
set -euo pipefail
build=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
DESTDIR=$root cmake --install "$build" --prefix /usr >"$root/log" || { cat "$root/log"; exit 1; }
for file in bin/pidcap libexec/pidcap/pidcap-extcap share/man/man8/pidcap.8 share/man/man1/pidcap-read.1 share/man/man7/pidcap-expressions.7 share/bash-completion/completions/pidcap \
            share/zsh/site-functions/_pidcap share/fish/vendor_completions.d/pidcap.fish lib/systemd/system/pidcap.service \
            lib/systemd/system/pidcap@.service lib/sysusers.d/pidcap.conf share/doc/pidcap/pidcap.conf; do
    [ -s "$root/usr/$file" ] || { echo "no /usr/$file; there is:"; find "$root" -type f; exit 1; }
done
"$root/usr/bin/pidcap" --version
