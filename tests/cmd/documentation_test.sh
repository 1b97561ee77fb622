#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# documentation_test.sh PIDCAP: the helps of pidcap and of its commands, the man page and the completions name the
# same options, and the program takes each of them.
set -uo pipefail
pidcap=$(realpath "$1")
cd "$(dirname "$0")/../../docs" || exit 1
failed=0

# check WHERE OPTIONS…: fails if they aren't those in `help`.
check() {
    local where=$1 difference
    shift
    difference=$(diff <(printf '%s\n' "${help[@]}" | sort -u) <(printf '%s\n' "$@" | sort -u)) || {
        printf '%s differs from the help (<):\n%s\n' "$where" "$difference"
        failed=1
    }
}

# options_of COMMAND: an item of a help begins with its option, and "-f, --follow" has two.
options_of() {
    "$pidcap" ${1:+"$1"} --help | sed -nE 's/^  (-.*)/\1/p' |
        awk '{ sub(/\[=.*/, "", $1); print $1; if ($1 ~ /,$/) print $2 }' | tr -d , | sort -u
}

# The empty one is a capture.
mapfile -t commands < <(echo; "$pidcap" --help | sed -nE 's/^  pidcap ([a-z][a-z-]*) .*/\1/p')
[ ${#commands[@]} -ge 11 ] || { echo "only these commands in the help: ${commands[*]}"; exit 1; }

# The bash completion and the program, command by command.
all=()
for command in "${commands[@]}"; do
    mapfile -t help < <(options_of "$command")
    # A command that the program doesn't know would show the help of a capture.
    if [ -n "$command" ] && [[ " ${help[*]} " == *" --version "* ]]; then
        echo "the program doesn't know its command $command"
        failed=1
        continue
    fi
    [ ${#help[@]} -ge 3 ] || { echo "only these options in the help of $command: ${help[*]}"; failed=1; }
    all+=("${help[@]}")

    # shellcheck disable=SC1091  # it is checked by itself
    mapfile -t options < <(
        . completions/pidcap.bash
        COMP_WORDS=(pidcap ${command:+"$command"} -)
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) && _pidcap && printf '%s\n' "${COMPREPLY[@]}" | grep -vx -- --)
    check "the bash completion of pidcap $command" "${options[@]}"

    # The unknown option is what is complained about: not the one before it.
    for option in "${help[@]}"; do
        value=()
        case $command:$option in
            top:-[dn] | *:--delay | *:--view | *:-[iQwsBcFoCGWzZry] | *:--linktype | *:--time-stamp-precision | *:--run-as | *:--command-user | *:--mode | *:--config | *:--write | *:--snaplen | *:--direction | *:--count | *:--filter-file | *:--rotate-size | *:--rotate-time | *:--rotate-count | *:--rotate-command | *:--keep-free | *:--ring | *:--trigger | *:--name | *:--note | *:--filter | *:--interface | *:--netns | *:--after | *:--before | *:--pid | *:--comm | *:--exe | *:--cmdline | *:--uid | *:--user | \
                *:--gid | *:--cgroup | *:--container | *:--container-name | *:--image | *:--pod | *:--unit | *:--tree | *:--process | *:--comments | *:--color | *:--duration | \
                *:--btf | *:--group | *:--format | *:--table | *:--split | *:--sort | *:--from | *:--host | *:--partition | *:--max-files | *:--tls-wait | *:--event | *:--sample | \
                *:--idle | *:--active | *:--most-flows | *:--names | *:--to | *:--ipfix | *:--ipfix-enterprise) value=(1) ;;
        esac
        said=$("$pidcap" ${command:+"$command"} "$option" "${value[@]}" --no-such-option 2>&1 </dev/null)
        status=$?
        [ $status = 0 ] || [[ ${said%%$'\n'*} == *"--no-such-option"* ]] || {
            printf 'pidcap %s refuses %s: %s\n' "$command" "$option" "$said"
            failed=1
        }
    done

    grep -q "^\.Nm Cm $command\$\|^\.Cm $command\$" pidcap.8 || [ -z "$command" ] || {
        echo "the man page doesn't name the command $command"
        failed=1
    }
    for file in _pidcap pidcap.fish; do
        grep -q -- "$command" completions/$file || { echo "$file doesn't name the command $command"; failed=1; }
    done
done
help=("${all[@]}")

# mdoc's "Fl -pid" is "--pid". The items only: the synopsis groups flags.
mapfile -t options < <(sed -nE 's/^\.It Fl //p' pidcap.8 | sed 's/ , Fl /\n/g' | sed -E 's/^([^ ]+).*/-\1/')
check 'the man page' "${options[@]}"

# '*-i[…', or '(-f --follow)'{-f,--follow}'[…'
mapfile -t options < <(sed -nE "s/^ +'\(-[^)]*\)'\{(.*)\}'\[.*/\1/p; s/^ +'(\*|\([^)]*\))?(-[^[]*)\[.*/\2/p" completions/_pidcap |
    tr , '\n' | sed 's/=-$//')  # a value only behind "="
check 'the zsh completion' "${options[@]}"

mapfile -t options < <(
    sed -nE 's/^complete .* -s \\?(.)( .*|$)/-\1/p' completions/pidcap.fish
    sed -nE 's/^complete .* -l ([a-z-]+).*/--\1/p' completions/pidcap.fish)
check 'the fish completion' "${options[@]}"
exit $failed
