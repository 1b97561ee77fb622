# SPDX-License-Identifier: GPL-2.0-only
"""The completion for bash."""
from completion import HEADER, by_name, kind_of

# What completes an argument: words for compgen -W, or what compgen makes itself.
WORDS = {
    "interface": '"any $(cd /sys/class/net && echo *)"',
    "netns": '"all $(cd /run/netns 2>/dev/null && echo *)"',
    "pid": '"$(cd /proc && echo [0-9]*)"',
    "comm": '"$(cat /proc/[0-9]*/comm 2>/dev/null | sort -u)"',
    "cgroup": '"$(sed -n \'s/^0:://p\' /proc/[0-9]*/cgroup 2>/dev/null | sort -u)"',
    "recorder": '"$(cd /run/pidcap 2>/dev/null && for name in *.sock; do echo "${name%.sock}"; done)"',
    "event": '"process socket drop xdp"',
}
ACTIONS = {"user": "-u", "group": "-g", "program": "-c"}


def action(kind, topics):
    """Lines that complete $word as an argument of this kind."""
    if kind.startswith("words "):
        return [f'words="{kind[6:]}"']
    if kind in WORDS:
        return [f"words={WORDS[kind]}"]
    if kind in ("file", "pid-or-file"):
        return ["_pidcap_files", "return"]
    if kind in ACTIONS:
        return [f'mapfile -t COMPREPLY < <(compgen {ACTIONS[kind]} -- "$word")', "return"]
    if kind == "topic":
        return [f'words="{" ".join(topic.name for topic in topics)} $commands"']
    return ["return"]


def value_cases(commands, topics):
    """A case for each kind, with the options whose value it is; "read -w" where commands differ."""
    kinds = {}
    for name, places in by_name(commands).items():
        found = {kind_of(option) for _, option in places}
        for kind in found - {""}:
            patterns = kinds.setdefault(kind, [])
            if found == {kind}:
                patterns.append(f'*" {name}"')
            else:
                patterns += [f'"{command.name} {name}"' for command, option in places if kind_of(option) == kind]
    lines = []
    for kind in sorted(kinds):
        body = "\n            ".join(action(kind, topics))
        lines.append(f"        {' | '.join(sorted(kinds[kind]))})\n            {body}\n            ;;")
    return "\n".join(lines)


def command_cases(commands):
    """What stands where no option wants a value: options, and words."""
    lines = []
    for command in commands:
        options = " ".join(name for option in command.offered for name in option.names)
        lines.append(f'                {command.name or "*"}) words="{options}" ;;')
    return "\n".join(sorted(lines, key=lambda line: line.lstrip().startswith("*)")))


def word_cases(commands, topics):
    kinds = {}
    for command in commands:
        if command.name and command.words:
            kinds.setdefault(command.words, []).append(command.name)
    lines = []
    for kind, names in sorted(kinds.items()):
        body = "\n                    ".join(action(kind, topics))
        lines.append(f"                {' | '.join(names)})\n                    {body}\n                    ;;")
    return "\n".join(lines)


def completion(commands, topics):
    names = [command.name for command in commands if command.name]
    return f'''{HEADER}
# bash completion for pidcap(8). Works with and without the bash-completion package.

_pidcap_files() {{
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
}}

_pidcap() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} command='' words='' i
    local commands="{" ".join(names)}"
    COMPREPLY=()

    # After "--" it is another command's line.
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${{COMP_WORDS[i]}} == -- ]]; then
            if declare -F _command_offset >/dev/null; then
                _command_offset $((i + 1))
            elif ((COMP_CWORD == i + 1)); then
                mapfile -t COMPREPLY < <(compgen -c -- "$word")
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
            fi
            return
        fi
    done

    if ((COMP_CWORD > 1)) && [[ " $commands " == *" ${{COMP_WORDS[1]}} "* ]]; then
        command=${{COMP_WORDS[1]}}
    fi
    case "$command $previous" in
{value_cases(commands, topics)}
        *)
            case $command in
{command_cases(commands)}
            esac
            [[ $command ]] || words+=" --"
            ((COMP_CWORD > 1)) || words+=" $commands"
            if [[ $word != -* ]]; then
                case $command in
{word_cases(commands, topics)}
                esac
            fi
            ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}}
complete -F _pidcap pidcap
'''
