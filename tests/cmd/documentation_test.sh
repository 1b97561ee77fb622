#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# documentation_test.sh PIDCAP: the help, the man page and the completions name the same options, and the
# program takes each of them.
set -uo pipefail
pidcap=$(realpath "$1")
cd "$(dirname "$0")/../../docs" || exit 1
failed=0

# check WHERE OPTIONS…: fails if they aren't those of the help.
check() {
    local where=$1 difference
    shift
    difference=$(diff <(printf '%s\n' "${help[@]}") <(printf '%s\n' "$@" | sort -u)) || {
        printf '%s differs from the help (<):\n%s\n' "$where" "$difference"
        failed=1
    }
}

# An item of the help begins with its option, and "-f, --follow" has two.
mapfile -t help < <({ "$pidcap" --help; "$pidcap" doctor --help; "$pidcap" setup-wireshark --help; } |
    sed -nE 's/^  (-.*)/\1/p' |
    awk '{ print $1; if ($1 ~ /,$/) print $2 }' | tr -d , | sort -u)
[ ${#help[@]} -ge 20 ] || { echo "only ${#help[@]} options in the help"; exit 1; }

# mdoc's "Fl -pid" is "--pid". The items only: the synopsis groups flags.
mapfile -t options < <(sed -nE 's/^\.It Fl //p' pidcap.8 | sed 's/ , Fl /\n/g' | sed -E 's/^([^ ]+).*/-\1/')
check 'the man page' "${options[@]}"

# shellcheck disable=SC1091  # it is checked by itself
mapfile -t options < <(
    . completions/pidcap.bash
    COMP_WORDS=(pidcap -) COMP_CWORD=1 && _pidcap && printf '%s\n' "${COMPREPLY[@]}" | grep -vx -- --
    for command in doctor setup-wireshark; do
        COMP_WORDS=(pidcap "$command" -) COMP_CWORD=2 && _pidcap && printf '%s\n' "${COMPREPLY[@]}"
    done)
check 'the bash completion' "${options[@]}"

# '*-i[…', or '(-f --follow)'{-f,--follow}'[…'
mapfile -t options < <(sed -nE "s/^ +'\(-[^)]*\)'\{(.*)\}'\[.*/\1/p; s/^ +'(\*|\([^)]*\))?(-[^[]*)\[.*/\2/p" completions/_pidcap |
    tr , '\n')
check 'the zsh completion' "${options[@]}"

mapfile -t options < <(
    sed -nE 's/^complete .* -s (.)( .*|$)/-\1/p' completions/pidcap.fish
    sed -nE 's/^complete .* -l ([a-z-]+).*/--\1/p' completions/pidcap.fish)
check 'the fish completion' "${options[@]}"

# The first unknown option is the one that is complained about: it has to be the one that follows.
for option in "${help[@]}"; do
    before=()
    value=()
    case $option in
        --json) before=(doctor) ;;
        --remove | --check | --group) before=(setup-wireshark) ;;
    esac
    case $option in
        -[iQwsBcF] | --filter | --pid | --comm | --exe | --cmdline | --uid | --user | --gid | --cgroup | --container | --unit | --tree | \
            --process | --comments | --color | --duration | --group) value=(1) ;;
    esac
    said=$("$pidcap" "${before[@]}" "$option" "${value[@]}" --no-such-option 2>&1)
    status=$?
    [ $status = 0 ] || [[ $said == *"--no-such-option: "* ]] || {
        printf 'the program refuses %s: %s\n' "$option" "$said"
        failed=1
    }
done
exit $failed
