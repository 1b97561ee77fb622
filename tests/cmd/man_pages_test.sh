#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# man_pages_test.sh: mandoc and groff find nothing wrong with a man page; a page of ours that another refers to is there, and has every
# section of a page of a command.
set -uo pipefail
cd "$(dirname "$0")/../../docs/man" || exit 1
for program in mandoc groff; do
    command -v $program >/dev/null || { echo "$program isn't installed"; exit 4; }
done
failed=0

# complain WHAT…: of a page.
complain() {
    printf '%s\n' "$*"
    failed=1
}

for page in *.[178]; do
    # Other packages' pages may be missing on this machine.
    said=$(mandoc -Tlint "$page" 2>&1 | grep -v 'referenced manual not found\|outdated mandoc.db')
    [ -z "$said" ] || complain "$said"
    said=$(groff -ww -mandoc -Tutf8 "$page" 2>&1 >/dev/null)
    [ -z "$said" ] || complain "$said"
    while read -r name section; do
        [ -f "$name.$section" ] || complain "$page refers to $name($section), which isn't there"
    done < <(sed -nE 's/^\.Xr (pidcap[a-z-]*) ([0-9]).*/\1 \2/p; s/^\.It Xr (pidcap[a-z-]*) ([0-9]).*/\1 \2/p' "$page")
    [[ $page == *.7 ]] && continue
    for title in NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
        grep -qx "\.Sh $title" "$page" || complain "$page has no section $title"
    done
done
exit $failed
