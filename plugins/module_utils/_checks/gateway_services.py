# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: the Services and load balancers in front of a gateway's pods. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .._analysis.context import Context
from .._analysis.finding import Finding
from .._istio.config import WorkloadConfig
from .._istio.indexes import once
from .._istio.listeners import Server, Workload
from .._kubernetes.objects import Manifest
from .._mesh.names import full_name


@dataclass(frozen=True)
class _TlsAnnotations:
    """Annotations by which a cloud's load balancer ends TLS: with a certificate, at these ports, and what it sends on.

    encrypted are the values of `protocol` with which it speaks TLS to the gateway again.
    """

    certificate: str
    ports: str
    protocol: str = ""
    encrypted: tuple[str, ...] = ()


# https://kubernetes-sigs.github.io/aws-load-balancer-controller, https://docs.digitalocean.com/products/kubernetes and
# https://docs.oracle.com/en-us/iaas/Content/ContEng describe them.
_TLS_ANNOTATIONS = (
    _TlsAnnotations(
        "service.beta.kubernetes.io/aws-load-balancer-ssl-cert",
        "service.beta.kubernetes.io/aws-load-balancer-ssl-ports",
        "service.beta.kubernetes.io/aws-load-balancer-backend-protocol",
        ("ssl", "https", "tls"),
    ),
    _TlsAnnotations(
        "service.beta.kubernetes.io/do-loadbalancer-certificate-id",
        "service.beta.kubernetes.io/do-loadbalancer-tls-ports",
    ),
    _TlsAnnotations(
        "service.beta.kubernetes.io/oci-load-balancer-tls-secret",
        "service.beta.kubernetes.io/oci-load-balancer-ssl-ports",
        "service.beta.kubernetes.io/oci-load-balancer-backend-protocol",
        ("ssl",),
    ),
)


def port_closed(context: Context) -> Iterator[Finding]:
    """Clients reach the pods only through the ports of their Service."""
    for change in context.workload_changes:
        for server in _my_servers(context, change.after):
            services = change.workload.services
            if _leads_to(change.workload, server) or _is_on_node(context, server):
                continue
            if not services:
                yield from _without_service(context, change.workload, server)
                continue
            message, fix = _closed(change.workload, server)
            where = "gateway.http_port" if server.is_http else "gateway.https_port"
            names = [f"Service {full_name(service)}" for service in services]
            yield Finding((*names, f"Gateway {server.gateway}"), where, message, fix)


def _closed(workload: Workload, server: Server) -> tuple[str, str]:
    names = " and ".join(f"Service {full_name(service)}" for service in workload.services)
    targets = sorted({workload.target(port) for port in _tcp_ports(workload) if port["port"] == server.number})
    if targets:
        message = (
            f"{names} leads from port {server.number} to port {' and '.join(map(str, targets))} of the gateway's pods, "
            f"but Istio lets them listen at {server.port}, so nobody can connect to {server}."
        )
        return message, f"Give all ports {server.number} of the gateway's Services, also one for UDP, one targetPort."
    ports = sorted({port["port"] for port in _tcp_ports(workload)})
    message = (
        f"{names}, through which clients reach the gateway, has no port {server.number} (its "
        f"ports: {', '.join(map(str, ports)) or 'none'}), so nobody can connect to {server}."
    )
    return message, "Use one of these ports, or add the port to the Service (role istio: values of the gateway)."


def _without_service(context: Context, workload: Workload, server: Server) -> Iterator[Finding]:
    """The same for all servers of a Gateway, so it is reported once."""
    gateway = context.after.gateway(server.gateway)
    selected = context.analysis.workloads.of(gateway).gateways if gateway else ()
    pods = [
        pod
        for pod in selected
        if pod["metadata"]["namespace"] == workload.namespace
        and workload.labels.items() <= (pod["metadata"].get("labels") or {}).items()
    ]
    if pods and context.cluster_state.gateway_services_are_known:
        name = f"Gateway {server.gateway}"
        message = (
            f"no Service in the namespace of the gateway's pods ({full_name(pods[0])}) selects them, so nobody can "
            f"connect to {name}."
        )
        fix = "Create a Service for the gateway, or let the selector of its Service match the labels of the pods."
        yield Finding((name, f"Pod {full_name(pods[0])}"), "gateway.selector", message, fix)


def load_balancer_ends_tls(context: Context) -> Iterator[Finding]:
    """Behind it the gateway sees plain HTTP: a redirect to HTTPS never ends, and a TLS server gets no connection."""
    for change in context.workload_changes:
        servers = _my_servers(context, change.after)
        for service, annotation, ports in _ending_tls(change.workload):
            looping = [server for server in servers if _redirects(context, server)]
            looping = [server for server in looping if _shares_port(change.workload, server, ports)]
            reached = [server for server in servers if server.has_tls and server.number in ports]
            if not looping and not reached:
                continue
            what = "reaches the gateway as plain HTTP, which its TLS server does not understand"
            if looping:
                what = "is sent to where it came from, for ever"
            server = (looping or reached)[0]
            message = (
                f"the load balancer of Service {full_name(service)} ends TLS at port "
                f"{', '.join(map(str, sorted(ports)))} (annotation {annotation}), so what comes in there {what} "
                f"({server}, {', '.join(server.names)})."
            )
            fix = (
                "Let the load balancer pass TLS on, or end TLS there only: no TLS in the exposure, and a redirect "
                "only for requests with the header x-forwarded-proto: http."
            )
            objects = (f"Service {full_name(service)}", f"Gateway {server.gateway}")
            yield Finding(objects, "tls", message, fix)


def _my_servers(context: Context, workload_config: WorkloadConfig) -> list[Server]:
    """Those that have hosts of the exposure; all of a Gateway that nothing uses."""
    mine = context.serves if context.my_virtual_services else context.is_mine
    by_gateway = _by_gateway(workload_config)
    return [server for name in context.gateway_names for server in by_gateway.get(name, ()) if mine(server)]


@once
def _by_gateway(workload_config: WorkloadConfig) -> dict[str, list[Server]]:
    """The servers that listen, by Gateway: looked up once for all exposures."""
    by_gateway: dict[str, list[Server]] = {}
    for server in workload_config.listeners.servers:
        by_gateway.setdefault(server.gateway, []).append(server)
    return by_gateway


def _leads_to(workload: Workload, server: Server) -> bool:
    """Whether a Service has the port or, under another number, the port on which the pods listen."""
    return any(
        workload.target(port) == server.port and server.number in (port["port"], server.port)
        for port in _tcp_ports(workload)
    )


def _tcp_ports(workload: Workload) -> list[dict[str, Any]]:
    ports = (port for service in workload.services for port in service["spec"].get("ports") or [])
    return [port for port in ports if port.get("protocol", "TCP") == "TCP"]


def _is_on_node(context: Context, server: Server) -> bool:
    """Whether pods listen on their node's own ports."""
    gateway = context.after.gateway(server.gateway)
    pods = context.analysis.workloads.of(gateway).gateways if gateway else ()
    for pod in pods:
        spec: dict[str, Any] = pod.get("spec") or {}
        ports = [port for container in spec.get("containers") or [] for port in container.get("ports") or []]
        if spec.get("hostNetwork") or any(
            port.get("hostPort") and port["containerPort"] == server.port for port in ports
        ):
            return True
    return False


def _ending_tls(workload: Workload) -> Iterator[tuple[Manifest, str, set[int]]]:
    """The Services whose load balancer ends TLS, by which annotation, and at which ports."""
    for service in workload.services:
        annotations = service["metadata"].get("annotations") or {}
        for known in _TLS_ANNOTATIONS:
            is_encrypted = str(annotations.get(known.protocol, "")).lower() in known.encrypted
            if annotations.get(known.certificate) and not is_encrypted:
                named = str(annotations.get(known.ports) or "*")
                yield service, known.certificate, _ports_named(service, named)


def _ports_named(service: Manifest, named: str) -> set[int]:
    """The ports of a Service by numbers or names, separated by commas; * stands for all."""
    names = {name.strip() for name in named.split(",")}
    ports = service["spec"].get("ports") or []
    return {port["port"] for port in ports if "*" in names or {str(port["port"]), str(port.get("name"))} & names}


def _shares_port(workload: Workload, server: Server, ports: set[int]) -> bool:
    """Whether what comes in at one of the ports arrives where the server listens."""
    return any(workload.port(port) == server.port for port in ports)


def _redirects(context: Context, server: Server) -> bool:
    """Whether a server of plain HTTP sends every request to HTTPS, by its own setting or by a route."""
    if not server.is_http:
        return False
    routes = [route for entry in context.my_virtual_services for route in entry["spec"].get("http") or []]
    return server.redirects or any(
        (route.get("redirect") or {}).get("scheme") == "https"
        and all(not match.keys() - {"port", "gateways", "name"} for match in route.get("match") or [{}])
        for route in routes
    )
