# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The client of the API server: the only file that imports kubernetes.core and kubernetes."""

from __future__ import annotations

import json
import re
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ansible.module_utils.basic import missing_required_lib
from ansible.module_utils.compat.version import LooseVersion

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from urllib3 import BaseHTTPResponse, HTTPHeaderDict

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

from .._argspec import ArgumentSpec
from .compact import CompactList
from .credentials import nothing_kept, read_into_memory
from .errors import (
    CONFLICT,
    ClusterError,
    UnknownKindError,
    api_error,
)
from .fields import created_as_applied
from .objects import FIELD_MANAGER, Manifest, Ref, ref
from .retry import (
    RETRY_SECONDS,
    Attempts,
    FailedAttempt,
    RetryPolicy,
    parse_retry_after,
)

KUBERNETES_IMPORT_ERROR: str | None = None
try:
    from kubernetes import __version__ as kubernetes_version
    from kubernetes.client import ApiClient
    from kubernetes.config import ConfigException
    from urllib3 import Retry, Timeout
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    # Redirects only. Left to itself, urllib3 would repeat some methods and not others, and a POST after Retry-After.
    _NO_RETRIES = Retry(total=None, connect=0, read=0, redirect=3, status=0, other=0, respect_retry_after_header=False)
except ImportError:
    KUBERNETES_IMPORT_ERROR = traceback.format_exc()

_OLDEST_KUBERNETES = "24.2.0"
CONNECTION = ArgumentSpec(argument_spec=AUTH_ARG_SPEC)

_ISTIO, _CERT_MANAGER, _ACME = "networking.istio.io", "cert-manager.io", "acme.cert-manager.io"
_INGRESS = "networking.k8s.io"
# Group (none: Kubernetes' oldest), plural; all of version v1.
_KINDS = {
    "Gateway": (_ISTIO, "gateways"),
    "VirtualService": (_ISTIO, "virtualservices"),
    "DestinationRule": (_ISTIO, "destinationrules"),
    "ServiceEntry": (_ISTIO, "serviceentries"),
    "WorkloadEntry": (_ISTIO, "workloadentries"),
    "RequestAuthentication": ("security.istio.io", "requestauthentications"),
    "Certificate": (_CERT_MANAGER, "certificates"),
    "CertificateRequest": (_CERT_MANAGER, "certificaterequests"),
    "Order": (_ACME, "orders"),
    "Issuer": (_CERT_MANAGER, "issuers"),
    "ClusterIssuer": (_CERT_MANAGER, "clusterissuers"),
    "Challenge": (_ACME, "challenges"),
    "Ingress": (_INGRESS, "ingresses"),
    "IngressClass": (_INGRESS, "ingressclasses"),
    "Deployment": ("apps", "deployments"),
    "EndpointSlice": ("discovery.k8s.io", "endpointslices"),
    "ConfigMap": ("", "configmaps"),
    "Namespace": ("", "namespaces"),
    "Pod": ("", "pods"),
    "Secret": ("", "secrets"),
    "Service": ("", "services"),
}
_PAGE = 500
_GONE = 410
_TIMEOUT_SECONDS = 60
_NOT_PLAIN_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_WARNING = re.compile(r'\b299 \S+ "((?:[^"\\]|\\.)*)"')
_VERSIONS = {"uid", "resourceVersion"}
_JSON, _APPLY, _MERGE = "application/json", "application/apply-patch+yaml", "application/merge-patch+json"


class KubernetesClient:
    """Reads and writes objects of the kinds in _KINDS.

    A request that meets a busy or restarting API server is retried (see retry). Every request may be: it is idempotent,
    or names the version or uid that it is about.
    """

    def __init__(self, module: AnsibleModule, connections: int = 1) -> None:
        """Connects by kubernetes.core's options and K8S_AUTH_* variables; raises ClusterError.

        connections: how many requests are sent at the same time, each over a connection that stays open. Any number of
        threads may use the client.
        """
        if KUBERNETES_IMPORT_ERROR:
            module.fail_json(msg=missing_required_lib("kubernetes"), exception=KUBERNETES_IMPORT_ERROR)
        if LooseVersion(kubernetes_version) < LooseVersion(_OLDEST_KUBERNETES):
            module.warn(
                f"The Python package kubernetes {kubernetes_version} is older than this collection supports; install "
                f"{_OLDEST_KUBERNETES} or newer on the host on which the module runs."
            )
        if isinstance(module.params.get("kubeconfig"), dict):
            module.no_log_values.update(extract_sensitive_values_from_kubeconfig(module.params["kubeconfig"]))
        try:
            with nothing_kept():
                configuration = _create_configuration(_create_auth_spec(module))
                configuration.connection_pool_maxsize = connections
                client = ApiClient(configuration)
                # The rest of the client would walk through every object that is sent, several times.
                self._pool = client.rest_client.pool_manager
                read_into_memory(self._pool)
        except (ConfigException, OSError) as error:
            raise ClusterError(
                f"There is no usable connection to a cluster ({error}); give kubeconfig, or host and api_key, "
                "or set K8S_AUTH_KUBECONFIG."
            ) from error
        client.user_agent = FIELD_MANAGER
        for header, value in _create_headers(module).items():
            _set_header(client, header, value)
        self._configuration = configuration
        self._headers = client.default_headers
        self._retry = RetryPolicy()
        self._token_lock = threading.Lock()
        self._at_once = threading.BoundedSemaphore(connections)
        # What the API server and its webhooks warn of, each with the object that it is about, as messages name that.
        self.warnings: dict[tuple[str, str], None] = {}
        # What is told of objects that are written (None: deleted).
        self.on_write: Callable[[Ref, Manifest | None], None] | None = None

    def find(
        self,
        kind: str,
        labels: Mapping[str, str],
        namespace: str | None = None,
        selectors: Iterable[str] = (),
        fields: str = "",
    ) -> list[Manifest]:
        """All objects of a kind that carry the labels; namespace None means the whole cluster.

        selectors are further label selectors, fields is a field selector. managedFields has only our entries, and the
        objects share them: they are for reading.
        """
        selector = ",".join([*(f"{key}={value}" for key, value in labels.items()), *selectors])
        query: list[tuple[str, Any]] = [("labelSelector", selector), ("limit", _PAGE)]
        if fields:
            query.append(("fieldSelector", fields))
        try:
            return self._pages(kind, namespace, query)
        except ClusterError as error:
            if error.status != _GONE:
                raise
        return self._pages(kind, namespace, query)  # it took so long that the continue token has expired

    def _pages(self, kind: str, namespace: str | None, query: list[tuple[str, Any]]) -> list[Manifest]:
        compact = CompactList()
        objects: list[Manifest] = []
        token: str | None = ""
        while token is not None:
            page = self._request("get", _path(kind, namespace), [*query, ("continue", token)] if token else query)
            # The items of a list do not carry kind and apiVersion.
            objects += [
                compact.kept({**item, "kind": kind, "apiVersion": page["apiVersion"]}) for item in page["items"]
            ]
            token = page["metadata"].get("continue") or None
        return objects

    def get(self, at: Ref) -> Manifest | None:
        """A live object; None if it, or its namespace, does not exist."""
        try:
            return self._request("get", _path(at.kind, at.namespace, at.name))
        except UnknownKindError:
            raise
        except ClusterError as error:
            if error.status == 404:
                return None
            raise

    def apply(self, manifest: Manifest, dry_run: bool = False) -> Manifest:
        """Server-side apply as our field manager; returns the object as it is then.

        With dry_run, the API server and its webhooks judge it, and nothing is written. Conflicts with other field
        managers are forced: the fields that the task names are the task's. Other fields stay untouched.
        """
        at = ref(manifest)
        query = [("fieldManager", FIELD_MANAGER), ("force", "true")] + ([("dryRun", "All")] if dry_run else [])
        live: Manifest = self._request("patch", _path(at.kind, at.namespace, at.name), query, manifest, _APPLY)
        return live if dry_run else self._written(at, live)

    def create(self, manifest: Manifest) -> Manifest:
        """Creates an object; ClusterError with CONFLICT if it exists by now. own() then makes it an applied one."""
        at = ref(manifest)
        query = [("fieldManager", FIELD_MANAGER)]
        return self._written(at, self._request("post", _path(at.kind, at.namespace), query, manifest))

    def own(self, live: Manifest) -> Manifest:
        """Records what we created as applied, if it is unchanged; otherwise apply could never remove its fields."""
        at = ref(live)
        version = live["metadata"]["resourceVersion"]
        patch = {"metadata": {"resourceVersion": version, "managedFields": created_as_applied(live)}}
        query = [("fieldManager", FIELD_MANAGER)]
        return self._written(at, self._request("patch", _path(at.kind, at.namespace, at.name), query, patch, _MERGE))

    def delete(self, live: Manifest, as_read: bool = False) -> None:
        """Deletes exactly this object, and not another one of its name. It may be deleted already.

        With as_read it is deleted only if it was not changed since.
        """
        at = ref(live)
        preconditions = {key: live["metadata"][key] for key in (("uid", "resourceVersion") if as_read else ("uid",))}
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions}
        try:
            self._request("delete", _path(at.kind, at.namespace, at.name), body=body)
        except ClusterError as error:
            if error.status != 404:
                raise
        self._written(at, None)

    def _written(self, at: Ref, live: Any) -> Any:
        if self.on_write:
            self.on_write(at, live)
        return live

    def _request(
        self,
        method: str,
        path: str,
        query: list[tuple[str, Any]] | None = None,
        body: Manifest | None = None,
        content_type: str = _JSON,
    ) -> Any:
        data = None if body is None else encoded(body)
        by_name_alone = content_type == _APPLY and not _VERSIONS & (body or {})["metadata"].keys()
        attempts, lost = Attempts(), False
        while True:
            try:
                with self._at_once:
                    answer = self._send(method, path, query, data, content_type)
            except HTTPError as error:
                failed = ClusterError(f"The API server at {self._configuration.host} cannot be reached: {error}")
                # A server that has accepted the request and kept us waiting that long is not restarting.
                failure = FailedAttempt(None, final=isinstance(getattr(error, "reason", error), ReadTimeoutError))
            else:
                if answer.status < 300:
                    self._retry.answered()
                    about = str(ref(body)) if body and "kind" in body and "metadata" in body else ""
                    self.warnings.update(dict.fromkeys((about, text) for text in warnings_in(answer.headers)))
                    return self._content(answer.data)
                failed = api_error(answer.status, answer.reason, answer.data, path)
                failure = FailedAttempt(
                    answer.status,
                    retry_after=parse_retry_after(answer.headers.get("Retry-After")),
                    race=by_name_alone and answer.status == CONFLICT,
                    final=failed.by_webhook,
                )
            pause = self._retry.pause(failure, attempts)
            if pause is None:
                failed = self._final_error(failed, failure, attempts)
                failed.perhaps_done, failed.is_unreachable = lost, failure.is_away
                raise failed
            lost = lost or failure.is_away
            time.sleep(pause)

    def _send(
        self, method: str, path: str, query: list[tuple[str, Any]] | None, data: bytes | None, content_type: str
    ) -> BaseHTTPResponse:
        """One attempt: urllib3 itself does not retry."""
        # A page of a list gets 17 times smaller, which costs no time here, as there is less to decrypt.
        headers = {"Accept": _JSON, "Accept-Encoding": "gzip", **self._headers, "Content-Type": content_type}
        with self._token_lock:  # a token may just have to be renewed
            token = self._configuration.auth_settings().get("BearerToken")
        if token:
            headers[token["key"]] = token["value"]
        url = self._configuration.host + path + (f"?{urlencode(query)}" if query else "")
        answer: BaseHTTPResponse = self._pool.request(
            method.upper(),
            url,
            body=data,
            headers=headers,
            timeout=Timeout(total=_TIMEOUT_SECONDS),
            retries=_NO_RETRIES,
        )
        return answer

    def _content(self, data: bytes) -> Any:
        try:
            return json.loads(data)
        except ValueError as error:
            raise ClusterError(
                f"What answers at {self._configuration.host} is not a Kubernetes API server: it does not send JSON."
            ) from error

    def _final_error(self, failed: ClusterError, failure: FailedAttempt, attempts: Attempts) -> ClusterError:
        if failure.is_busy and not failure.final:
            message = str(failed).rstrip(".")
            wait = f" and asks to wait {failure.retry_after:g} s" if failure.retry_after else ""
            return ClusterError(
                f"The API server at {self._configuration.host} is too busy: it answers {failed.status} ({message})"
                f"{wait} "
                f"at attempt {attempts.failed}. Run the task again later.",
                failed.status,
                failed.resource,
            )
        if failure.is_away and attempts.failed > 1:
            return ClusterError(f"{str(failed).rstrip('.')} (tried again for {RETRY_SECONDS:g} s)", failed.status)
        return failed


def warnings_in(headers: HTTPHeaderDict) -> list[str]:
    """The texts of the Warning headers of an answer (RFC 9111's predecessor, RFC 7234, 5.5, describes them)."""
    return [re.sub(r"\\(.)", r"\1", text) for value in headers.getlist("Warning") for text in _WARNING.findall(value)]


def encoded(manifest: Manifest) -> bytes:
    """An object as JSON that means the same when it is read as YAML, as server-side apply reads it.

    YAML does not know JSON's pairs of escapes for one character, and some characters must be escaped that JSON leaves.
    """
    text = json.dumps(manifest, ensure_ascii=False)
    escaped = _NOT_PLAIN_IN_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return escaped.encode(errors="backslashreplace")  # for single surrogates


def _path(kind: str, namespace: str | None = None, name: str | None = None) -> str:
    group, plural = _KINDS[kind]
    root = f"/apis/{group}/v1" if group else "/api/v1"
    return root + (f"/namespaces/{namespace}" if namespace else "") + f"/{plural}" + (f"/{name}" if name else "")
