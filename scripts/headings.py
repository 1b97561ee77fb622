# SPDX-License-Identifier: GPL-2.0-only
"""The names of headings in a page of Markdown, as links have them behind "#"."""
import unicodedata


def anchor(text):
    """A heading's name, of its text without markup, as GitHub makes it."""
    return "".join(c for c in text.strip().lower().replace(" ", "-") if c in "-_" or unicodedata.category(c)[0] in "LN")
