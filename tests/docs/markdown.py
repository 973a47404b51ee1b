# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Markdown document links to, and the anchors that others can link to."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable("table")
_HTML_ANCHOR = re.compile(r'\b(?:id|name)="([^"]+)"')
_HTML_LINK = re.compile(r'\b(?:href|src)="([^"]+)"')


@dataclass(frozen=True)
class Link:
    target: str
    line: int  # of the paragraph that has it


def _inline(tokens: list[Token]) -> Iterator[tuple[Token, int]]:
    """Each token, also those within paragraphs, with the line at which its paragraph begins."""
    line = 1
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        yield token, line
        for child in token.children or ():
            yield child, line


def links(text: str) -> list[Link]:
    """In the order in which they stand; code has none."""
    found = []
    for token, line in _inline(_PARSER.parse(text)):
        target = token.attrs.get("href" if token.type == "link_open" else "src")
        if target:
            found.append(Link(str(target), line))
        if token.type in ("html_inline", "html_block"):
            found.extend(Link(target, line) for target in _HTML_LINK.findall(token.content))
    return found


def _slug(heading: Token) -> str:
    """As GitHub makes it of a heading: https://docs.github.com/get-started/writing-on-github (section links)."""
    text = "".join(child.content for child in heading.children or () if child.type in ("text", "code_inline"))
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def anchors(text: str) -> frozenset[str]:
    tokens = _PARSER.parse(text)
    seen: Counter[str] = Counter()
    found = set()
    for before, token in itertools.pairwise(tokens):
        if before.type == "heading_open":
            slug = _slug(token)
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    for token, _line in _inline(tokens):
        if token.type in ("html_inline", "html_block"):
            found.update(_HTML_ANCHOR.findall(token.content))
    return frozenset(found)
