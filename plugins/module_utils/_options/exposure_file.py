# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.
"""A list of exposures in a file: JSON or YAML, read by the module itself, past Ansible's variables and templates."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from .values import OptionError

_VAULT = b"$ANSIBLE_VAULT"


def read_list(src: str) -> list[Any]:
    """What the file lists; raises OptionError if it cannot be read, or is no list."""
    try:
        content = Path(src).read_bytes()
    except OSError as error:
        raise OptionError(f"src: {src} cannot be read ({error.strerror}); give a file of JSON or YAML.") from error
    if content.startswith(_VAULT):
        raise OptionError(f"src: {src} is encrypted with Ansible Vault; decrypt it, or give its list as exposures.")
    try:
        found = _parsed(content)
    except (TypeError, ValueError, RecursionError) as error:
        raise OptionError(f"src: {src} is neither JSON nor YAML: {str(error).rstrip('.')}.") from error
    if found is None:
        # It may have been cut off: with prune, nothing would remain.
        raise OptionError(f"src: {src} is empty; write [] into it if it is to list nothing.")
    if not isinstance(found, list):
        raise OptionError(f"src: {src} is no list; give each exposure as an item of a list, without a name above.")
    return found


def _parsed(content: bytes) -> Any:
    """JSON is YAML, but a parser for nothing else reads it many times faster. Raises TypeError or ValueError."""
    with suppress(ValueError):  # then it is YAML, or nothing
        return json.loads(content)
    import yaml  # noqa: PLC0415  (the Kubernetes client has it, but whoever writes JSON need not wait for it)

    try:
        # With libyaml, which it mostly has, PyYAML is four times faster.
        found = yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  (both are safe)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ValueError(f"{at}{error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from error
    # YAML knows dates, and keys that are numbers; Ansible's variables arrive as JSON, in which both are text.
    return json.loads(json.dumps(found, default=str))
