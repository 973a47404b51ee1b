# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of several exposures to one shared Gateway: which are refused, and which are one write."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import ExposureKey, Manifest, Ref
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.contribution import Contribution
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.shared_gateway import Change, contribution_of
from ansible_collections.gatehouse.istio.plugins.module_utils._plan.sharing import refusals, written_together

AT = Ref("Gateway", "infra", "front")
# The options of an exposure in short: its hosts, Secret (text; None: plain HTTP), gateway's label and port.
Wanted = tuple[str, Any, str, int]
A, B, C = ("a x", "old", "public", 443), ("b x", "old", "public", 443), ("c", "old", "public", 443)


def contribution(name: str, wanted: Wanted) -> Contribution:
    hosts, credential, label, port = wanted
    server: dict[str, Any] = {"port": {"number": port, "protocol": "HTTPS" if credential else "HTTP"}}
    if credential:
        server["tls"] = {"mode": "SIMPLE", "credentialName": credential}
    return Contribution(ExposureKey("shop", name), {"istio": label}, ({**server, "hosts": hosts.split()},))


def gateway(**there: Wanted) -> Manifest | None:
    live = None
    for name, wanted in there.items():
        added = contribution(name, wanted)
        live = Change(AT, added.exposure, added).applied_to(live)
    return live


def changes(live: Manifest | None, **wanted: Wanted | None) -> list[Change]:
    result = []
    for name, one in wanted.items():
        key = ExposureKey("shop", name)
        old = contribution_of(live, key) if live else None
        result.append(Change(AT, key, contribution(name, one) if one else None, old))
    return result


Case = tuple[dict[str, Wanted], dict[str, Any], set[str], set[str]]
CASES: dict[str, Case] = {
    "what is new and fits": ({"a": A}, {"b": B, "c": C}, set(), set()),
    "a Secret of a host that both have": (
        {"a": A, "b": B, "c": C},
        {"a": ("a x", "new", "public", 443), "b": ("b x", "new", "public", 443)},
        set(),
        {"a", "b"},
    ),
    "one of the two that have a host": ({"a": A, "b": B}, {"a": ("a x", "new", "public", 443)}, {"a"}, set()),
    "the selector": (
        {"a": A, "b": B},
        {"a": ("a x", "old", "other", 443), "b": ("b x", "old", "other", 443)},
        set(),
        {"a", "b"},
    ),
    "the selector, and one of the others does not": (
        {"a": A, "b": B, "c": C},
        {"a": ("a x", "old", "other", 443), "b": ("b x", "old", "other", 443)},
        {"a", "b"},
        set(),
    ),
    "the protocol of a port": (
        {"a": A, "c": C},
        {"a": ("a", None, "public", 443), "c": ("c", None, "public", 443)},
        set(),
        {"a", "c"},
    ),
    "a host that goes from one to another": (
        {"a": A, "c": C},
        {"a": ("a", "old", "public", 443), "c": ("c x", "new", "public", 443)},
        set(),
        {"a", "c"},
    ),
    "a host of one that is removed": (
        {"a": A, "c": C},
        {"c": ("c x", "new", "public", 443), "a": None},
        set(),
        {"a", "c"},
    ),
    "a removal in nobody's way": ({"a": A, "b": B, "c": C}, {"c": None, "a": A}, set(), set()),
    "two new ones that do not fit": ({}, {"a": A, "b": ("b x", "new", "public", 443)}, {"b"}, set()),
    "who is refused keeps what it had": (
        {"a": A, "c": ("c", "old", "public", 8443)},
        {"c": ("a", "new", "public", 443), "d": ("d", "d", "public", 8443), "a": ("a", None, "public", 8443)},
        {"c", "a"},
        set(),
    ),
}


@pytest.mark.parametrize(("there", "wanted", "refused", "together"), CASES.values(), ids=CASES)
def test_changes(
    there: dict[str, Wanted], wanted: dict[str, Wanted | None], refused: set[str], together: set[str]
) -> None:
    live = gateway(**there)
    given = changes(live, **wanted)
    assert {key.name for key in refusals(AT, live, given)} == refused
    if not refused:
        assert {change.exposure.name for change in written_together(AT, given)} == together
