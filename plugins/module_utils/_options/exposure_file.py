# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Option src → the list of exposures in a JSON or YAML file, read without Ansible's variables and templates."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from .values import OptionError

_VAULT = b"$ANSIBLE_VAULT"


def read_list(src: str) -> list[Any]:
    """The entries of the list in the file, not validated; raises OptionError if it cannot be read or is not a list."""
    try:
        content = Path(src).read_bytes()
    except OSError as error:
        raise OptionError(f"src: {src} cannot be read ({error.strerror}); give a JSON or YAML file.") from error
    if content.startswith(_VAULT):
        raise OptionError(
            f"src: {src} is encrypted with Ansible Vault; decrypt it, or pass its list with option exposures."
        )
    try:
        entries = parse_text(content)
    except (TypeError, ValueError, RecursionError) as error:
        raise OptionError(f"src: {src} is neither JSON nor YAML: {str(error).rstrip('.')}.") from error
    if entries is None:
        # The file may be truncated; prune would then remove every exposure.
        raise OptionError(f"src: {src} is empty; write [] for a list without exposures.")
    if not isinstance(entries, list):
        raise OptionError(f"src: {src} is not a list; write the exposures as a list at the top level of the file.")
    return entries


def parse_text(content: bytes | str) -> Any:
    """The value of a JSON or YAML text; raises TypeError, ValueError or RecursionError.

    JSON is tried first, although it is valid YAML: its parser is many times faster.
    """
    with suppress(ValueError):  # it is YAML, or invalid
        return json.loads(content)
    import yaml  # noqa: PLC0415  (slow to import, and not needed for JSON; the Kubernetes client depends on it)

    try:
        # Most builds of PyYAML have libyaml, which is four times faster.
        value = yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  (both are safe)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ValueError(f"{position}{error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from error
    # YAML has dates and numeric keys. Ansible passes variables as JSON, where both are strings, so src does the same.
    return json.loads(json.dumps(value, default=str))
