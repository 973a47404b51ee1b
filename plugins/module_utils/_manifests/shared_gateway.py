# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""A Gateway that many exposures share: what each one adds to it, and what it is with all of them. Pure.

What an exposure adds is kept as an annotation of its own on the Gateway, so spec.servers can always be worked out anew.
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

# A label, so that all shared Gateways are found.
SHARED = "gatehouse.istio/shared"
_LABELS = {MANAGED_BY: FIELD_MANAGER, SHARED: "true"}
_LONGEST_NAME = 63
# Kubernetes' limit for all annotations of an object, keys and values.
ANNOTATIONS_LIMIT = 256 * 1024

Server = Mapping[str, Any]


class SharedGatewayError(OptionError):
    """One sentence: why an exposure cannot be on a shared Gateway."""


@dataclass(frozen=True)
class Contribution:
    """What one exposure (namespace, name) adds to a shared Gateway.

    credentials says where its Certificate and its clients' CA are (the annotations that its own Gateway would have).
    alone keeps its TLS hosts out of the servers of others, see _move.
    """

    exposure: ExposureKey
    selector: Mapping[str, str]
    servers: tuple[Server, ...]
    credentials: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False


@dataclass(frozen=True)
class Change:
    """What one exposure does to a shared Gateway: its contribution is put there, or (None) taken out."""

    at: Ref
    exposure: ExposureKey
    contribution: Contribution | None

    def applied_to(self, live: Manifest | None) -> Manifest | None:
        """The whole Gateway with this change; None if nobody is left on it. Raises SharedGatewayError."""
        if live is not None and not is_shared(live):
            raise SharedGatewayError(_not_shared(live, self.exposure))
        own = annotation_key(self.exposure)
        texts = {key: text for key, text in _texts(live).items() if key != own}
        others = [_read(self.at, key, text) for key, text in texts.items()]
        contributions = others
        if self.contribution is not None:
            _check_selector(self.at, self.contribution, others)
            _check_servers(self.at, self.contribution, others)
            contributions = [*others, self.contribution]
            texts[own] = _text(self.contribution)
            _check_size(self.at, texts)
        return _manifest(self.at, contributions, texts) if contributions else None


def shared_gateway(at: Ref, contribution: Contribution) -> Manifest:
    """The Gateway with a single exposure on it."""
    return _manifest(at, [contribution], {annotation_key(contribution.exposure): _text(contribution)})


def is_shared(gateway: Manifest) -> bool:
    labels = gateway["metadata"].get("labels") or {}
    return gateway["kind"] == "Gateway" and all(labels.get(key) == value for key, value in _LABELS.items())


def is_on(gateway: Manifest, exposure: ExposureKey) -> bool:
    """Whether the Gateway is a shared one that the exposure has added to."""
    return is_shared(gateway) and annotation_key(exposure) in _texts(gateway)


def contribution_of(gateway: Manifest, exposure: ExposureKey) -> Contribution | None:
    """What the exposure has on a shared Gateway."""
    key = annotation_key(exposure)
    return _read(ref(gateway), key, _texts(gateway)[key]) if is_on(gateway, exposure) else None


def exposures_on(gateway: Manifest) -> list[str]:
    """Who is on a shared Gateway, as namespace/name."""
    return sorted(_said(_read(ref(gateway), key, text).exposure) for key, text in _texts(gateway).items())


def annotation_key(exposure: ExposureKey) -> str:
    """The annotation with an exposure's contribution. A long name ends in its hash: Kubernetes allows 63 characters."""
    name = ".".join(exposure)
    if len(name) > _LONGEST_NAME:
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        name = f"{name[: _LONGEST_NAME - 17].rstrip('.-')}-{digest}"
    return CONTRIBUTION_PREFIX + name


def only_changes(before: Manifest, after: Manifest) -> tuple[Manifest, Manifest]:
    """Both, without the contributions and the servers that are the same: those of other exposures."""
    if before == after:
        return before, after

    def pruned(this: Manifest, other: Manifest) -> Manifest:
        mine, theirs = _annotations(this), _annotations(other)
        annotations = {key: text for key, text in mine.items() if theirs.get(key) != text}
        servers = [server for server in _servers(this) if server not in _servers(other)]
        metadata = {**this.get("metadata", {}), "annotations": annotations}
        return {**this, "metadata": metadata, "spec": {**this.get("spec", {}), "servers": servers}}

    return pruned(before, after) if before else before, pruned(after, before) if after else after


def _annotations(gateway: Manifest) -> dict[str, str]:
    return gateway.get("metadata", {}).get("annotations") or {}


def _servers(gateway: Manifest) -> list[dict[str, Any]]:
    return gateway.get("spec", {}).get("servers") or []


def _texts(gateway: Manifest | None) -> dict[str, str]:
    found = _annotations(gateway) if gateway else {}
    return {key: text for key, text in sorted(found.items()) if key.startswith(CONTRIBUTION_PREFIX)}


def _manifest(at: Ref, contributions: list[Contribution], texts: Mapping[str, str]) -> Manifest:
    metadata = {"name": at.name, "namespace": at.namespace, "labels": dict(_LABELS), "annotations": dict(texts)}
    spec = {"selector": dict(contributions[-1].selector), "servers": merged(contributions)}
    return {"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": metadata, "spec": spec}


def merged(contributions: Iterable[Contribution]) -> list[dict[str, Any]]:
    """spec.servers: what is the same but for its hosts is one server.

    So all hosts of one certificate are in one server, and a browser that reuses its HTTP/2 connection for another of
    them finds it there. A server's name follows from its settings alone: who comes or goes renames no other.
    """
    found: dict[tuple[int, str, str], dict[str, Any]] = {}
    hosts: dict[tuple[int, str, str], set[str]] = {}
    for contribution in contributions:
        for server in contribution.servers:
            number, protocol = server["port"]["number"], server["port"]["protocol"]
            rest = {key: value for key, value in server.items() if key not in ("hosts", "port")}
            if contribution.alone and _family(server) == "TLS":
                rest = {"alone": _said(contribution.exposure), **rest}
            key = (number, protocol, _json(rest))
            name = f"{protocol.lower()}-{number}"
            if rest:
                name += f"-{hashlib.sha256(_json(rest).encode()).hexdigest()[:8]}"
            hosts.setdefault(key, set()).update(server["hosts"])
            port = {"number": number, "name": name, "protocol": protocol}
            found[key] = {**server, "port": port, "hosts": sorted(hosts[key])}
    return [found[key] for key in sorted(found)]


def _check_selector(at: Ref, mine: Contribution, others: list[Contribution]) -> None:
    for other in others:
        if other.selector != mine.selector:
            labels = ", ".join(f"{key}={value}" for key, value in sorted(other.selector.items()))
            raise SharedGatewayError(
                f"gateway.selector: {at} is shared with {_named(others)} and selects pods with {labels}; give the same "
                "selector, or share another Gateway."
            )


def _check_servers(at: Ref, mine: Contribution, others: list[Contribution]) -> None:
    """What istiod would drop: one port for two protocols, and one host with two settings on a port."""
    for server in mine.servers:
        port = server["port"]["number"]
        for other in others:
            for theirs in [found for found in other.servers if found["port"]["number"] == port]:
                if _family(theirs) != _family(server):
                    raise SharedGatewayError(
                        f"gateway: port {port} of {at} is for {theirs['port']['protocol']}, by the exposure "
                        f"{_said(other.exposure)}, and cannot be for {server['port']['protocol']} too; choose another "
                        "port, or share another Gateway."
                    )
                if _family(server) not in ("HTTP", "TLS"):
                    raise SharedGatewayError(
                        f"gateway: port {port} of {at} is taken by the exposure {_said(other.exposure)}, and "
                        "connections without HTTP or TLS do not say whose they are; choose another port."
                    )
                both = sorted(set(theirs["hosts"]) & set(server["hosts"]))
                if both and _settings(theirs) != _settings(server):
                    raise SharedGatewayError(
                        f"hosts: {at} serves '{both[0]}' on port {port} with other TLS settings, for the exposure "
                        f"{_said(other.exposure)}; give both the same tls, or remove the host from one of them."
                    )


def _check_size(at: Ref, texts: Mapping[str, str]) -> None:
    size = sum(len(key.encode()) + len(text.encode()) for key, text in texts.items())
    if size > ANNOTATIONS_LIMIT:
        raise SharedGatewayError(
            f"gateway.shared: {at} is full, as what its {len(texts)} exposures add would take {size} bytes of "
            f"annotations, and Kubernetes allows {ANNOTATIONS_LIMIT}; share another Gateway."
        )


def _family(server: Server) -> str:
    """What a port of Envoy can be shared by: plain HTTP, TLS told apart by SNI, or one other protocol."""
    protocol: str = server["port"]["protocol"].upper()
    if protocol in ("HTTP", "HTTP2", "GRPC", "GRPC-WEB"):
        return "HTTP"
    return "TLS" if protocol in ("HTTPS", "TLS") else protocol


def _settings(server: Server) -> dict[str, Any]:
    port = {key: value for key, value in server["port"].items() if key != "name"}
    return {**{key: value for key, value in server.items() if key != "hosts"}, "port": port}


def _not_shared(live: Manifest, exposure: ExposureKey) -> str:
    of = owner(live)
    if of == exposure:
        return f"gateway.shared: {ref(live)} is this exposure's own Gateway; choose another name for the shared one."
    whose = f"belongs to the exposure {_said(of)}" if of else "exists and is not one that this module shares"
    return f"gateway.shared: {ref(live)} {whose}; choose another name, or attach to it with gateway.existing."


def _named(contributions: list[Contribution]) -> str:
    """The first few exposures, by name."""
    names = sorted(_said(contribution.exposure) for contribution in contributions)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"the exposure{'s' if len(names) > 1 else ''} {', '.join(names[:3])}{more}"


def _said(exposure: ExposureKey) -> str:
    return str(exposure)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _text(contribution: Contribution) -> str:
    """A contribution as an annotation. Space is short: nothing that is empty or can be worked out, and hosts once."""
    hosts = contribution.servers[0]["hosts"] if contribution.servers else []
    content = {
        "exposure": _said(contribution.exposure),
        "selector": dict(contribution.selector),
        "hosts": list(hosts),
        "servers": [
            {**_settings(server), **({"hosts": list(server["hosts"])} if server["hosts"] != hosts else {})}
            for server in contribution.servers
        ],
        "credentials": dict(contribution.credentials),
        "alone": contribution.alone,
    }
    return _json({key: value for key, value in content.items() if value})


def _read(at: Ref, key: str, text: str) -> Contribution:
    try:
        content = json.loads(text)
        namespace, name = content["exposure"].split("/")
        servers = tuple({"hosts": content.get("hosts"), **server} for server in content["servers"])
        for server in servers:  # what is missing fails here, not somewhere later
            _family(server), server["port"]["number"] + 0, sorted(server["hosts"])
        return Contribution(
            exposure=ExposureKey(namespace, name),
            selector=dict(content["selector"]),
            servers=servers,
            credentials=dict(content.get("credentials") or {}),
            alone=bool(content.get("alone")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SharedGatewayError(
            f"gateway.shared: the annotation {key} of {at} is not as this module wrote it; put it back, or remove it "
            "and run the task of that exposure again."
        ) from error
