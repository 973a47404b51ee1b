# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Roles that use Helm: chart values from several sources, and durations. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.utils.vars import merge_hash

from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure_file import parse_text

_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def merge_values(layers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge like the filter combine(recursive=True): a later layer wins, a list replaces a list."""
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = merge_hash(merged, layer, recursive=True, list_merge="replace")
    return merged


def user_layers(
    values: Mapping[str, Any] | None, paths: Iterable[str] | None, files: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """The user's values in the order in which they merge: the values files, then the dictionary."""
    contents = [files[path] for path in paths or []]
    return [*(content for content in contents if isinstance(content, Mapping)), values or {}]


def parsed_files(texts: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """What the values files hold, by path, and sentences about those that cannot be used."""
    files: dict[str, Any] = {}
    problems = []
    for path, text in texts.items():
        try:
            # The parser in C takes only str itself, and Ansible gives classes of its own.
            files[path] = parse_text("".join(text))
        except (TypeError, ValueError, RecursionError) as error:
            files[path] = None
            problems.append(f"The values file {path} is not valid YAML ({error}); correct it.")
        if not isinstance(files[path], (Mapping, type(None))):
            what = "a list" if isinstance(files[path], list) else "a single value"
            problems.append(f"The values file {path} must hold a YAML mapping of chart values, but it holds {what}.")
    return files, problems


def duration_seconds(text: str) -> float | None:
    """Seconds of a Go duration such as 5m0s, or None when it is not one."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|h|m|s)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def duration_problems(variable: str, text: str) -> list[str]:
    if duration_seconds(text) is not None:
        return []
    return [f"{variable} must be a duration such as 5m or 90s, but it is '{text}'."]
