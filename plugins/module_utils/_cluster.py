# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The only door to the API server: the only file that imports kubernetes.core and kubernetes."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import missing_required_lib

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubernetes.core.plugins.module_utils.args_common import (
    AUTH_ARG_SPEC,
    extract_sensitive_values_from_kubeconfig,
)

# kubernetes.core's own client asks the API server for everything it can do before the first real request. Our kinds are
# known, so only its handling of the connection options is used, below its (equally internal) get_api_client().
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import (
    _create_auth_spec,
    _create_configuration,
    _create_headers,
    _set_header,
)

from ansible_collections.gatehouse.istio.plugins.module_utils._objects import (
    FIELD_MANAGER,
    Manifest,
    Ref,
    created_as_applied,
    ref,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._options import ArgumentSpec

KUBERNETES_IMPORT_ERROR: str | None = None
try:
    from kubernetes.client import ApiClient
    from kubernetes.client.exceptions import ApiException
    from kubernetes.config import ConfigException
    from kubernetes.dynamic import DynamicClient
    from urllib3.exceptions import HTTPError
except ImportError:
    KUBERNETES_IMPORT_ERROR = traceback.format_exc()

CONNECTION = ArgumentSpec(argument_spec=AUTH_ARG_SPEC)

_ISTIO, _CERT_MANAGER, _ACME = "networking.istio.io", "cert-manager.io", "acme.cert-manager.io"
# Group (none: Kubernetes' oldest), plural; all of version v1.
_KINDS = {
    "Gateway": (_ISTIO, "gateways"),
    "VirtualService": (_ISTIO, "virtualservices"),
    "DestinationRule": (_ISTIO, "destinationrules"),
    "Certificate": (_CERT_MANAGER, "certificates"),
    "CertificateRequest": (_CERT_MANAGER, "certificaterequests"),
    "Order": (_ACME, "orders"),
    "Issuer": (_CERT_MANAGER, "issuers"),
    "ClusterIssuer": (_CERT_MANAGER, "clusterissuers"),
    "Challenge": (_ACME, "challenges"),
    "Deployment": ("apps", "deployments"),
    "Secret": ("", "secrets"),
    "Pod": ("", "pods"),
    "Service": ("", "services"),
}
FORBIDDEN = 403
CONFLICT = 409
_PAGE = 500
_TIMEOUT_SECONDS = 60
_DENIED = 'admission webhook "'


class ClusterError(Exception):
    """One sentence about a request that did not succeed.

    status is HTTP's (None: there was no answer); resource is the plural that the refusal is about, such as gateways
    or namespaces (None: the API server did not say); by_webhook is set when an admission webhook refused.
    """

    def __init__(
        self, message: str, status: int | None = None, resource: str | None = None, by_webhook: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.resource = resource
        self.by_webhook = by_webhook

    @property
    def namespace_is_missing(self) -> bool:
        return self.status == 404 and self.resource == "namespaces"

    @property
    def kind_is_unknown(self) -> bool:
        """The API server has no such resource: the CRDs of Istio or cert-manager are not installed."""
        return self.status == 404 and self.resource is None


class Cluster:
    """Reads and writes objects of the kinds in _KINDS."""

    def __init__(self, module: AnsibleModule) -> None:
        """Connects by kubernetes.core's options and K8S_AUTH_* variables; raises ClusterError."""
        if KUBERNETES_IMPORT_ERROR:
            module.fail_json(msg=missing_required_lib("kubernetes"), exception=KUBERNETES_IMPORT_ERROR)
        if isinstance(module.params.get("kubeconfig"), dict):
            module.no_log_values.update(extract_sensitive_values_from_kubeconfig(module.params["kubeconfig"]))
        try:
            configuration = _create_configuration(_create_auth_spec(module))
        except (ConfigException, OSError) as error:
            raise ClusterError(
                f"There is no usable connection to a cluster ({error}); give kubeconfig, or host and api_key, "
                "or set K8S_AUTH_KUBECONFIG."
            ) from error
        client = ApiClient(configuration)
        client.user_agent = FIELD_MANAGER
        for header, value in _create_headers(module).items():
            _set_header(client, header, value)
        self._server = configuration.host
        self._client = DynamicClient(client, discoverer=lambda *_: None)

    def find(
        self, kind: str, labels: Mapping[str, str], namespace: str | None = None, selectors: Iterable[str] = ()
    ) -> list[Manifest]:
        """All objects of a kind that carry the labels, with managedFields; namespace None means the whole cluster.

        selectors are further conditions on labels, in Kubernetes' own words.
        """
        selector = ",".join([*(f"{key}={value}" for key, value in labels.items()), *selectors])
        query: list[tuple[str, Any]] = [("labelSelector", selector), ("limit", _PAGE)]
        found: list[Manifest] = []
        token: str | None = ""
        while token is not None:
            page = self._request("get", _path(kind, namespace), [*query, ("continue", token)] if token else query)
            # The items of a list do not say what they are.
            found += [{**item, "kind": kind, "apiVersion": page["apiVersion"]} for item in page["items"]]
            token = page["metadata"].get("continue") or None
        return found

    def get(self, at: Ref) -> Manifest | None:
        """A live object, or None if there is none (nor its namespace)."""
        try:
            return self._request("get", _path(at.kind, at.namespace, at.name))
        except ClusterError as error:
            if error.status == 404 and not error.kind_is_unknown:
                return None
            raise

    def apply(self, manifest: Manifest, dry_run: bool = False) -> Manifest:
        """Server-side apply as our field manager.

        With dry_run the API server and its webhooks judge, and nothing is written. Conflicts are taken over: what the
        task names is the task's. Fields that it does not name stay untouched.
        """
        at = ref(manifest)
        query = [("fieldManager", FIELD_MANAGER), ("force", "true")] + ([("dryRun", "All")] if dry_run else [])
        return self._request(
            "patch", _path(at.kind, at.namespace, at.name), query, manifest, "application/apply-patch+yaml"
        )

    def create(self, manifest: Manifest) -> Manifest:
        """Creates an object, unless somebody else has done so meanwhile; own() then makes it an applied one."""
        at = ref(manifest)
        return self._request("post", _path(at.kind, at.namespace), [("fieldManager", FIELD_MANAGER)], manifest)

    def own(self, live: Manifest) -> Manifest:
        """Records what we have created as applied, if it is still as it was read; else apply could never remove it."""
        at = ref(live)
        version = live["metadata"]["resourceVersion"]
        patch = {"metadata": {"resourceVersion": version, "managedFields": created_as_applied(live)}}
        query = [("fieldManager", FIELD_MANAGER)]
        return self._request(
            "patch", _path(at.kind, at.namespace, at.name), query, patch, "application/merge-patch+json"
        )

    def delete(self, live: Manifest, as_read: bool = False) -> None:
        """Deletes exactly this object: not one that somebody has put in its place meanwhile. Gone already is fine.

        With as_read it is deleted only if nobody has changed it since.
        """
        at = ref(live)
        preconditions = {key: live["metadata"][key] for key in (("uid", "resourceVersion") if as_read else ("uid",))}
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions}
        try:
            self._request("delete", _path(at.kind, at.namespace, at.name), body=body)
        except ClusterError as error:
            if error.status != 404:
                raise

    def _request(
        self,
        method: str,
        path: str,
        query: list[tuple[str, Any]] | None = None,
        body: Manifest | None = None,
        content_type: str | None = None,
    ) -> Any:
        try:
            response = self._client.request(
                method,
                path,
                body=body,
                query_params=query or [],
                content_type=content_type,
                serialize=False,
                _request_timeout=_TIMEOUT_SECONDS,
            )
        except ApiException as error:
            raise _refusal(error, path) from error
        except HTTPError as error:
            raise ClusterError(f"The API server at {self._server} cannot be reached: {error}") from error
        return json.loads(response.data)


def _path(kind: str, namespace: str | None = None, name: str | None = None) -> str:
    group, plural = _KINDS[kind]
    root = f"/apis/{group}/v1" if group else "/api/v1"
    return root + (f"/namespaces/{namespace}" if namespace else "") + f"/{plural}" + (f"/{name}" if name else "")


def _refusal(error: ApiException, path: str) -> ClusterError:
    """The API server's refusal as one sentence (from its Status object)."""
    try:
        status = json.loads(error.body or "{}")
    except ValueError:
        status = {}
    message = status.get("message") or error.reason or f"HTTP {error.status}"
    resource = (status.get("details") or {}).get("kind")
    by_webhook = message.startswith(_DENIED)
    return ClusterError(readable(error.status, message, resource, path), error.status, resource, by_webhook)


def readable(status: int, message: str, resource: str | None = None, path: str = "") -> str:
    """A refusal's message in the words of our users; resource is the plural that it is about, if the server said so."""
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
        return "The API server does not accept the credentials: are they of this cluster, and current?"
    if status == 404 and resource == "namespaces":
        return f"{message.replace('namespaces', 'namespace', 1)}; create it first."
    if status == 404 and resource is None:
        if _CERT_MANAGER in path:
            return (
                "The cluster does not know cert-manager's cert-manager.io/v1 resources; install cert-manager first, "
                "for example with the role gatehouse.istio.cert_manager."
            )
        return (
            "The cluster does not know Istio's networking.istio.io/v1 resources; install Istio first, for example with "
            "the role gatehouse.istio.istio."
        )
    return message


def _webhooks_owner(webhook: str) -> str | None:
    if "validation" in webhook and "istio.io" in webhook:
        return "Istio"
    return "cert-manager" if webhook == "webhook.cert-manager.io" else None
