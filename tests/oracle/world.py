# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of scenarios: what is in every cluster, and builders of the others."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest

PODS = "istio-ingress"
PUBLIC, INTERNAL = {"istio": "public"}, {"istio": "internal"}
NAMESPACES = ("shop", "team")
CREDENTIALS = ("cert", "other-cert")
# The names of their certificates.
CERTIFICATES = {"cert": "*.example.com", "other-cert": "oracle.example.com"}
API_VERSIONS = {
    "Gateway": "networking.istio.io/v1",
    "VirtualService": "networking.istio.io/v1",
    "DestinationRule": "networking.istio.io/v1",
    "ServiceEntry": "networking.istio.io/v1",
    "WorkloadEntry": "networking.istio.io/v1",
    "Sidecar": "networking.istio.io/v1",
    "RequestAuthentication": "security.istio.io/v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "Ingress": "networking.k8s.io/v1",
    "IngressClass": "networking.k8s.io/v1",
}


def created(minute: int) -> str:
    """A time, the older the smaller; 60 is the newest."""
    return f"2026-10-01T{minute // 60:02}:{minute % 60:02}:00Z"


def thing(kind: str, name: str, content: Mapping[str, Any], minute: int = 0, **metadata: Any) -> Manifest:
    """A live object, namespace/name; minute is its age."""
    namespace, _slash, own = name.rpartition("/")
    return {
        "apiVersion": API_VERSIONS.get(kind, "v1"),
        "kind": kind,
        "metadata": {
            "name": own,
            **({"namespace": namespace} if namespace else {}),
            "creationTimestamp": created(minute),
            **metadata,
        },
        **content,
    }


def pod(name: str, labels: Mapping[str, str], number: int) -> Manifest:
    """A gateway's pod, as istiod's webhook leaves it."""
    proxy = {"name": "istio-proxy", "image": "proxyv2:1.31.0", "args": ["proxy", "router"]}
    address = f"10.0.0.{number}"
    status = {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    own = {**labels, "istio.io/rev": "default"}
    owners = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name.rpartition("/")[2], "uid": "1"}]
    return thing("Pod", name, {"spec": {"containers": [proxy]}, "status": status}, labels=own, ownerReferences=owners)


def service(name: str, *ports: Mapping[str, Any], number: int, selector: Mapping[str, str] | None = None) -> Manifest:
    spec = {"ports": list(ports), "clusterIP": f"10.1.0.{number}", **({"selector": dict(selector)} if selector else {})}
    return thing("Service", name, {"spec": spec})


def tcp_port(name: str, port: int, target: int | None = None) -> dict[str, Any]:
    return {"name": name, "port": port, "protocol": "TCP", "targetPort": target or port}


def endpoints(owner: Manifest, number: int) -> Manifest:
    """Something behind a Service, at each of its ports."""
    metadata = owner["metadata"]
    content = {
        "addressType": "IPv4",
        "ports": [
            {"name": port["name"], "port": port["targetPort"], "protocol": "TCP"} for port in owner["spec"]["ports"]
        ],
        "endpoints": [{"addresses": [f"10.2.0.{number}"], "conditions": {"ready": True}}],
    }
    labels = {"kubernetes.io/service-name": metadata["name"]}
    return thing("EndpointSlice", f"{metadata['namespace']}/{metadata['name']}-1", content, labels=labels)


def gateway(
    name: str, servers: list[dict[str, Any]], minute: int, selector: Mapping[str, str] | None = None
) -> Manifest:
    return thing("Gateway", name, {"spec": {"selector": dict(selector or PUBLIC), "servers": servers}}, minute)


def virtual_service(name: str, spec: Mapping[str, Any], minute: int) -> Manifest:
    return thing("VirtualService", name, {"spec": dict(spec)}, minute)


def namespace(name: str) -> Manifest:
    return thing("Namespace", name, {}, labels={"kubernetes.io/metadata.name": name})


@cache
def secret_data(host: str) -> dict[str, str]:
    """A certificate for every host of the scenarios: certificates are not what the oracle knows about."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "oracle")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=300))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    data = {"tls.crt": certificate.public_bytes(serialization.Encoding.PEM), "tls.key": pem}
    return {name: base64.b64encode(value).decode() for name, value in data.items()}


def always() -> list[Manifest]:
    """What is in every scenario: namespaces, gateways' pods and Services, applications, certificates."""
    objects = [namespace(name) for name in (PODS, "istio-system", *NAMESPACES)]
    public = [tcp_port("http", 80, 8080), tcp_port("https", 443, 8443), tcp_port("mongo", 27017)]
    public += [tcp_port("http-alt", 8080, 8081), tcp_port("https-alt", 8443, 8444)]
    objects += [
        pod(f"{PODS}/public-1-a", PUBLIC, 1),
        pod(f"{PODS}/internal-1-a", INTERNAL, 2),
        service(f"{PODS}/public", *public, number=1, selector=PUBLIC),
        service(f"{PODS}/internal", tcp_port("http", 80), tcp_port("https", 443), number=2, selector=INTERNAL),
    ]
    applications = [
        service(f"{where}/web", tcp_port("http", 80, 8080), number=10 + number)
        for number, where in enumerate(NAMESPACES)
    ]
    applications += [
        service(f"{where}/api", tcp_port("http", 8080), tcp_port("grpc", 9090), number=20 + number)
        for number, where in enumerate(NAMESPACES)
    ]
    applications += [
        service("shop/tls", tcp_port("tls", 443, 8443), number=30),
        service("shop/db", tcp_port("mongo", 27017), number=31),
    ]
    for number, entry in enumerate(applications):
        objects += [entry, endpoints(entry, number + 1)]
    objects += [
        thing("Secret", f"{PODS}/{name}", {"type": "kubernetes.io/tls", "data": secret_data(CERTIFICATES[name])})
        for name in CREDENTIALS
    ]
    return objects
