# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Solvers of ACME's HTTP-01 challenges: a real server for every pod that cert-manager creates for a challenge."""

from __future__ import annotations

import logging
from pathlib import Path

import urllib3

from cluster import ports
from cluster.agent import pods
from cluster.agent.backends import endpoint_slice, port_name
from cluster.agent.reconcile import each, end_others, may_start
from cluster.agent.watch import Watch
from cluster.api import Api, Object
from cluster.control_plane import Settings
from cluster.layout import Layout
from cluster.processes import Process, Program

PODS = "acme.cert-manager.io/http01-solver=true"
_log = logging.getLogger(__name__)
_PREFIX = "acmesolver."
_CONTAINER = "acmesolver"


class Solvers:
    """All solvers of the cluster.

    In a real cluster, their pods all listen on the same port, each at its own address. Here they are all at the host's
    address, each on its own port. So their pods do not have addresses (see ../stages.yml), Kubernetes does not create
    endpoints for their Services, and this class creates them.
    """

    def __init__(
        self, layout: Layout, settings: Settings, api: Api, binary: Path, pod_watch: Watch, service_watch: Watch
    ) -> None:
        self._layout = layout
        self._host = settings.host_address
        self._api = api
        self._binary = binary
        self._pods = pod_watch
        self._services = service_watch
        self._published: dict[str, str] = {}
        self._http = urllib3.PoolManager(retries=False, timeout=1)

    def reconcile(self) -> bool:
        wanted = [pod for pod in self._pods.objects() if is_solver(pod) and pods.is_scheduled(pod)]
        end_others(self._layout, _PREFIX, {process_name(pod) for pod in wanted}, "its pod is gone")
        present = {service["metadata"]["uid"] for service in self._services.objects()}
        self._published = {uid: where for uid, where in self._published.items() if uid in present}
        return each(wanted, self._run, pods.name_of)

    def _run(self, pod: Object) -> bool:
        """Run the solver and write its address to the cluster. Returns whether it is ready."""
        process = Process(self._layout, process_name(pod))
        record = process.running()
        if record is None or record.key != pod["metadata"]["uid"]:
            if not may_start(process):
                return False
            process.ensure(program(pod, self._binary, self._host, ports.free_port()))
            _log.info("%s started", process.name)
            return False
        ready = self._is_ready(record.where)
        if ready:
            # Its Service is created after the pod, so this is repeated in every round.
            for service in self._services.objects():
                if pods.selects(service, pod):
                    self._publish(service, record.where)
        pods.say_process(self._api, pod, ready)
        return ready

    def _is_ready(self, where: str) -> bool:
        try:
            return bool(self._http.request("GET", f"http://{where}/healthz").status == 200)
        except urllib3.exceptions.HTTPError:
            return False

    def _publish(self, service: Object, where: str) -> None:
        uid = service["metadata"]["uid"]
        if self._published.get(uid) == where:
            return
        host, _colon, port = where.partition(":")
        listening = {port_name(item): int(port) for item in service["spec"].get("ports", [])}
        manifest = endpoint_slice(service, host, listening)
        path = f"/apis/discovery.k8s.io/v1/namespaces/{service['metadata']['namespace']}/endpointslices"
        self._api.apply(f"{path}/{manifest['metadata']['name']}", manifest)
        self._published[uid] = where


def is_solver(pod: Object) -> bool:
    return pods.container(pod, _CONTAINER) is not None


def process_name(pod: Object) -> str:
    return f"{_PREFIX}{pod['metadata']['namespace']}.{pod['metadata']['name']}"


def program(pod: Object, binary: Path, host: str, port: int) -> Program:
    """The solver as in its container, on another port (the last of repeated flags wins)."""
    arguments = pods.arguments(pod, _CONTAINER)
    return Program(
        name=process_name(pod),
        command=(str(binary), "acmesolver", *arguments, f"--listen-port={port}"),
        environment=pods.environment(pod, _CONTAINER),
        where=f"{host}:{port}",
        key=pod["metadata"]["uid"],
    )
