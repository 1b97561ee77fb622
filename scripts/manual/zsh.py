# SPDX-License-Identifier: GPL-2.0-only
"""The completion for zsh."""
from completion import HEADER, kind_of

ACTIONS = {
    "text": "", "file": "_files", "interface": "_pidcap_interfaces", "netns": "_pidcap_netns", "pid": "_pids", "comm": "_pidcap_comms",
    "user": "_users", "group": "_groups", "cgroup": "_pidcap_cgroups", "program": "_command_names -e", "recorder": "_pidcap_recorders",
    "event": "(process socket drop xdp)", "pid-or-file": "_pidcap_pids_and_files", "topic": "_pidcap_topics",
}
FUNCTIONS = r"""_pidcap_interfaces() {
    local -a interfaces
    interfaces=(any /sys/class/net/*(N:t))
    compadd -a interfaces
}

_pidcap_netns() {
    local -a namespaces
    namespaces=(all /run/netns/*(N:t))
    compadd -a namespaces
}

_pidcap_comms() {
    local -aU comms
    comms=(${(f)"$(cat /proc/[0-9]*/comm 2>/dev/null)"})
    compadd -a comms
}

_pidcap_cgroups() {
    local -aU cgroups
    cgroups=(${(f)"$(sed -n 's/^0:://p' /proc/[0-9]*/cgroup 2>/dev/null)"})
    compadd -a cgroups
}

_pidcap_recorders() {
    local -a recorders
    recorders=(/run/pidcap/*.sock(N:t:r))
    compadd -a recorders
}

_pidcap_pids_and_files() {
    _alternative 'processes:process:_pids' 'files:file:_files'
}
"""


def quote(text):
    return text.replace("'", "'\\''")


def bracket(text):
    return quote(text.replace("[", "\\[").replace("]", "\\]"))


def value(option):
    """":what:how" of an option with an argument."""
    kind = kind_of(option)
    what = option.argument.split("|")[0].split(":")[0].split("/")[0].split("[")[0].lower()
    if option.is_optional:
        return f"::{what}:{ACTIONS[option.kind]}"
    if not kind:
        return ""
    words = " ".join(word.replace(":", "\\:") for word in option.words)
    return f":{what}:" + (f"({words})" if option.kind == "words" else ACTIONS[option.kind])


def spec(option):
    """The arguments of _arguments about an option."""
    excluded = [] if option.many else option.names * (len(option.names) > 1)
    excluded = [*excluded, *option.excludes]
    front = f"({' '.join(excluded)})" if excluded else "*" if option.many else ""
    behind = f"[{bracket(option.brief)}]{quote(value(option))}"
    if option.is_optional:
        return f"'{front}{option.names[0]}=-{behind}'"
    names = ",".join(option.names).replace("#", "\\#")
    if len(option.names) == 1:
        return f"'{front}{option.names[0]}{behind}'"
    return f"'{front}'{{{names}}}'{behind}'"


def command_case(command):
    specs = [spec(option) for option in command.offered]
    if command.words:
        specs.append(f"'*:{command.words}:{ACTIONS[command.words]}'")
    return f"        {command.name})\n            _arguments \\\n                " + " \\\n                ".join(specs) + "\n            return ;;"


def described(pairs):
    return " ".join(f'{name}\\:"{brief}"' for name, brief in pairs)


def completion(commands, topics):
    capture = commands[0]
    names = [(command.name, quote(command.brief)) for command in commands if command.name]
    topic_names = "\n        ".join(f"'{quote(name)}:{brief}'" for name, brief in [*((t.name, quote(t.brief)) for t in topics), *names])
    cases = "\n".join(command_case(command) for command in commands if command.name)
    own = " \\\n    ".join(spec(option) for option in capture.offered)
    return f'''#compdef pidcap
{HEADER}
# zsh completion for pidcap(8).

{FUNCTIONS}
_pidcap_topics() {{
    local -a topics
    topics=(
        {topic_names}
    )
    _describe topic topics
}}

if (( CURRENT > 2 )); then
    # What is left is the command's line.
    local command=${{words[2]}}
    shift words
    (( CURRENT-- ))
    case $command in
{cases}
    esac
    words=(pidcap $words)
    (( CURRENT++ ))
fi

_arguments -S \\
    {own} \\
    '1::command:(({described(names)}))' \\
    '*:: :_normal'
'''
