# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Role exposures: its variables → the options of istio_exposures. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_AS_THEY_ARE = ("defaults", "on_error", "concurrency", "wait_timeout", "cluster_domain")


def exposures_request(variables: Mapping[str, Any], places: Sequence[str] = (), found: str = "") -> dict[str, Any]:
    """The options of istio_exposures, and `problems`.

    `variables` are those of the role by name, with None for a list that is not given. `places` are the paths at which
    exposures_src was looked for (none if it is on another machine), `found` the one at which it is.
    """
    exposures = variables["exposures_list"]
    namespaces = variables["exposures_prune_namespaces"]
    label_selectors = variables["exposures_prune_label_selectors"]
    src = variables["exposures_src"]
    missing = (
        f"exposures_src: {src} does not exist; it was looked for at {' and '.join(places)} on the machine that runs "
        "Ansible."
    )
    problems = _problems(exposures, src, namespaces, label_selectors)
    return {
        "exposures": [] if exposures is None else exposures,
        "src": found or src,
        **{name: variables[f"exposures_{name}"] for name in _AS_THEY_ARE},
        "prune": {"namespaces": namespaces, "label_selectors": label_selectors} if namespaces else {},
        "problems": [*problems, *([missing] if src and places and not found else [])],
    }


def _problems(
    exposures: list[Any] | None, src: str, namespaces: Sequence[str], label_selectors: Sequence[str]
) -> list[str]:
    """exposures is None if the list is not given: a misspelled variable, or a survey's question without an answer."""
    checks = [
        (
            exposures is None and not src and bool(namespaces),
            (
                "exposures_list: it is not given, and with exposures_prune_namespaces every exposure in these "
                "namespaces would be removed; give the list, or write [] to remove them all."
            ),
        ),
        (
            bool(label_selectors) and not namespaces,
            (
                "exposures_prune_label_selectors: they only narrow exposures_prune_namespaces; name namespaces there, "
                "or '*'."
            ),
        ),
        (
            bool(src) and bool(exposures),
            "exposures_src: exposures_list has exposures, too; give only one of them.",
        ),
    ]
    return [sentence for is_wrong, sentence in checks if is_wrong]
