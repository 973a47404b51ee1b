# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Role exposures: its variables, as data or as the text of a survey → the options of istio_exposures. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

# The one in C is ten times faster, which matters for thousands of exposures.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
EXAMPLE = "[{name: shop, namespace: shop, hosts: [shop.example.com], service: web}]"


def exposures_request(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The options of istio_exposures, and `problems`. `variables` are those of the role by name, data or text."""
    problems: list[str] = []
    exposures = _data(variables, "exposures_list", None, problems)
    defaults = _data(variables, "exposures_defaults", {}, problems)
    src = variables.get("exposures_src") or ""
    namespaces = _parts(variables.get("exposures_prune_namespaces"), ",")
    label_selectors = _parts(variables.get("exposures_prune_label_selectors"), "\n")
    if not problems:
        problems = _problems(exposures, defaults, src, namespaces, label_selectors)
    return {
        "exposures": [] if exposures is None else exposures,
        "src": src,
        "defaults": defaults,
        "prune": {"namespaces": namespaces, "label_selectors": label_selectors} if namespaces else {},
        "problems": problems,
    }


def _data(variables: Mapping[str, Any], name: str, empty: Any, problems: list[str]) -> Any:
    """The variable, or what its YAML text says."""
    value = variables.get(name)
    if not isinstance(value, str):
        return empty if value is None else value
    try:
        # The loader in C takes only str itself, and Ansible gives a class of its own.
        data = yaml.load("".join(value), Loader=_LOADER)  # noqa: S506  (a safe one)
        return empty if data is None else data
    except yaml.YAMLError as error:
        problems.append(f"{name}: it is not valid YAML: {' '.join(str(error).split())}.")
        return empty


def _parts(value: Any, separator: str) -> list[Any]:
    if not isinstance(value, str):
        return list(value or [])
    return [part.strip() for part in value.split(separator) if part.strip()]


def _problems(exposures: Any, defaults: Any, src: str, namespaces: list[Any], label_selectors: list[Any]) -> list[str]:
    """exposures is None if the list is not given: a misspelled variable, or a survey's question without an answer."""
    is_list = isinstance(exposures, (list, tuple))
    checks = [
        (
            exposures is None and not src and bool(namespaces),
            (
                "exposures_list: it is not given, and with exposures_prune_namespaces every exposure in these "
                "namespaces would be removed; give the list, or write [] to remove them all."
            ),
        ),
        (
            not isinstance(defaults, Mapping),
            "exposures_defaults: it must be a dictionary with options of istio_exposure.",
        ),
        (
            bool(label_selectors) and not namespaces,
            (
                "exposures_prune_label_selectors: they only narrow exposures_prune_namespaces; name namespaces there, "
                "or '*'."
            ),
        ),
        (
            bool(src) and is_list and bool(exposures),
            "exposures_src: exposures_list has exposures, too; give only one of them.",
        ),
        (
            exposures is not None and not (is_list and all(isinstance(exposure, Mapping) for exposure in exposures)),
            f"exposures_list: it must be a list with a dictionary for each exposure, such as {EXAMPLE}.",
        ),
    ]
    return [sentence for is_wrong, sentence in checks if is_wrong]
