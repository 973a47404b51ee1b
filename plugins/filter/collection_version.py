# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version of a collection that Ansible would use, so that a role can refuse one that is too old."""

from __future__ import annotations

DOCUMENTATION = r"""
name: collection_version
author: gatehouse.istio contributors (@gatehouse-istio)
version_added: 0.1.0
short_description: Version of an installed collection
description:
  - Returns the version of the collection that Ansible loads for the name, or an empty string when there is none.
options:
  _input:
    description: The full name of the collection.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Refuse an old kubernetes.core
  ansible.builtin.assert:
    that: "'kubernetes.core' | gatehouse.istio.collection_version is version('6.5.0', '>=')"
"""

RETURN = r"""
_value:
  description: The version, such as V(6.6.0).
  type: str
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml


def collection_version(name: str) -> str:
    """See DOCUMENTATION."""
    try:
        package = import_module(f"ansible_collections.{name}")
    except ModuleNotFoundError:
        return ""
    root = Path(next(iter(package.__path__)))  # __file__ is not set for a collection
    manifest = root / "MANIFEST.json"
    if manifest.is_file():
        return str(json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])
    source = root / "galaxy.yml"  # a checkout that was never built
    return str(yaml.safe_load(source.read_text(encoding="utf-8"))["version"]) if source.is_file() else ""


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"collection_version": collection_version}
