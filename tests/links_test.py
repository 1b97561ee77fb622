#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""links_test.py: each link of a Markdown file to another file of the sources, or to a heading, leads there."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))
from headings import anchor  # noqa: E402


def prose(text):
    """The text without blocks of code, and without code between backquotes."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    text = re.sub(r"^    .*$", "", text, flags=re.M)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(path):
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)
    headings = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text.replace("`", ""))
    return {anchor(heading) for heading in re.findall(r"^#+ +(.*)$", headings, flags=re.M)}


def main():
    checked, broken = 0, []
    for path in sorted(ROOT.rglob("*.md")):
        if path.relative_to(ROOT).parts[0] in ("build", "node_modules"):
            continue
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(path.read_text())):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, heading = target.partition("#")
            file = (path.parent / name).resolve() if name else path
            checked += 1
            if not file.exists() or (heading and heading not in anchors(file)):
                broken.append(f"{path.relative_to(ROOT)}: {target}")
    print(f"{checked} links, {len(broken)} lead nowhere", *broken, sep="\n")
    sys.exit(1 if broken or not checked else 0)


main()
