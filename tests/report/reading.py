# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses a page: its elements, attributes and text."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = {"meta", "br", "link", "img", "input", "hr"}
_WITHIN_TEXT = {"a", "code", "del", "ins", "span", "small", "strong", "time", "i"}


class Page(HTMLParser):
    """Content of a page. `text` is the visible text, with single spaces between words."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[str] = []
        self.unclosed: list[str] = []
        self._texts: list[str] = []
        self.feed(html)
        self.close()
        self.text = " ".join("".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name == "href" and value]
        if tag not in _VOID:
            self.unclosed.append(tag)
        if tag not in _WITHIN_TEXT:
            self._texts.append(" ")
        if tag == "h2":
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed[-1:] == [tag], f"</{tag}> closes <{self.unclosed[-1:]}>, line {self.getpos()[0]}"
        self.unclosed.pop()

    def handle_data(self, data: str) -> None:
        if "style" in self.unclosed:
            return
        self._texts.append(data)
        if "h2" in self.unclosed and "small" not in self.unclosed:
            self.headings[-1] += data.strip()
