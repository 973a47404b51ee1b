# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back ends: a real server process for every Service with the annotations for one, and its EndpointSlice."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from pathlib import Path
from typing import Any

from cluster import credentials
from cluster.agent import pods
from cluster.agent.reconcile import each, end_others, may_start
from cluster.agent.watch import Watch
from cluster.api import Api, Object
from cluster.backend.protocols import protocol_of
from cluster.control_plane import Settings
from cluster.layout import PACKAGE, Layout, private_directory, write_private
from cluster.processes import Process, Program, stop

_log = logging.getLogger(__name__)
_PREFIX = "backend."
BACKEND_ANNOTATION = "embedded.gatehouse.istio/backend"
HOSTS_ANNOTATION = "embedded.gatehouse.istio/hosts"


class Backends:
    """All back ends of the cluster."""

    def __init__(self, layout: Layout, settings: Settings, api: Api, services: Watch) -> None:
        self._layout = layout
        self._settings = settings
        self._api = api
        self._services = services
        self._published: dict[str, str] = {}

    def reconcile(self) -> bool:
        wanted = [service for service in self._services.objects() if is_backend(service)]
        names = {process_name(service) for service in wanted}
        for process in end_others(self._layout, _PREFIX, names, "its Service is gone"):
            self._published.pop(process.name, None)
            for suffix in ("json", "ports", "crt", "key"):
                self._file(process, suffix).unlink(missing_ok=True)
        return each(wanted, self._run, pods.name_of)

    def _run(self, service: Object) -> bool:
        """Run the server and write its addresses to the cluster. Returns whether both are done."""
        process = Process(self._layout, process_name(service))
        key = configuration_key(service, self._settings.host_address)
        record = process.running()
        if record is None or record.key != key:
            if not may_start(process):
                return False
            self._start(process, service, key)
            return False
        ports_file = self._file(process, "ports")
        if not ports_file.exists():
            return False  # the server is still starting
        listening = ports_file.read_text()
        if self._published.get(process.name) != listening:
            self._publish(service, json.loads(listening))
            self._published[process.name] = listening
        return True

    def _start(self, process: Process, service: Object, key: str) -> None:
        stop([process], grace=2)
        self._file(process, "ports").unlink(missing_ok=True)
        certificate = credentials.issue(
            self._layout, self._file(process, "x").with_suffix(""), certificate_hosts(service)
        )
        config = configuration(service, self._settings.host_address) | {
            "certificate": str(certificate.certificate),
            "key": str(certificate.key),
            "ports_file": str(self._file(process, "ports")),
        }
        file = write_private(self._file(process, "json"), json.dumps(config, indent=1))
        command = (sys.executable, "-m", "cluster.backend", str(file))
        environment = {"PYTHONPATH": str(PACKAGE.parent), "PYTHONUNBUFFERED": "1"}
        process.start(Program(process.name, command, environment, where=self._settings.host_address, key=key))
        _log.info("%s started", process.name)

    def _publish(self, service: Object, listening: dict[str, int]) -> None:
        manifest = endpoint_slice(service, self._settings.host_address, listening)
        path = f"/apis/discovery.k8s.io/v1/namespaces/{service['metadata']['namespace']}/endpointslices"
        self._api.apply(f"{path}/{manifest['metadata']['name']}", manifest)

    def _file(self, process: Process, suffix: str) -> Path:
        return private_directory(self._layout.agent / "backends") / f"{process.name}.{suffix}"


def is_backend(service: Object) -> bool:
    """Whether the Service wants a server. A Service with a selector has its own pods."""
    metadata = service["metadata"]
    asked = metadata.get("annotations", {}).get(BACKEND_ANNOTATION) == "true"
    return asked and not service["spec"].get("selector") and "deletionTimestamp" not in metadata


def process_name(service: Object) -> str:
    return f"{_PREFIX}{service['metadata']['namespace']}.{service['metadata']['name']}"


def port_name(port: Object) -> str:
    """Name of the port, which is optional for a Service's only port."""
    return str(port.get("name") or "")


def configuration(service: Object, host: str) -> dict[str, Any]:
    """What the server has to serve."""
    ports = [
        {"name": port_name(port), "protocol": protocol_of(port_name(port), port.get("appProtocol"))}
        for port in service["spec"].get("ports", [])
        if port.get("protocol", "TCP") == "TCP"
    ]
    metadata = service["metadata"]
    return {"namespace": metadata["namespace"], "service": metadata["name"], "host": host, "ports": ports}


def configuration_key(service: Object, host: str) -> str:
    """A key that changes when the server must be replaced."""
    content = [service["metadata"]["uid"], certificate_hosts(service), configuration(service, host)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def certificate_hosts(service: Object) -> list[str]:
    """The names in the server's certificate."""
    annotation = service["metadata"].get("annotations", {}).get(HOSTS_ANNOTATION, "")
    hosts = [host.strip() for host in annotation.split(",") if host.strip()]
    metadata = service["metadata"]
    return hosts or [f"{metadata['name']}.{metadata['namespace']}.svc", metadata["name"]]


def endpoint_slice(service: Object, host: str, listening: dict[str, int]) -> dict[str, Any]:
    """The addresses at which the Service's ports are served."""
    metadata = service["metadata"]
    owner = {"apiVersion": "v1", "kind": "Service", "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{metadata['name']}-embedded",
            "namespace": metadata["namespace"],
            "labels": {
                "kubernetes.io/service-name": metadata["name"],
                "endpointslice.kubernetes.io/managed-by": "embedded.gatehouse.istio",
            },
            "ownerReferences": [owner],
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [host], "conditions": {"ready": True}}],
        "ports": [
            {
                "name": port_name(port),
                "protocol": "TCP",
                "port": listening[port_name(port)],
                **({"appProtocol": port["appProtocol"]} if "appProtocol" in port else {}),
            }
            for port in service["spec"].get("ports", [])
            if port_name(port) in listening
        ],
    }
