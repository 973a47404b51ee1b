# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""A Gateway that several exposures share: the contribution of each, and the Gateway with all of them. Pure.

The Gateway has an annotation for each contribution, from which spec.servers is computed at every change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._kubernetes.objects import (
    CONTRIBUTION_PREFIX,
    FIELD_MANAGER,
    MANAGED_BY,
    ExposureKey,
    Manifest,
    Ref,
    owner,
    ref,
)
from .._options.values import OptionError

# The label by which shared Gateways are listed.
SHARED = "gatehouse.istio/shared"
_LABELS = {MANAGED_BY: FIELD_MANAGER, SHARED: "true"}
_MAX_NAME_LENGTH = 63
# Kubernetes' limit in bytes for all annotations of an object, keys and values
# (TotalAnnotationSizeLimitB in k8s.io/apimachinery/pkg/api/validation).
ANNOTATIONS_LIMIT = 256 * 1024

# The key of Contribution.separate in annotations and in hashes of server names; live Gateways have both.
_SEPARATE = "alone"

Server = Mapping[str, Any]


class SharedGatewayError(OptionError):
    """One sentence about an exposure that cannot be added to a shared Gateway."""


@dataclass(frozen=True)
class Contribution:
    """What one exposure adds to a shared Gateway.

    credentials are the annotations with the locations of its Certificate and its clients' CA, as on an own Gateway.
    separate keeps its TLS hosts out of other exposures' servers while it moves between Gateways, see _plan/order.py.
    """

    exposure: ExposureKey
    selector: Mapping[str, str]
    servers: tuple[Server, ...]
    credentials: Mapping[str, str] = field(default_factory=dict)
    separate: bool = False


@dataclass(frozen=True)
class Change:
    """A change of a shared Gateway: one exposure's contribution is added or replaced, or removed (None)."""

    at: Ref
    exposure: ExposureKey
    contribution: Contribution | None

    def applied_to(self, live: Manifest | None) -> Manifest | None:
        """The whole Gateway after this change; None if no exposure is left on it. Raises SharedGatewayError."""
        if live is not None and not is_shared(live):
            raise SharedGatewayError(_unshared_message(live, self.exposure))
        own_key = annotation_key(self.exposure)
        annotations = {key: text for key, text in _contribution_annotations(live).items() if key != own_key}
        others = [_parse_contribution(self.at, key, text) for key, text in annotations.items()]
        contributions = others
        if self.contribution is not None:
            _check_selector(self.at, self.contribution, others)
            _check_servers(self.at, self.contribution, others)
            contributions = [*others, self.contribution]
            annotations[own_key] = _serialize(self.contribution)
            _check_size(self.at, annotations)
        return _manifest(self.at, contributions, annotations) if contributions else None


def shared_gateway(at: Ref, contribution: Contribution) -> Manifest:
    """The shared Gateway with a single exposure."""
    return _manifest(at, [contribution], {annotation_key(contribution.exposure): _serialize(contribution)})


def is_shared(gateway: Manifest) -> bool:
    """Whether the object is a Gateway with the labels of a shared one."""
    labels = gateway["metadata"].get("labels") or {}
    return gateway["kind"] == "Gateway" and all(labels.get(key) == value for key, value in _LABELS.items())


def is_on(gateway: Manifest, exposure: ExposureKey) -> bool:
    """Whether the Gateway is a shared one with a contribution of the exposure."""
    return is_shared(gateway) and annotation_key(exposure) in _contribution_annotations(gateway)


def belongs_to(live: Manifest, exposure: ExposureKey) -> bool:
    """Whether a live object is labelled as the exposure's own, or is a shared Gateway that the exposure is on."""
    return owner(live) == exposure or is_on(live, exposure)


def contribution_of(gateway: Manifest, exposure: ExposureKey) -> Contribution | None:
    """The exposure's contribution to a Gateway; None if it is not on it. Raises SharedGatewayError."""
    if not is_on(gateway, exposure):
        return None
    key = annotation_key(exposure)
    return _parse_contribution(ref(gateway), key, _contribution_annotations(gateway)[key])


def exposures_on(gateway: Manifest) -> list[str]:
    """The exposures on a shared Gateway as namespace/name, sorted. Raises SharedGatewayError."""
    annotations = _contribution_annotations(gateway)
    return sorted(str(_parse_contribution(ref(gateway), key, text).exposure) for key, text in annotations.items())


def annotation_key(exposure: ExposureKey) -> str:
    """The key of the annotation with an exposure's contribution.

    A long name is cut and ends in a hash, because Kubernetes limits the part after the slash to 63 characters
    (https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/#syntax-and-character-set).
    """
    name = ".".join(exposure)
    if len(name) > _MAX_NAME_LENGTH:
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        name = f"{name[: _MAX_NAME_LENGTH - 17].rstrip('.-')}-{digest}"
    return CONTRIBUTION_PREFIX + name


def only_changes(before: Manifest, after: Manifest) -> tuple[Manifest, Manifest]:
    """Both Gateways without the contributions and servers that are the same in both, for a short diff."""
    if before == after:
        return before, after

    def pruned(this: Manifest, other: Manifest) -> Manifest:
        other_annotations = _annotations(other)
        annotations = {key: text for key, text in _annotations(this).items() if other_annotations.get(key) != text}
        servers = [server for server in _servers(this) if server not in _servers(other)]
        metadata = {**this.get("metadata", {}), "annotations": annotations}
        return {**this, "metadata": metadata, "spec": {**this.get("spec", {}), "servers": servers}}

    return pruned(before, after) if before else before, pruned(after, before) if after else after


def _annotations(gateway: Manifest) -> dict[str, str]:
    return gateway.get("metadata", {}).get("annotations") or {}


def _servers(gateway: Manifest) -> list[dict[str, Any]]:
    return gateway.get("spec", {}).get("servers") or []


def _contribution_annotations(gateway: Manifest | None) -> dict[str, str]:
    """The serialized contributions by annotation key, sorted."""
    annotations = _annotations(gateway) if gateway else {}
    return {key: text for key, text in sorted(annotations.items()) if key.startswith(CONTRIBUTION_PREFIX)}


def _manifest(at: Ref, contributions: list[Contribution], annotations: Mapping[str, str]) -> Manifest:
    metadata = {"name": at.name, "namespace": at.namespace, "labels": dict(_LABELS), "annotations": dict(annotations)}
    spec = {"selector": dict(contributions[-1].selector), "servers": merged_servers(contributions)}
    return {"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": metadata, "spec": spec}


def merged_servers(contributions: Iterable[Contribution]) -> list[dict[str, Any]]:
    """The Gateway's spec.servers: servers that differ only in their hosts become one server.

    So all hosts of one certificate are on one server, which a browser needs when it reuses an HTTP/2 connection for
    another of them (RFC 9113, section 9.1.1). A server is named by its settings, so its name does not change when
    exposures come or go.
    """
    by_settings: dict[tuple[int, str, str], dict[str, Any]] = {}
    hosts: dict[tuple[int, str, str], set[str]] = {}
    for contribution in contributions:
        for server in contribution.servers:
            number, protocol = server["port"]["number"], server["port"]["protocol"]
            settings = {key: value for key, value in server.items() if key not in ("hosts", "port")}
            if contribution.separate and _protocol_family(server) == "TLS":
                settings = {_SEPARATE: str(contribution.exposure), **settings}
            key = (number, protocol, _json(settings))
            name = f"{protocol.lower()}-{number}"
            if settings:
                name += f"-{hashlib.sha256(_json(settings).encode()).hexdigest()[:8]}"
            hosts.setdefault(key, set()).update(server["hosts"])
            port = {"number": number, "name": name, "protocol": protocol}
            by_settings[key] = {**server, "port": port, "hosts": sorted(hosts[key])}
    return [by_settings[key] for key in sorted(by_settings)]


def _check_selector(at: Ref, mine: Contribution, others: list[Contribution]) -> None:
    for other in others:
        if other.selector != mine.selector:
            labels = ", ".join(f"{key}={value}" for key, value in sorted(other.selector.items()))
            raise SharedGatewayError(
                f"gateway.selector: {at} is shared with {_list_exposures(others)} and selects pods with {labels}; "
                "give the same selector, or share another Gateway."
            )


def _check_servers(at: Ref, mine: Contribution, others: list[Contribution]) -> None:
    """Raises SharedGatewayError for servers that istiod would drop.

    These are two protocols on one port, and two settings for one host on a port.
    """
    for server in mine.servers:
        port = server["port"]["number"]
        for other in others:
            for theirs in [entry for entry in other.servers if entry["port"]["number"] == port]:
                if _protocol_family(theirs) != _protocol_family(server):
                    raise SharedGatewayError(
                        f"gateway: port {port} of {at} serves {theirs['port']['protocol']} for the exposure "
                        f"{other.exposure} and cannot serve {server['port']['protocol']}, too; choose another port, or "
                        "share another Gateway."
                    )
                if _protocol_family(server) not in ("HTTP", "TLS"):
                    raise SharedGatewayError(
                        f"gateway: port {port} of {at} is used by the exposure {other.exposure}, and only HTTP and TLS "
                        "connections have a host name by which a port can be shared; choose another port."
                    )
                common_hosts = sorted(set(theirs["hosts"]) & set(server["hosts"]))
                if common_hosts and _settings(theirs) != _settings(server):
                    raise SharedGatewayError(
                        f"hosts: {at} serves '{common_hosts[0]}' on port {port} with other TLS settings, for the "
                        f"exposure {other.exposure}; give both the same tls, or remove the host from one of them."
                    )


def _check_size(at: Ref, annotations: Mapping[str, str]) -> None:
    size = sum(len(key.encode()) + len(text.encode()) for key, text in annotations.items())
    if size > ANNOTATIONS_LIMIT:
        raise SharedGatewayError(
            f"gateway.shared: {at} is full, because its {len(annotations)} exposures would need {size} bytes of "
            f"annotations, and Kubernetes allows {ANNOTATIONS_LIMIT}; share another Gateway."
        )


def _protocol_family(server: Server) -> str:
    """HTTP, TLS, or another protocol. Servers of one family can share a port if they have host names (HTTP, SNI)."""
    protocol: str = server["port"]["protocol"].upper()
    if protocol in ("HTTP", "HTTP2", "GRPC", "GRPC-WEB"):
        return "HTTP"
    return "TLS" if protocol in ("HTTPS", "TLS") else protocol


def _settings(server: Server) -> dict[str, Any]:
    """The server without its hosts and without the name of its port."""
    port = {key: value for key, value in server["port"].items() if key != "name"}
    return {**{key: value for key, value in server.items() if key != "hosts"}, "port": port}


def _unshared_message(live: Manifest, exposure: ExposureKey) -> str:
    owner_key = owner(live)
    if owner_key == exposure:
        return f"gateway.shared: {ref(live)} is this exposure's own Gateway; choose another name for the shared one."
    problem = (
        f"belongs to the exposure {owner_key}" if owner_key else "exists and is not a shared Gateway of this module"
    )
    return f"gateway.shared: {ref(live)} {problem}; choose another name, or attach to it with gateway.existing."


def _list_exposures(contributions: list[Contribution]) -> str:
    """The first three exposures for a message, and the number of the others."""
    names = sorted(str(contribution.exposure) for contribution in contributions)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"the exposure{'s' if len(names) > 1 else ''} {', '.join(names[:3])}{more}"


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _serialize(contribution: Contribution) -> str:
    """The value of a contribution's annotation: compact JSON.

    Space is limited (see ANNOTATIONS_LIMIT), so empty values are left out, and hosts that all servers have stand once.
    """
    hosts = contribution.servers[0]["hosts"] if contribution.servers else []
    content = {
        "exposure": str(contribution.exposure),
        "selector": dict(contribution.selector),
        "hosts": list(hosts),
        "servers": [
            {**_settings(server), **({"hosts": list(server["hosts"])} if server["hosts"] != hosts else {})}
            for server in contribution.servers
        ],
        "credentials": dict(contribution.credentials),
        _SEPARATE: contribution.separate,
    }
    return _json({key: value for key, value in content.items() if value})


def _parse_contribution(at: Ref, key: str, text: str) -> Contribution:
    """The contribution in an annotation of the Gateway at; raises SharedGatewayError."""
    try:
        content = json.loads(text)
        namespace, name = content["exposure"].split("/")
        servers = tuple({"hosts": content.get("hosts"), **server} for server in content["servers"])
        for server in servers:  # raises the errors below if a field is missing or has another type
            _protocol_family(server), server["port"]["number"] + 0, sorted(server["hosts"])
        return Contribution(
            exposure=ExposureKey(namespace, name),
            selector=dict(content["selector"]),
            servers=servers,
            credentials=dict(content.get("credentials") or {}),
            separate=bool(content.get(_SEPARATE)),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SharedGatewayError(
            f"gateway.shared: the annotation {key} of {at} is not in the format of this module; restore it, or "
            "remove it and run the task of that exposure again."
        ) from error
