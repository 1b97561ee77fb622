# SPDX-License-Identifier: GPL-2.0-only
"""docs/options.md: every option, with the commands that take it."""


def cell(text):
    return text.replace("|", "\\|")


def options_page(commands):
    places = {}
    for command in commands:
        for option in command.offered:
            places.setdefault((option.head, option.brief), []).append(command.name or "a capture")
    rows = sorted(places.items(), key=lambda row: (row[0][0].split(", ")[-1].lstrip("-").lower(), row[0][0]))
    lines = ["# Options", "",
             "Every option, and the commands that take it. `pidcap COMMAND --help` says what it does, the man page of the command says all of it. `scripts/manual` makes "
             "this page of what [docs/manual/](manual/README.md) describes.", "", "| option | what | of |", "|---|---|---|"]
    for (head, brief), where in rows:
        of = "all" if len(where) == len(commands) else ", ".join(where)
        lines.append(f"| `{cell(head)}` | {cell(brief)} | {of} |")
    return "\n".join(lines) + "\n"
