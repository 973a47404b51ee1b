# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""API errors, as sentences for our users. Pure."""

from __future__ import annotations

import json

FORBIDDEN = 403
CONFLICT = 409
_CERT_MANAGER = "cert-manager.io"
_DENIED = 'admission webhook "'


class ClusterError(Exception):
    """One sentence about a request that failed, or about a state of the cluster that a task cannot work with.

    status is HTTP's (None: there was no answer); resource is the plural that the error is about, such as gateways or
    namespaces (None: the API server did not say); by_webhook: an admission webhook denied it; perhaps_done: the answer
    to an earlier attempt was lost, so it may have been done; is_unreachable: the API server does not answer.
    """

    def __init__(
        self, message: str, status: int | None = None, resource: str | None = None, by_webhook: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.resource = resource
        self.by_webhook = by_webhook
        self.perhaps_done = False
        self.is_unreachable = False

    @property
    def namespace_is_missing(self) -> bool:
        return self.status == 404 and self.resource == "namespaces"


class ForbiddenError(ClusterError):
    """These credentials lack the right to do this (RBAC; what a webhook denies is another matter)."""


class UnknownKindError(ClusterError):
    """The API server does not have the resource: the CRDs of Istio or cert-manager are not installed."""


def api_error(status: int, reason: str | None, body: bytes, path: str) -> ClusterError:
    """The API server's error as one sentence (from its Status object)."""
    try:
        status_object = json.loads(body or b"{}")
    except ValueError:
        status_object = {}
    if not isinstance(status_object, dict):
        status_object = {}
    message = status_object.get("message") or reason or f"HTTP {status}"
    resource = (status_object.get("details") or {}).get("kind")
    by_webhook = message.startswith(_DENIED)
    error: type[ClusterError] = ClusterError
    if status == FORBIDDEN and not by_webhook:
        error = ForbiddenError
    elif status == 404 and resource is None:
        error = UnknownKindError
    return error(readable(status, message, resource, path), status, resource, by_webhook)


def readable(status: int, message: str, resource: str | None = None, path: str = "") -> str:
    """An API error's message in our users' words; resource is the plural that it is about, if the server said so."""
    if message.startswith(_DENIED) and " denied the request: " in message:
        webhook, _separator, reason = message[len(_DENIED) :].partition('" denied the request: ')
        by = _webhooks_owner(webhook) or f"The admission webhook {webhook}"
        reason = reason.removeprefix("configuration is invalid: ").strip()
        # Several reasons arrive as "2 errors occurred:\n\t* one\n\t* two\n\n".
        reasons = [part.strip(" *\t") for part in reason.splitlines() if part.strip(" *\t")]
        if len(reasons) > 1 and reasons[0].endswith("errors occurred:"):
            reasons = reasons[1:]
        return f"{by} refuses it: {'; '.join(reasons)}"
    if "failed calling webhook" in message:
        running = "cert-manager's webhook" if "cert-manager.io" in message else "istiod"
        return (
            f"The API server cannot ask an admission webhook, so it refuses changes (is {running} running?): {message}"
        )
    if status == 401:
        return "The API server does not accept the credentials: are they for this cluster, and not expired?"
    if status == 404 and resource == "namespaces":
        return f"{message.replace('namespaces', 'namespace', 1)}; create it first."
    if status == 404 and resource is None:
        if _CERT_MANAGER in path:
            return (
                "The cluster does not have cert-manager's cert-manager.io/v1 resources; install cert-manager first, "
                "for example with the role gatehouse.istio.cert_manager."
            )
        return (
            "The cluster does not have Istio's networking.istio.io/v1 resources; install Istio first, for example with "
            "the role gatehouse.istio.istio."
        )
    return message


def _webhooks_owner(webhook: str) -> str | None:
    if "validation" in webhook and "istio.io" in webhook:
        return "Istio"
    return "cert-manager" if webhook == "webhook.cert-manager.io" else None
