# SPDX-License-Identifier: GPL-2.0-only
"""Plain text of the descriptions as mdoc: options, arguments and commands get their macros."""
import re

OPENING, CLOSING = "([", ".,;:)]!?"


def escape(text):
    """Text as a line of mdoc shows it."""
    text = "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in text.replace("\\", "\\e"))
    return "\\&" + text if text.startswith((".", "'")) else text


def flag(name):
    """`--write` as the argument of Fl, which puts one dash in front."""
    return name[1:].replace("\\", "\\e")


def alternative(text):
    """One of the forms of an argument: `unix:PATH`, `NAME`, `auto`, `COLUMN[,desc]`."""
    words = []
    for piece in re.findall(r"[A-Z][A-Za-z0-9-]*|:|[^A-Z:]+", text):
        if piece[0].isupper():
            words.append(f"Ar {piece.lower()}")
        elif piece == "...":
            words.append("...")
        elif piece[0].isalnum() or len(piece) > 1:
            words.append(f"Cm {piece}")
        else:
            words.append(piece)
    return " Ns ".join(words).replace(" Ns ...", " ...").replace(" Ns :", " :")


def argument(text):
    """An option's argument, behind a macro."""
    return " | ".join(alternative(part) for part in text.split("|"))


def split_word(word):
    """Punctuation before it, the word, punctuation behind it."""
    start = len(word) - len(word.lstrip(OPENING))
    core = word[start:].rstrip(CLOSING)
    return word[:start], core, word[start + len(core):]


def macro_of(core, arguments, commands, following):
    """The macro that a word becomes, and how many of the following words it takes; or None."""
    if core == "--":
        return "Fl -", 0
    if core == "pidcap":
        if following and split_word(following[0])[1] in commands:
            return f"Nm pidcap Cm {split_word(following[0])[1]}", 1
        return "Nm pidcap", 0
    if re.fullmatch(r"--[a-z][a-z-]*|-[A-Za-z#]", core):
        return f"Fl {flag(core)}", 0
    if core in arguments:
        return f"Ar {core.lower()}", 0
    return None


def to_mdoc(text, arguments=(), commands=()):
    """Lines of mdoc. `arguments`: words in capitals that are arguments."""
    lines, line, words = [], [], text.split()

    def end_line():
        if line:
            lines.append(escape(" ".join(line)))
            line.clear()

    while words:
        word = words.pop(0)
        before, core, behind = split_word(word)
        macro = macro_of(core, arguments, commands, words) if core else None
        if macro is None:
            line.append(word)
        else:
            taken = [split_word(words.pop(0)) for _ in range(macro[1])]
            behind = taken[-1][2] if taken else behind
            end_line()
            name, rest = macro[0].split(" ", 1)
            lines.append(" ".join(["." + name, *before, rest, *behind]))
        if core and word.endswith((".", "!", "?")) or len(" ".join(line)) > 72:
            end_line()
    end_line()
    return lines


def usage_chunks(text):
    """A usage as its parts: options with their arguments, brackets as one."""
    return re.findall(r"\[[^\]]*\](?:\.\.\.)?|-{1,2}[\w#-]+ [A-Z][^\s\[]*|-- .*|-{1,2}[\w#-]+(?: [a-z|]+(?= |$))?|\S+", text)


def usage_words(text):
    """A part of a usage, without brackets, as macros."""
    words = []
    for word in text.split():
        if word == "|":
            words.append("|")
        elif word == "--":
            words.append("Fl -")
        elif word.startswith("-"):
            words.append("Fl " + flag(word))
        else:
            words.append(argument(word))
    return " ".join(words)


def synopsis(command, usage):
    """A usage behind the command's name, as lines of mdoc."""
    if usage.startswith("pidcap "):
        command, usage = "", usage.removeprefix("pidcap ")
    lines = [".Nm pidcap" + (f" Cm {command}" if command else "")]
    for chunk in usage_chunks(usage):
        if re.fullmatch(r"\[options.*\]", chunk):
            lines.append(f".Op Ar {chunk[1:-1]}")
        elif chunk.startswith("["):
            inner = re.sub(r"[\[\]]", "", chunk.replace("].", "] ."))
            lines.append(f".Op {usage_words(inner)}")
        else:
            lines.append("." + usage_words(chunk))
    return lines
