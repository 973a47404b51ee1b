# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The options of an exposure → an Exposure, or an OptionError with one sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._kubernetes.objects import CONTRIBUTION_PREFIX, ExposureKey
from .raw_fields import SERVER, raw_fields
from .routes import (
    Route,
    Subset,
    check_connections,
    parse_routes,
    parse_subsets,
)
from .tls import Tls, parse_tls
from .values import (
    OptionError,
    check_export_to,
    check_hosts,
    check_label,
    check_labels,
    check_port,
    check_strings,
)

_RESERVED_LABELS = ("app.kubernetes.io/managed-by", "gatehouse.istio/")
_SERVER_OPTIONS = {"hosts": "option hosts", "port": "option protocol and the ports of gateway"}
_RESERVED_ANNOTATIONS = ("gatehouse.istio/", CONTRIBUTION_PREFIX)


@dataclass(frozen=True)
class OwnGateway:
    """A Gateway object that belongs to the exposure; if shared, it has servers of other exposures, too.

    selector selects the gateway's pods by their labels; server_spec has raw fields of Istio's Server.
    """

    namespace: str
    name: str
    selector: Mapping[str, str]
    http_port: int = 80
    https_port: int = 443
    pods_namespace: str | None = None
    tcp_port: int | None = None
    server_spec: Mapping[str, Any] = field(default_factory=dict)
    shared: bool = False


@dataclass(frozen=True)
class ExistingGateway:
    """A Gateway object that the exposure does not manage, but binds its routes to."""

    namespace: str
    name: str
    http_port: int = 80
    https_port: int = 443
    tcp_port: int | None = None


@dataclass(frozen=True)
class Exposure:
    """The desired state: the hosts, the gateway that serves them, its TLS settings, and the routes to back ends."""

    namespace: str
    name: str
    hosts: tuple[str, ...]
    gateway: OwnGateway | ExistingGateway
    tls: Tls
    routes: tuple[Route, ...]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    protocol: str = "http"
    subsets: tuple[Subset, ...] = ()
    export_to: tuple[str, ...] = ()

    @property
    def key(self) -> ExposureKey:
        return ExposureKey(self.namespace, self.name)

    @property
    def is_http(self) -> bool:
        """Whether the hosts are served by HTTP and so have URLs."""
        return self.protocol == "http"

    @property
    def gateway_port(self) -> int:
        """The port of the gateway's Service at which the hosts are served."""
        if self.tls.mode != "none":
            return self.gateway.https_port
        return self.gateway.http_port if self.gateway.tcp_port is None else self.gateway.tcp_port

    @property
    def needs_pods_namespace(self) -> bool:
        """Whether it has a Certificate or a client CA, which must be in the namespace of the gateway's pods."""
        tls = self.tls
        return isinstance(self.gateway, OwnGateway) and (
            tls.certificate is not None or tls.asks_for_client_certificates
        )


def parse_key(params: Mapping[str, Any]) -> ExposureKey:
    """The exposure's namespace and name from a module's params; raises OptionError."""
    for option in ("namespace", "name"):
        check_label(option, params[option])
    return ExposureKey(params["namespace"], params["name"])


def parse(params: Mapping[str, Any]) -> Exposure:
    """The exposure that a module's params (see argument_spec.EXPOSURE) describe; raises OptionError."""
    namespace, name = parse_key(params)
    hosts = check_hosts("hosts", params["hosts"])
    if not params.get("gateway"):
        raise OptionError("gateway: it is empty; set selector, for example to {istio: ingressgateway}, or existing.")
    gateway = _gateway(params["gateway"], namespace, name)
    tls = parse_tls(params.get("tls"), hosts, f"{name}.{namespace}", isinstance(gateway, ExistingGateway))
    routes = parse_routes(params, namespace)
    protocol = params.get("protocol") or "http"
    _check_protocol(protocol, gateway, tls)
    _check_redirect(tls, hosts, gateway)
    if tls.mode == "passthrough" or protocol != "http":
        reason = "tls.mode=passthrough" if tls.mode == "passthrough" else f"protocol={protocol}"
        check_connections(routes, reason)
    return Exposure(
        namespace=namespace,
        name=name,
        hosts=hosts,
        gateway=gateway,
        tls=tls,
        routes=routes,
        labels=check_labels("labels", params.get("labels"), reserved=_RESERVED_LABELS),
        annotations=check_strings("annotations", params.get("annotations"), reserved=_RESERVED_ANNOTATIONS),
        protocol=protocol,
        subsets=parse_subsets(params, namespace),
        export_to=check_export_to(params.get("export_to"), namespace),
    )


def _check_protocol(protocol: str, gateway: OwnGateway | ExistingGateway, tls: Tls) -> None:
    if gateway.tcp_port is not None and (protocol == "http" or tls.mode != "none"):
        reason, port = ("protocol=http", "http_port") if protocol == "http" else (f"tls.mode={tls.mode}", "https_port")
        raise OptionError(
            f"gateway.tcp_port: it has no meaning with {reason}; remove it, or set gateway.{port} instead."
        )
    if protocol == "http":
        return
    if tls.mode == "none" and gateway.tcp_port is None:
        raise OptionError(
            f"gateway.tcp_port: protocol={protocol} needs it without tls; give a port of the gateway's Service that no "
            "other exposure uses."
        )
    if tls.redirect:
        raise OptionError(f"tls.redirect: it has no meaning with protocol={protocol}, which has no URLs; remove it.")


def _check_redirect(tls: Tls, hosts: tuple[str, ...], gateway: OwnGateway | ExistingGateway) -> None:
    if not tls.redirect:
        return
    if gateway.http_port == gateway.https_port:
        raise OptionError(
            f"gateway: http_port and https_port are both {gateway.http_port}; with tls.redirect they must differ."
        )
    wildcards = [host for host in hosts if "*" in host]
    if wildcards and gateway.https_port == 443 and gateway.http_port != 80:
        raise OptionError(
            f"tls.redirect: Istio cannot redirect '{wildcards[0]}' from port {gateway.http_port} to 443, as it keeps "
            "the port that a client has asked for; set gateway.http_port: 80, or list hosts without wildcards."
        )


def _gateway(options: Mapping[str, Any], namespace: str, name: str) -> OwnGateway | ExistingGateway:
    defaults = {"http_port": 80, "https_port": 443}
    given = {name: options.get(name) for name in (*defaults, "tcp_port")}
    ports = {name: check_port(f"gateway.{name}", port) for name, port in given.items() if port is not None}
    http_port, https_port = (ports.get(name, default) for name, default in defaults.items())
    tcp_port = ports.get("tcp_port")
    if options.get("existing"):
        existing_namespace, existing_name = _namespace_and_name("gateway.existing", options["existing"], namespace)
        return ExistingGateway(existing_namespace, existing_name, http_port, https_port, tcp_port)
    selector = check_labels("gateway.selector", options.get("selector"))
    if not selector:
        raise OptionError(
            "gateway.selector: it is empty, and an empty selector matches every gateway and sidecar of the mesh; "
            "give the labels of one ingress gateway's pods, such as {istio: ingressgateway}."
        )
    if options.get("shared"):
        gateway_namespace, gateway_name = _namespace_and_name("gateway.shared", options["shared"], namespace)
    else:
        gateway_namespace, gateway_name = options.get("namespace") or namespace, options.get("name") or name
    own = OwnGateway(
        namespace=gateway_namespace,
        name=gateway_name,
        selector=selector,
        http_port=http_port,
        https_port=https_port,
        pods_namespace=options.get("pods_namespace"),
        tcp_port=tcp_port,
        server_spec=raw_fields("gateway.server_spec", options.get("server_spec"), SERVER, _SERVER_OPTIONS),
        shared=bool(options.get("shared")),
    )
    check_label("gateway.namespace", own.namespace)
    check_label("gateway.name", own.name)
    if own.pods_namespace is not None:
        check_label("gateway.pods_namespace", own.pods_namespace)
    return own


def _namespace_and_name(option: str, value: str, default_namespace: str) -> tuple[str, str]:
    """Splits namespace/name, or a name in the default namespace; raises OptionError."""
    first, slash, second = value.partition("/")
    namespace, name = (first, second) if slash else (default_namespace, first)
    check_label(option, namespace)
    check_label(option, name)
    return namespace, name
