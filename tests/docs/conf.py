# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx's configuration for the site; Sphinx looks for this name."""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from docs.repository import Repository

if TYPE_CHECKING:
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

REPOSITORY = Repository()
ANSIBLE_PAGES = {
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}

project = "gatehouse.istio"
author = "gatehouse.istio contributors"
version = release = str(REPOSITORY.galaxy["version"])
extensions = ["myst_parser", "sphinx_antsibull_ext"]
myst_heading_anchors = 4  # GitHub links to any heading
html_theme = "alabaster"
html_theme_options = {
    "description": REPOSITORY.galaxy["description"],
    "body_max_width": "none",
    "page_width": "1200px",
    "sidebar_width": "260px",
    "fixed_sidebar": True,
}
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
highlight_language = "yaml"
pygments_style = "ansible"


def lead_to_our_pages(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """What leads to a document on GitHub leads to its page here, if there is one."""
    for reference in doctree.findall(nodes.reference):
        path, hash_sign, anchor = str(reference.get("refuri", "")).removeprefix(REPOSITORY.address).partition("#")
        page, suffix = posixpath.splitext(path)
        if suffix == ".md" and page in app.env.found_docs:
            reference["refuri"] = app.builder.get_relative_uri(name, page) + hash_sign + anchor


def lead_to_ansible(
    _app: Sphinx, _environment: BuildEnvironment, reference: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """What antsibull-docs refers to in Ansible's own documentation and in other collections'."""
    label = str(reference.get("reftarget", ""))
    page = ANSIBLE_PAGES.get(label)
    if collection := re.fullmatch(r"ansible_collections\.(\w+)\.(\w+)\.(\w+_[a-z]+)", label):
        page = "collections/{}/{}/{}.html".format(*collection.groups())
    if page is None:
        return None
    return nodes.reference("", "", content, refuri=f"https://docs.ansible.com/ansible/latest/{page}")


def setup(app: Sphinx) -> None:
    app.connect("doctree-resolved", lead_to_our_pages)
    app.connect("missing-reference", lead_to_ansible)
