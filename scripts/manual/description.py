# SPDX-License-Identifier: GPL-2.0-only
"""Reads docs/manual/: commands with their options, and topics. docs/manual/README.md describes the format."""
import re
from dataclasses import dataclass, field
from pathlib import Path

KINDS = ("text", "file", "interface", "netns", "pid", "comm", "user", "group", "cgroup", "program", "recorder", "event", "pid-or-file",
         "topic")
VARIANTS = ("capture", "file")


class DescriptionError(Exception):
    pass


@dataclass
class Option:
    names: list           # "-w", "--write"
    argument: str         # as the help shows it; empty: a flag
    is_optional: bool     # the argument, which stands behind "=" then
    also: list = field(default_factory=list)     # names that are taken, and shown in the man page only
    brief: str = ""       # for completions
    kind: str = ""        # what the argument is: one of KINDS, or "words"
    words: list = field(default_factory=list)    # of the kind "words"
    many: bool = False    # it may be given several times
    excludes: list = field(default_factory=list)
    refused: bool = False # with a message: in the man page only
    help: str = ""
    man: list = field(default_factory=list)      # lines of mdoc; empty: the help's text
    variant: str = ""     # of VARIANTS; empty: of both

    @property
    def is_word(self):
        """Whether this is no option, but one of the words behind them, as FILTER."""
        return not self.names[0].startswith("-")

    @property
    def head(self):
        argument = f"[={self.argument}]" if self.is_optional else f" {self.argument}" if self.argument else ""
        return ", ".join(self.names) + argument


@dataclass
class Group:
    heading: str = ""     # one line: the title in the man page
    text: str = ""        # what the help says behind it
    intro: list = field(default_factory=list)    # lines of mdoc
    outro: list = field(default_factory=list)
    options: list = field(default_factory=list)


@dataclass
class Command:
    name: str             # empty: a capture
    section: str = "1"    # of its man page
    brief: str = ""
    title: str = ""       # what the man page is about
    words: str = ""       # the kind of its words
    usages: list = field(default_factory=list)   # behind "pidcap NAME"; of a capture, behind "pidcap"
    overview: str = ""    # what the help has in place of the usages
    about: list = field(default_factory=list)    # paragraphs
    description: list = field(default_factory=list)  # mdoc behind them
    blocks: list = field(default_factory=list)   # Groups, and texts that are only in the help
    exits: list = field(default_factory=list)    # pairs of a status and a text
    more_exits: str = ""  # a sentence of the help behind them
    examples: list = field(default_factory=list)     # (text, command)
    sections: dict = field(default_factory=dict)     # further ones of the man page: mdoc
    see: list = field(default_factory=list)      # ("tcpdump", "8")

    @property
    def page(self):
        return f"pidcap-{self.name}" if self.name else "pidcap"

    @property
    def groups(self):
        return [block for block in self.blocks if isinstance(block, Group)]

    @property
    def options(self):
        return [option for group in self.groups for option in group.options if not option.is_word]

    @property
    def offered(self):
        """The options for helps and completions."""
        return [option for option in self.options if not option.refused]


@dataclass
class Topic:
    name: str
    brief: str
    text: str


def paragraphs(lines):
    """Paragraphs, each as one line."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", "\n".join(lines).strip()) if part.strip()]


def parse_head(line, where):
    if re.fullmatch(r"[A-Z]+", line):
        return Option([line], "", False)
    match = re.fullmatch(r"((?:-[\w#-]+)(?:, -[\w#-]+)*)(?:\[=(.+)\]| (.+))?", line)
    if not match:
        raise DescriptionError(f"{where}: not an option: {line}")
    names, optional, argument = match.groups()
    return Option(names.split(", "), optional or argument or "", optional is not None)


def set_field(option, name, value, where):
    """Takes one field of an option."""
    text = " ".join(" ".join(value).split())
    if name == "man":
        option.man = value
    elif name in ("brief", "help"):
        setattr(option, name, text)
    elif name in ("also", "excludes"):
        setattr(option, name, text.split())
    elif name == "for" and text in VARIANTS:
        option.variant = text
    elif name == "many":
        option.many = True
    elif name == "refused":
        option.refused = True
    elif name == "complete" and text.startswith("words "):
        option.kind, option.words = "words", text.split()[1:]
    elif name == "complete" and text in KINDS:
        option.kind = text
    else:
        raise DescriptionError(f"{where}: {name}: {text}: no such field")


def complete_option(option, where):
    """Checks an option that has been read, and fills in what follows from the rest."""
    if not option.help or not option.brief and not option.is_word:
        raise DescriptionError(f"{where}: {option.head}: needs brief: and help:")
    if option.argument and not option.kind:
        words = option.argument.split("|")
        is_choice = len(words) > 1 and all(re.fullmatch(r"[a-z]+", word) for word in words)
        option.kind, option.words = ("words", words) if is_choice else ("text", [])
    if not option.argument and option.kind:
        raise DescriptionError(f"{where}: {option.head}: complete: needs an argument")


def parse_options(lines, where):
    """The options of a group: heads at the margin, fields indented by two blanks, their lines by four."""
    found = []  # triples: an option, where it is, and its fields: triples of a name, lines, and where they are
    fields = None
    for number, line in lines:
        at = f"{where}:{number}"
        if not line.strip():
            if fields:
                fields[-1][1].append("")
        elif re.match(r"-|[A-Z]+$", line):
            fields = []
            found.append((parse_head(line, at), at, fields))
        elif fields is not None and (match := re.fullmatch(r"  ([a-z]+)(?:: ?(.*))?", line)):
            fields.append((match[1], [match[2]] if match[2] else [], at))
        elif fields and line.startswith("    "):
            fields[-1][1].append(line[4:])
        else:
            raise DescriptionError(f"{at}: neither an option nor a field: {line}")
    for option, at, fields in found:
        for name, value, place in fields:
            set_field(option, name, "\n".join(value).strip("\n").split("\n"), place)
        complete_option(option, at)
    return [option for option, _, _ in found]


def directives(path):
    """Triples: a directive's name, the rest of its line, the numbered lines behind it."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#"):
            continue
        if match := re.fullmatch(r"@([a-z]+)(?: (.*))?", line):
            found.append((match[1], match[2] or "", [], number))
        elif found:
            found[-1][2].append((number, line))
        elif line.strip():
            raise DescriptionError(f"{path}:{number}: before the first directive")
    return found


def plain(lines):
    """The lines without their numbers and without empty ones at the ends."""
    return "\n".join(line for _, line in lines).strip("\n").split("\n") if lines else []


def parse_examples(lines):
    examples, text = [], []
    for line in plain(lines):
        if line.startswith("  "):
            examples.append((" ".join(text), line.strip()))
            text = []
        elif line.strip():
            text.append(line)
    return examples


class Reader:
    """One command's file, with what it includes."""

    def __init__(self, folder):
        self.folder = folder
        self.command = None

    def read(self, path, variant=""):
        for name, rest, lines, number in directives(path):
            try:
                self.take(name, rest, lines, path, variant)
            except (ValueError, AttributeError, IndexError) as error:
                raise DescriptionError(f"{path}:{number}: @{name}: {error}") from error
        return self.command

    def take(self, name, rest, lines, path, variant):
        command = self.command
        if name == "command":
            self.command = Command(rest if rest != "capture" else "")
        elif name == "include":
            file, _, which = rest.partition(" ")
            self.read(self.folder / "shared" / f"{file}.txt", which)
        elif name == "group":
            command.blocks.append(Group(heading=rest))
        elif name == "options":
            options = parse_options(lines, path)
            command.groups[-1].options += [o for o in options if not o.variant or not variant or o.variant == variant]
        elif name == "heading":
            command.groups[-1].text = " ".join(paragraphs(plain(lines)))
        elif name in ("intro", "outro"):
            setattr(command.groups[-1], name, plain(lines))
        elif name in ("section", "brief", "title", "words"):
            setattr(command, name, rest)
        elif name == "usage":
            command.usages = [line for line in plain(lines) if line]
        elif name == "overview":
            command.overview = "\n".join(plain(lines))
        elif name == "about":
            command.about = paragraphs(plain(lines))
        elif name == "description":
            command.description += plain(lines)
        elif name == "note":
            command.blocks.append(paragraphs(plain(lines)))
        elif name == "exit":
            command.exits = [line.split(" ", 1) for line in plain(lines) if line[0].isdigit()]
            command.more_exits = " ".join(line for line in plain(lines) if not line[0].isdigit())
        elif name == "examples":
            command.examples = parse_examples(lines)
        elif name == "man":
            command.sections.setdefault(rest, []).extend(plain(lines))
        elif name == "see":
            command.see += [tuple(re.fullmatch(r"(.*)\((\d)\)", page).groups()) for page in rest.split()]
        else:
            raise DescriptionError(f"{path}: @{name}: no such directive")


def check(command, path):
    seen = set()
    for option in command.options:
        for name in option.names + option.also:
            if name in seen:
                raise DescriptionError(f"{path}: {name} is there twice")
            seen.add(name)
    for what in ("brief", "title", "usages", "about", "exits", "options"):
        if not getattr(command, what):
            raise DescriptionError(f"{path}: no @{what}")


def read_commands(folder):
    """The capture first, then the commands by name."""
    commands = []
    for path in sorted(Path(folder).glob("*.txt")):
        command = Reader(Path(folder)).read(path)
        check(command, path)
        commands.append(command)
    return sorted(commands, key=lambda command: command.name)


def read_topics(folder):
    topics = []
    for path in sorted((Path(folder) / "topics").glob("*.txt")):
        brief, _, text = path.read_text().partition("\n")
        topics.append(Topic(path.stem, brief, text.strip("\n") + "\n"))
    return topics
