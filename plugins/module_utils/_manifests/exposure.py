# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""An Exposure → its Kubernetes objects and its URLs. Pure."""

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
from .contribution import Contribution
from .routes import http_route, tcp_route, tls_route
from .shared_gateway import shared_gateway

_API_VERSIONS = {
    "Certificate": "cert-manager.io/v1",
    "Secret": "v1",
    "Gateway": "networking.istio.io/v1",
    "VirtualService": "networking.istio.io/v1",
    "DestinationRule": "networking.istio.io/v1",
}
# The key of the clients' CA in its Secret (https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings).
CLIENT_CA_KEY = "ca.crt"


def manifests(exposure: Exposure, pods_namespace: str | None = None) -> list[Manifest]:
    """The exposure's objects in the order in which they are applied.

    pods_namespace is the namespace of the gateway's pods, in which Istio looks up Secrets. Without it, the objects of
    that namespace are left out.
    """
    at = Ref("VirtualService", exposure.namespace, exposure.name)
    virtual_service = _object(exposure, at, {"spec": _virtual_service(exposure)})
    rules = _destination_rules(exposure)
    gateway = exposure.gateway
    if not isinstance(gateway, OwnGateway):
        return [*rules, virtual_service]
    credentials = _credentials(exposure, pods_namespace) if pods_namespace else []
    return [*credentials, _gateway(exposure, gateway, pods_namespace), *rules, virtual_service]


def _gateway(exposure: Exposure, gateway: OwnGateway, pods_namespace: str | None) -> Manifest:
    """The exposure's own Gateway, or a shared one with only this exposure; the plan adds the others."""
    at = Ref("Gateway", gateway.namespace, gateway.name)
    locations = _credential_locations(exposure, pods_namespace) if pods_namespace else {}
    if gateway.shared:
        contribution = Contribution(exposure.key, gateway.selector, tuple(servers(exposure, gateway)), locations)
        return shared_gateway(at, contribution)
    spec = {"selector": dict(gateway.selector), "servers": servers(exposure, gateway)}
    return _object(exposure, at, {"spec": spec}, locations)


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
    """The Certificate, whose Secret cert-manager creates, and the Secret of the clients' CA."""
    credentials = []
    tls = exposure.tls
    if tls.certificate and tls.credential_name:
        at = Ref("Certificate", namespace, tls.credential_name)
        credentials.append(_object(exposure, at, {"spec": _certificate_spec(tls.certificate, tls.credential_name)}))
    if tls.client_ca:
        data = {CLIENT_CA_KEY: base64.b64encode(tls.client_ca.encode()).decode()}
        credentials.append(_object(exposure, Ref("Secret", namespace, tls.client_ca_secret), {"data": data}))
    return credentials


def _credential_locations(exposure: Exposure, namespace: str) -> dict[str, str]:
    """The annotations by which later tasks find the credentials, see _plan/credentials.py."""
    locations = {PODS_NAMESPACE: namespace}
    if exposure.tls.client_ca:
        locations[CLIENT_CA] = f"{namespace}/{exposure.tls.client_ca_secret}"
    return locations


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
    """One DestinationRule for each Service with subsets: Istio has no endpoints for a subset that is not defined."""
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
    """The Gateway's servers: one for the hosts, and with tls.redirect one that redirects HTTP to it.

    Envoy applies httpsRedirect to every request before any route, so ACME's HTTP-01 challenges would fail. It is used
    only for wildcard hosts, for which HTTP-01 cannot be used (https://letsencrypt.org/docs/challenge-types/), and not
    on a shared Gateway, where it would also redirect other exposures' hosts that the wildcard matches. It keeps a port
    that clients ask for, so that it leads to HTTPS only from port 80 to 443. Otherwise the VirtualService redirects.
    """
    gateway_servers = [merged(_serving_server(exposure), gateway.server_spec)]
    if exposure.tls.redirect:
        settings = {} if redirects_by_route(exposure) else {"httpsRedirect": True}
        gateway_servers.append(_server(exposure, "http", "HTTP", gateway.http_port, settings))
    return gateway_servers


def _serving_server(exposure: Exposure) -> dict[str, Any]:
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
    """Whether the VirtualService redirects HTTP to HTTPS, instead of the Gateway; see servers()."""
    gateway = exposure.gateway
    is_own = isinstance(gateway, OwnGateway) and not gateway.shared
    has_usual_ports = (gateway.http_port, gateway.https_port) == (80, 443)
    by_gateway = is_own and has_usual_ports and any("*" in host for host in exposure.hosts)
    return exposure.tls.redirect and not by_gateway


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
        # With the namespace: without it, Istio looks up the Gateway in the VirtualService's namespace.
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
        spec["http"] = [*_redirects(exposure), *spec.get("http", [])]
    return spec


def _redirects(exposure: Exposure) -> list[dict[str, Any]]:
    """The routes from HTTP to HTTPS: one, unless each host needs its own.

    Without a condition on path or host, istiod sorts the route after those that have one. So ACME's HTTP-01 challenges
    are answered: cert-manager creates an Ingress for their path.

    From another port than 80 to port 443, Envoy leaves the port as it is, whatever Istio's `port` and `derivePort` say.
    Only a whole new authority leaves it out, and that is one for each host.
    """
    gateway = exposure.gateway
    match = {"port": gateway.http_port}
    redirect: dict[str, Any] = {"scheme": "https", "redirectCode": 301}
    if gateway.https_port != 443:
        return [_redirect(match, {**redirect, "port": gateway.https_port})]
    if gateway.http_port == 80:
        return [_redirect(match, redirect)]
    several = len(exposure.hosts) > 1
    return [
        _redirect({**match, **(_has_authority(host) if several else {})}, {**redirect, "authority": host})
        for host in exposure.hosts
    ]


def _redirect(match: dict[str, Any], redirect: dict[str, Any]) -> dict[str, Any]:
    return {"name": "https-redirect", "match": [match], "redirect": redirect}


def _has_authority(host: str) -> dict[str, Any]:
    """The condition that a request is for the host, in whatever case and with whatever port it says so."""
    pattern = host.replace(".", r"\.")
    return {"authority": {"regex": rf"(?i){pattern}(:[0-9]+)?"}}


def urls(hosts: Iterable[str], gateway_servers: list[dict[str, Any]], redirected_port: int | None = None) -> list[str]:
    """The URLs at which a Gateway's servers serve the hosts, such as https://*.example.com:8443/, without redirects.

    redirected_port is a port whose requests the exposure's VirtualService redirects.
    """
    addresses = []
    for host in hosts:
        for server in gateway_servers:
            scheme = _scheme(server) if server["port"]["number"] != redirected_port else None
            if scheme and any(is_within(host, without_namespace(served)) for served in server.get("hosts", [])):
                port = server["port"]["number"]
                default_port = {"http": 80, "https": 443}[scheme]
                addresses.append(f"{scheme}://{host}/" if port == default_port else f"{scheme}://{host}:{port}/")
    return addresses


def _scheme(server: dict[str, Any]) -> str | None:
    """http or https; None for a server that redirects, or does not serve HTTP."""
    if server.get("tls", {}).get("httpsRedirect"):
        return None
    protocol = server.get("port", {}).get("protocol", "").upper()
    return {"HTTP": "http", "HTTP2": "http", "GRPC": "http", "HTTPS": "https", "TLS": "https"}.get(protocol)
