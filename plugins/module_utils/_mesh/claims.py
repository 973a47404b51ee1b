# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Routes by the claims of a token (https://istio.io/latest/docs/tasks/security/authentication/jwt-route/). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._kubernetes.objects import Manifest

_CLAIMS = "@request.auth.claims"


def claim_of(match: Mapping[str, Any]) -> str | None:
    """The header by which a match asks for a claim."""
    return next((name for name in match.get("headers") or {} if name.lower().startswith(_CLAIMS)), None)


def asks_for_claims(virtual_service: Manifest) -> bool:
    routes = virtual_service["spec"].get("http") or []
    return any(claim_of(match) for route in routes for match in route.get("match") or [])


def is_authenticated(
    namespace: str | None, labels: Mapping[str, str], authentications: Iterable[Manifest], root_namespace: str
) -> bool:
    """Whether a RequestAuthentication is for pods of a namespace (None: not known) with these labels."""
    for entry in authentications:
        spec, own = entry["spec"], entry["metadata"]["namespace"]
        wanted = (spec.get("selector") or {}).get("matchLabels") or {}
        is_near = namespace is None or own in (namespace, root_namespace)
        is_for_pods = not spec.get("targetRef") and not spec.get("targetRefs")
        if spec.get("jwtRules") and is_for_pods and is_near and wanted.items() <= labels.items():
            return True
    return False
