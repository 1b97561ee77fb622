# SPDX-License-Identifier: GPL-2.0-only
"""The completion for fish."""
from completion import HEADER, kind_of

ACTIONS = {
    "text": "-x", "file": "-r -F", "interface": "-x -a 'any (path basename /sys/class/net/*)'",
    "netns": "-x -a 'all (path basename /run/netns/*)'", "pid": "-x -a '(__fish_complete_pids)'",
    "comm": "-x -a '(cat /proc/[0-9]*/comm 2>/dev/null | sort -u)'", "user": "-x -a '(__fish_complete_users)'",
    "group": "-x -a '(__fish_complete_groups)'", "cgroup": "-x -a '(sed -n s/^0:://p /proc/[0-9]*/cgroup 2>/dev/null | sort -u)'",
    "program": "-x -a '(__fish_complete_command)'", "recorder": "-x -a '(path basename -E /run/pidcap/*.sock)'",
    "event": "-x -a 'process socket drop xdp'",
}
WORDS = {"file": ["-F"], "pid-or-file": ["-F", "-a '(__fish_complete_pids)'"], "recorder": ["-a '(path basename -E /run/pidcap/*.sock)'"]}


def quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def capital(text):
    return text[0].upper() + text[1:] if text[1:2].islower() and not text.startswith("pidcap") else text


def option_line(option):
    """The arguments of `complete` about an option."""
    names = " ".join(f"-l {name[2:]}" if name.startswith("--") else "-s " + name[1:].replace("#", "\\#") for name in option.names)
    kind = kind_of(option)
    action = f" -x -a '{kind[6:]}'" if kind.startswith("words ") else f" {ACTIONS[kind]}" if kind else ""
    return f"{names}{action} -d {quote(capital(option.brief))}"


def completion(commands, topics):
    names = [command for command in commands if command.name]
    lines = [f"complete -c pidcap -n '__pidcap_in capture' -a {each.name} -d {quote(capital(each.brief))}" for each in names]
    lines += [f"complete -c pidcap -n '__pidcap_in {each.name}' {action}" for each in names for action in WORDS.get(each.words, [])]
    for name, brief in [(topic.name, topic.brief) for topic in topics] + [(each.name, each.brief) for each in names]:
        lines.append(f"complete -c pidcap -n '__pidcap_in help' -a {name} -d {quote(capital(brief))}")
    places = {}
    for command in commands:
        for option in command.offered:
            places.setdefault(option_line(option), []).append(command.name or "capture")
    lines += [f"complete -c pidcap -n '__pidcap_in {' '.join(where)}' {line}" for line, where in places.items()]
    return f'''{HEADER}
# fish completion for pidcap(8).

# Whether the command is one of these; "capture" is what has none.
function __pidcap_in
    set -l words (commandline -opc)
    set -l command capture
    contains -- "$words[2]" {" ".join(each.name for each in names)}; and set command $words[2]
    contains -- $command $argv
end

complete -c pidcap -f
''' + "\n".join(lines) + "\n"
