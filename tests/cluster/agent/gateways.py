# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ingress gateways: a real Envoy for every pod of Istio's gateway chart, at the gateway's loopback address."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

import urllib3

from cluster.agent import pods
from cluster.agent.addresses import Addresses
from cluster.agent.envoy import Proxy, bootstrap
from cluster.agent.forwarder import Endpoint, Forwarder
from cluster.agent.reconcile import each, end_others, may_start
from cluster.agent.watch import Watch
from cluster.api import Api, Object
from cluster.control_plane import Settings
from cluster.errors import ClusterError
from cluster.layout import Layout, write_private
from cluster.processes import Process, Program
from cluster.tools import ISTIO_VERSION

_log = logging.getLogger(__name__)
_PREFIX = "envoy."
# istiod processes changes 0.1 s after the last one. An Envoy that connects earlier would get listeners without them.
_PUSH_SECONDS = 0.5


class Gateways:
    """All ingress gateways of the cluster."""

    def __init__(
        self,
        layout: Layout,
        settings: Settings,
        api: Api,
        envoy: Path,
        pod_watch: Watch,
        service_watch: Watch,
        addresses: Addresses,
        forwarder: Forwarder,
    ) -> None:
        self._layout = layout
        self._settings = settings
        self._api = api
        self._envoy = envoy
        self._pods = pod_watch
        self._services = service_watch
        self._addresses = addresses
        self._forwarder = forwarder
        self._bound_from: dict[str, float] = {}
        self._http = urllib3.PoolManager(retries=False, timeout=1)

    def reconcile(self) -> bool:
        gateway_pods = [pod for pod in self._pods.objects() if is_gateway(pod) and pods.is_startable(pod)]
        self._stop_others(gateway_pods)
        self._addresses.release_all_but({gateway_of(pod) for pod in gateway_pods})
        settled = each(gateway_pods, self._run, pods.name_of)
        return self._expose(gateway_pods) and settled

    def _stop_others(self, gateway_pods: list[Object]) -> None:
        """Stop the Envoys of deleted pods."""
        wanted = {process_name(pod) for pod in gateway_pods}
        for process in end_others(self._layout, _PREFIX, wanted, "its pod is gone"):
            for file in (self._bootstrap_file(process), self._admin_file(process)):
                file.unlink(missing_ok=True)
        present = {pod["metadata"]["uid"] for pod in gateway_pods}
        self._bound_from = {uid: since for uid, since in self._bound_from.items() if uid in present}

    def _run(self, pod: Object) -> bool:
        """Run the pod's Envoy, and report its state to the pod. Returns whether it is ready."""
        process = Process(self._layout, process_name(pod))
        record = process.running()
        address = self._addresses.of(gateway_of(pod))
        if not self._is_bound_to(address, pod):
            return False
        if record is None or record.key != pod["metadata"]["uid"]:
            if not may_start(process):
                return False
            pods.say_process(self._api, pod, ready=False)
            self._start(process, pod, address)
        ready = self._is_ready(process)
        if ready:
            pods.say_process(self._api, pod, ready=True)
        return ready

    def _start(self, process: Process, pod: Object, address: str) -> None:
        token = pods.token(self._api, pod, audience="istio-ca")
        proxy = Proxy(pod, address, self._settings.ports["istiod-grpc"], ISTIO_VERSION, token)
        config = write_private(self._bootstrap_file(process), json.dumps(bootstrap(proxy), indent=1))
        self._admin_file(process).unlink(missing_ok=True)
        # The shared memory for hot restarts would be the same for every Envoy of the host.
        options = ("--disable-hot-restart", "--skip-deprecated-logs", "--concurrency", "1", "--log-level", "warning")
        files = ("--config-path", str(config), "--admin-address-path", str(self._admin_file(process)))
        command = (str(self._envoy), *files, *options)
        process.ensure(Program(process.name, command, where=address, key=pod["metadata"]["uid"]))
        _log.info("%s started at %s", process.name, address)

    def _is_ready(self, process: Process) -> bool:
        """Whether Envoy is LIVE, that is, has its first configuration."""
        try:
            admin = self._admin_file(process).read_text().strip()
            return bool(admin) and self._http.request("GET", f"http://{admin}/ready").status == 200
        except (FileNotFoundError, urllib3.exceptions.HTTPError):
            return False

    def _is_bound_to(self, address: str, pod: Object) -> bool:
        """Make istiod bind the gateway's listeners to its own address, because by default all gateways bind 0.0.0.0.

        Returns whether istiod does so for an Envoy that connects now.
        """
        uid = pod["metadata"]["uid"]
        if uid not in self._bound_from:
            self._bound_from[uid] = 0.0 if self._apply_filter(address, pod) else time.monotonic() + _PUSH_SECONDS
        return time.monotonic() >= self._bound_from[uid]

    def _apply_filter(self, address: str, pod: Object) -> bool:
        """Apply the filter in the gateway's namespace. Returns whether it already existed."""
        namespace, workload = pod["metadata"]["namespace"], pods.workload_of(pod)
        path = f"/apis/apps/v1/namespaces/{namespace}/{workload.resource}/{workload.name}"
        owner = self._api.get(path) if workload.resource else None
        if owner is None:
            # Without the filter, its listeners would listen on all addresses of the host.
            raise ClusterError("no Envoy for a gateway pod without a Deployment or DaemonSet")
        manifest = listener_filter(owner, address)
        path = f"/apis/networking.istio.io/v1alpha3/namespaces/{namespace}/envoyfilters/{manifest['metadata']['name']}"
        before, after = self._api.get(path), self._api.apply(path, manifest)
        return before is not None and before["metadata"]["generation"] == after["metadata"]["generation"]

    def _expose(self, gateway_pods: list[Object]) -> bool:
        """Set the addresses of the gateways' Services, and forward ports that differ from the gateways' ports."""
        forwards: dict[Endpoint, Endpoint] = {}

        def expose(service: Object) -> bool:
            chosen = [pod for pod in gateway_pods if pods.selects(service, pod)]
            if chosen:
                address = self._addresses.of(gateway_of(chosen[0]))
                forwards.update(forwards_of(service, chosen[0], address))
                self._publish(service, address)
            return True

        balanced = [s for s in self._services.objects() if s["spec"].get("type") == "LoadBalancer"]
        settled = each(balanced, expose, pods.name_of)
        return self._forwarder.set(forwards) and settled

    def _publish(self, service: Object, address: str) -> None:
        wanted = [{"ip": address}]
        published = service.get("status", {}).get("loadBalancer", {}).get("ingress", [])
        if [{"ip": item.get("ip")} for item in published] != wanted:
            namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
            path = f"/api/v1/namespaces/{namespace}/services/{name}/status"
            self._api.patch(path, {"status": {"loadBalancer": {"ingress": wanted}}})

    def _bootstrap_file(self, process: Process) -> Path:
        return self._layout.agent / f"{process.name}.json"

    def _admin_file(self, process: Process) -> Path:
        return self._layout.agent / f"{process.name}.admin"


def is_gateway(pod: Object) -> bool:
    """Whether this is a pod of the gateway chart, after injection by istiod's webhook."""
    annotations = pod["metadata"].get("annotations", {})
    images = [container["image"] for container in pod["spec"]["containers"]]
    return annotations.get("inject.istio.io/templates") == "gateway" and "auto" not in images


def gateway_of(pod: Object) -> str:
    """The key of the gateway in the agent."""
    return f"{pod['metadata']['namespace']}/{pods.workload_of(pod).name}"


def process_name(pod: Object) -> str:
    return f"{_PREFIX}{pod['metadata']['namespace']}.{pod['metadata']['name']}"


def forwards_of(service: Object, pod: Object, address: str) -> dict[Endpoint, Endpoint]:
    """The Service's ports that differ from the gateway's ports (from -> to)."""
    names = {port.get("name"): port for item in pod["spec"]["containers"] for port in item.get("ports", [])}
    found: dict[Endpoint, Endpoint] = {}
    for port in service["spec"].get("ports", []):
        target = port.get("targetPort", port["port"])
        if target in names:
            target = names[target]["containerPort"]
        if isinstance(target, int) and target != port["port"] and port.get("protocol", "TCP") == "TCP":
            found[address, port["port"]] = (address, target)
    return found


def listener_filter(workload: Object, address: str) -> dict[str, Any]:
    """An EnvoyFilter that changes only the address of the gateway's listeners."""
    metadata = workload["metadata"]
    owner = {"apiVersion": "apps/v1", "kind": workload["kind"], "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {
            "name": f"embedded-{metadata['name']}",
            "namespace": metadata["namespace"],
            "labels": {"app.kubernetes.io/managed-by": "embedded.gatehouse.istio"},
            # Kubernetes deletes it with the workload.
            "ownerReferences": [owner],
        },
        "spec": {
            "workloadSelector": {"labels": workload["spec"]["selector"]["matchLabels"]},
            "configPatches": [
                {
                    "applyTo": "LISTENER",
                    "match": {"context": "GATEWAY"},
                    "patch": {"operation": "MERGE", "value": {"address": {"socket_address": {"address": address}}}},
                }
            ],
        },
    }
