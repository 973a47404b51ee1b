# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Exposures → the Kubernetes objects that they become, and the URLs at which they are served. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from .._istio.hosts import is_within, without_namespace
from .._kubernetes.objects import (
    CLIENT_CA,
    PODS_NAMESPACE,
    Manifest,
    Ref,
    merged,
    ownership_labels,
)
from .._options.exposure import (
    Exposure,
    OwnGateway,
)
from .._options.routes import Subset
from .._options.tls import Certificate
from .routes import http_route, tcp_route, tls_route
from .shared_gateway import Contribution, shared_gateway

_API_VERSIONS = {
    "Certificate": "cert-manager.io/v1",
    "Secret": "v1",
    "Gateway": "networking.istio.io/v1",
    "VirtualService": "networking.istio.io/v1",
    "DestinationRule": "networking.istio.io/v1",
}
CLIENT_CA_KEY = "ca.crt"


def manifests(exposure: Exposure, pods_namespace: str | None = None) -> list[Manifest]:
    """The exposure's objects in the order in which they are written.

    pods_namespace is where the gateway's pods are, and Istio looks for Secrets. Objects that belong there are left out
    if it is not known.
    """
    at = Ref("VirtualService", exposure.namespace, exposure.name)
    virtual_service = _object(exposure, at, {"spec": _virtual_service(exposure)})
    rules = _destination_rules(exposure)
    own = exposure.gateway
    if not isinstance(own, OwnGateway):
        return [*rules, virtual_service]
    credentials = _credentials(exposure, pods_namespace) if pods_namespace else []
    return [*credentials, _gateway(exposure, own, pods_namespace), *rules, virtual_service]


def _gateway(exposure: Exposure, gateway: OwnGateway, pods_namespace: str | None) -> Manifest:
    """Its own Gateway; a shared one as if nobody else were on it (the plan adds the others)."""
    at = Ref("Gateway", gateway.namespace, gateway.name)
    put = _where_credentials_are(exposure, pods_namespace) if pods_namespace else {}
    if gateway.shared:
        return shared_gateway(at, Contribution(exposure.key, gateway.selector, tuple(servers(exposure, gateway)), put))
    spec = {"selector": dict(gateway.selector), "servers": servers(exposure, gateway)}
    return _object(exposure, at, {"spec": spec}, put)


def _object(
    exposure: Exposure, at: Ref, content: dict[str, Any], annotations: Mapping[str, str] | None = None
) -> Manifest:
    metadata: dict[str, Any] = {
        "name": at.name,
        "namespace": at.namespace,
        "labels": {**exposure.labels, **ownership_labels(exposure.namespace, exposure.name)},
    }
    if exposure.annotations or annotations:
        metadata["annotations"] = {**exposure.annotations, **(annotations or {})}
    return {"apiVersion": _API_VERSIONS[at.kind], "kind": at.kind, "metadata": metadata, **content}


def _credentials(exposure: Exposure, namespace: str) -> list[Manifest]:
    """What Istio needs beside the gateway's pods: the Certificate (cert-manager makes its Secret), the clients' CA."""
    found = []
    tls = exposure.tls
    if tls.certificate and tls.credential_name:
        at = Ref("Certificate", namespace, tls.credential_name)
        found.append(_object(exposure, at, {"spec": _certificate_spec(tls.certificate, tls.credential_name)}))
    if tls.client_ca:
        data = {CLIENT_CA_KEY: base64.b64encode(tls.client_ca.encode()).decode()}
        found.append(_object(exposure, Ref("Secret", namespace, tls.client_ca_secret), {"data": data}))
    return found


def _where_credentials_are(exposure: Exposure, namespace: str) -> dict[str, str]:
    found = {PODS_NAMESPACE: namespace}
    if exposure.tls.client_ca:
        found[CLIENT_CA] = f"{namespace}/{exposure.tls.client_ca_secret}"
    return found


def _certificate_spec(certificate: Certificate, secret: str) -> dict[str, Any]:
    issuer = certificate.issuer
    spec: dict[str, Any] = {
        "secretName": secret,
        "issuerRef": {"name": issuer.name, "kind": issuer.kind, "group": issuer.group},
        "dnsNames": list(certificate.dns_names),
        "duration": certificate.duration,
        "renewBefore": certificate.renew_before,
        "privateKey": dict(certificate.private_key) or None,
        "usages": list(certificate.usages) or None,
    }
    return merged(spec, certificate.spec)


def _destination_rules(exposure: Exposure) -> list[Manifest]:
    """One for each Service that has subsets: without it, routes to them would lead nowhere."""
    by_service: dict[str, list[Subset]] = {}
    for subset in exposure.subsets:
        by_service.setdefault(subset.service, []).append(subset)
    return [
        _object(
            exposure,
            Ref("DestinationRule", exposure.namespace, f"{exposure.name}-{service}"),
            {
                "spec": {
                    "host": subsets[0].host,
                    "subsets": [{"name": subset.name, "labels": dict(subset.labels)} for subset in subsets],
                }
            },
        )
        for service, subsets in by_service.items()
    ]


def servers(exposure: Exposure, gateway: OwnGateway) -> list[dict[str, Any]]:
    """The Gateway's servers: one that serves the hosts, and with tls.redirect one whose requests are sent there.

    httpsRedirect takes every request, ACME challenges too, before Envoy asks any route. So it is used only for hosts
    with a wildcard, which no HTTP challenge can prove; else the VirtualService redirects. On a shared Gateway it always
    does, as httpsRedirect would take the hosts of others that the wildcard matches, too.
    """
    found = [merged(_serving(exposure), gateway.server_spec)]
    if exposure.tls.redirect:
        settings = {} if redirects_by_route(exposure) else {"httpsRedirect": True}
        found.append(_server(exposure, "http", "HTTP", gateway.http_port, settings))
    return found


def _serving(exposure: Exposure) -> dict[str, Any]:
    tls, port = exposure.tls, exposure.gateway_port
    if tls.mode == "none":
        return _server(exposure, exposure.protocol, exposure.protocol.upper(), port)
    settings: dict[str, Any] = {"mode": tls.mode.upper()}
    if tls.credential_name:
        settings["credentialName"] = tls.credential_name
    if tls.min_protocol_version:
        settings["minProtocolVersion"] = tls.min_protocol_version
    is_https = exposure.is_http and tls.mode != "passthrough"
    name, protocol = ("https", "HTTPS") if is_https else ("tls", "TLS")
    return _server(exposure, name, protocol, port, settings)


def redirects_by_route(exposure: Exposure) -> bool:
    """Whether the VirtualService, and not the Gateway, redirects HTTP to HTTPS."""
    gateway = exposure.gateway
    own = isinstance(gateway, OwnGateway) and not gateway.shared
    return exposure.tls.redirect and not (own and any("*" in host for host in exposure.hosts))


def _server(
    exposure: Exposure, name: str, protocol: str, port: int, tls: dict[str, Any] | None = None
) -> dict[str, Any]:
    server: dict[str, Any] = {
        "port": {"number": port, "name": name, "protocol": protocol},
        "hosts": list(exposure.hosts),
    }
    if tls:
        server["tls"] = tls
    return server


def _virtual_service(exposure: Exposure) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "hosts": list(exposure.hosts),
        # Always with the namespace: without it Istio looks beside the VirtualService, and elsewhere the answer is 404.
        "gateways": [f"{exposure.gateway.namespace}/{exposure.gateway.name}"],
    }
    if exposure.export_to:
        spec["exportTo"] = list(exposure.export_to)
    if exposure.tls.mode == "passthrough":
        spec["tls"] = [tls_route(exposure.routes[0], exposure.hosts)]
    elif exposure.is_http:
        spec["http"] = [http_route(route) for route in exposure.routes]
    else:
        spec["tcp"] = [tcp_route(exposure.routes[0], exposure.gateway_port)]
    if redirects_by_route(exposure):
        spec["http"] = [_redirect(exposure), *spec.get("http", [])]
    return spec


def _redirect(exposure: Exposure) -> dict[str, Any]:
    """HTTP to HTTPS. It matches no path, so that istiod puts it behind every route of the host that does.

    That is how the challenges of ACME (HTTP-01) get through: cert-manager makes an Ingress for their path.
    """
    to: dict[str, Any] = {"scheme": "https", "redirectCode": 301}
    if exposure.gateway.https_port != 443:
        to["port"] = exposure.gateway.https_port
    return {"name": "https-redirect", "match": [{"port": exposure.gateway.http_port}], "redirect": to}


def urls(hosts: Iterable[str], gateway_servers: list[dict[str, Any]], redirected_port: int | None = None) -> list[str]:
    """The URLs of the hosts through a Gateway's servers, redirects left out; a wildcard host stays as it is."""
    found = []
    for host in hosts:
        for server in gateway_servers:
            scheme = _scheme(server) if server["port"]["number"] != redirected_port else None
            if scheme and any(is_within(host, without_namespace(served)) for served in server.get("hosts", [])):
                port = server["port"]["number"]
                default_port = {"http": 80, "https": 443}[scheme]
                found.append(f"{scheme}://{host}/" if port == default_port else f"{scheme}://{host}:{port}/")
    return found


def _scheme(server: dict[str, Any]) -> str | None:
    if server.get("tls", {}).get("httpsRedirect"):
        return None
    protocol = server.get("port", {}).get("protocol", "").upper()
    return {"HTTP": "http", "HTTP2": "http", "GRPC": "http", "HTTPS": "https", "TLS": "https"}.get(protocol)
