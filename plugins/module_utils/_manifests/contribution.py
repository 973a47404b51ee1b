# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What one exposure adds to a Gateway that it shares with others, and the annotation that keeps it. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._kubernetes.objects import CONTRIBUTION_PREFIX, ExposureKey, Ref
from .._options.values import OptionError

_MAX_NAME_LENGTH = 63
# The key of Contribution.separate in annotations and in hashes of server names; live Gateways have both.
SEPARATE = "alone"

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


def protocol_family(server: Server) -> str:
    """HTTP, TLS, or another protocol. Servers of one family can share a port if they have host names (HTTP, SNI)."""
    protocol: str = server["port"]["protocol"].upper()
    if protocol in ("HTTP", "HTTP2", "GRPC", "GRPC-WEB"):
        return "HTTP"
    return "TLS" if protocol in ("HTTPS", "TLS") else protocol


def passes_through(server: Server) -> bool:
    return bool((server.get("tls") or {}).get("mode") == "PASSTHROUGH")


def ends_tls_of_connections(server: Server) -> bool:
    """Whether the gateway ends the TLS of connections that are not HTTP, and so have no routes by host."""
    return bool(server["port"]["protocol"].upper() == "TLS" and server.get("tls")) and not passes_through(server)


def settings_of(server: Server) -> dict[str, Any]:
    """The server without its hosts and without the name of its port."""
    port = {key: value for key, value in server["port"].items() if key != "name"}
    return {**{key: value for key, value in server.items() if key != "hosts"}, "port": port}


def to_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def serialize(contribution: Contribution) -> str:
    """The value of a contribution's annotation: compact JSON.

    Space is limited (ANNOTATIONS_LIMIT in shared_gateway.py), so empty values are left out, and hosts that all servers
    have stand once.
    """
    hosts = contribution.servers[0]["hosts"] if contribution.servers else []
    content = {
        "exposure": str(contribution.exposure),
        "selector": dict(contribution.selector),
        "hosts": list(hosts),
        "servers": [
            {**settings_of(server), **({"hosts": list(server["hosts"])} if server["hosts"] != hosts else {})}
            for server in contribution.servers
        ],
        "credentials": dict(contribution.credentials),
        SEPARATE: contribution.separate,
    }
    return to_json({key: value for key, value in content.items() if value})


def parse_contribution(at: Ref, key: str, text: str) -> Contribution:
    """The contribution in an annotation of the Gateway at; raises SharedGatewayError."""
    try:
        content = json.loads(text)
        namespace, name = content["exposure"].split("/")
        servers = tuple({"hosts": content.get("hosts"), **server} for server in content["servers"])
        for server in servers:  # raises the errors below if a field is missing or has another type
            protocol_family(server), server["port"]["number"] + 0, sorted(server["hosts"])
        return Contribution(
            exposure=ExposureKey(namespace, name),
            selector=dict(content["selector"]),
            servers=servers,
            credentials=dict(content.get("credentials") or {}),
            separate=bool(content.get(SEPARATE)),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SharedGatewayError(
            f"gateway.shared: the annotation {key} of {at} is not in the format of this module; restore it, or "
            "remove it and run the task of that exposure again."
        ) from error
