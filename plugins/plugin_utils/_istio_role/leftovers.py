# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Role istio, step 4 of a removal: what is left of Istio in the cluster, as data and as sentences. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]


def istio_leftovers(desired: Object, plan: Object, live: Object, namespace: str) -> dict[str, Any]:
    """The fact istio_left as `left`, and the same in sentences as `messages`; `live` are objects by kind."""
    groups = {api["spec"]["group"] for api in live["apis"]}
    ours = {release["namespace"] for release in desired["releases"]}
    left = {
        "api_groups": sorted(group for group in groups if group.endswith(".istio.io")),
        "namespaces": sorted({item["metadata"]["name"] for item in live["namespaces"]} & ours),
        "config_maps": sorted({item["metadata"]["name"] for item in live["config_maps"]}),
        "secrets": list(live["secrets"]),
    }
    return {"left": left, "messages": _messages(left, plan["kept"], namespace) or ["Nothing of Istio is left."]}


def _messages(left: Mapping[str, list[str]], kept: list[str], namespace: str) -> list[str]:
    sentences = [
        ("Releases that another control plane needs stay", kept),
        ("CRDs stay, with all of their objects (deleting a CRD would delete them)", left["api_groups"]),
        ("Namespaces stay, with what others or istiod put there", left["namespaces"]),
        ("ConfigMaps stay in every namespace", left["config_maps"]),
    ]
    return [f"{sentence}: {', '.join(names)}." for sentence, names in sentences if names] + [
        f"The Secret {namespace}/{name} stays; if istiod is installed again, it goes on with the CA in it."
        for name in left["secrets"]
    ]
