# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The version of the collection that Ansible would use, so that a role can refuse one that is too old."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import yaml


def collection_version(name: str) -> str:
    """The version such as 6.6.0 of the collection `name`, or "" if it is not installed."""
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
