# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that what our documents link to in this repository is there: files, and headings in them.

Links to other sites are not followed: a check that needs the internet fails without a mistake of ours.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from docs import markdown
from docs.repository import Repository


def _target_complaint(repository: Repository, path: str, anchor: str) -> str | None:
    """What is wrong with a link to a path of this repository; None if nothing is."""
    if path not in repository.files and path not in repository.directories:
        return f"there is no {path}"
    if anchor and path.endswith(".md") and anchor not in markdown.anchors(repository.text(path) or ""):
        return f"{path} has no heading '{anchor}'"
    return None


def relative_path(name: str, target: str) -> tuple[str, str] | None:
    """Path from the root and anchor of a link in the document `name`; None if it leads to another site."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path))) if parts.path else name
    return path, parts.fragment


def _document_complaints(repository: Repository, name: str, text: str) -> Iterator[str]:
    for link in markdown.links(text):
        local = relative_path(name, link.target)
        if local is None:
            continue
        path, anchor = local
        complaint = _target_complaint(repository, path, anchor)
        if complaint is None and repository.ships(name) and not repository.ships(path):
            complaint = (
                f"{path} is not in the collection's archive, but this document is: link to {repository.address}{path}"
            )
        if complaint:
            yield f"{name}:{link.line}: {link.target}: {complaint}."


def _address_complaints(repository: Repository, name: str, text: str) -> Iterator[str]:
    """Also in code: messages and templates lead users to our pages."""
    mention = re.compile(re.escape(repository.address) + r"([\w./-]*\w)(?:#([\w-]+))?")
    for number, line in enumerate(text.splitlines(), start=1):
        for match in mention.finditer(line):
            complaint = _target_complaint(repository, match[1], match[2] or "")
            if complaint:
                yield f"{name}:{number}: {match[0]}: {complaint}."


def complaints(repository: Repository) -> Iterator[str]:
    for name in sorted(repository.files):
        text = repository.text(name)
        if text is None:
            continue
        if name.endswith(".md"):
            yield from _document_complaints(repository, name, text)
        yield from _address_complaints(repository, name, text)


def main() -> int:
    wrong = list(complaints(Repository()))
    print("\n".join(wrong))
    return 1 if wrong else 0
