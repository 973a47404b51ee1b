# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Role cert_manager: what a removal leaves in the cluster, as data and as sentences. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

GROUP = "cert-manager.io"


def cert_manager_leftovers(live: Mapping[str, Any], namespace: str, crds_removed: bool = False) -> dict[str, Any]:
    """The fact cert_manager_left as `left`, and the same in sentences as `messages`; `live` are objects by kind."""
    groups = {api["spec"]["group"] for api in live["apis"]}
    names = [secret["metadata"]["name"] for secret in live["secrets"]]
    left = {
        # The API server still serves what it has just deleted.
        "api_groups": [] if crds_removed else sorted(g for g in groups if g == GROUP or g.endswith(f".{GROUP}")),
        "namespaces": [namespace] if any(item["metadata"]["name"] == namespace for item in live["namespaces"]) else [],
        "secrets": sorted(name for name in names if not name.startswith("sh.helm.release.")),
    }
    return {"left": left, "messages": _messages(left)}


def _messages(left: Mapping[str, list[str]]) -> list[str]:
    sentences = [
        ("CRDs stay, with all of their objects (cert_manager_remove_crds removes them all)", left["api_groups"]),
        ("The namespace stays, with what others put there", left["namespaces"]),
        ("Secrets in it stay", left["secrets"]),
    ]
    return [
        *(f"{sentence}: {', '.join(names)}." for sentence, names in sentences if names),
        "Secrets with certificates stay in every namespace, and are no longer renewed.",
    ]
