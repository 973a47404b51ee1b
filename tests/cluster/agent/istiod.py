# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""istiod: the real pilot-discovery behind the pods of istiod's Deployment."""

from __future__ import annotations

import logging
from pathlib import Path

import urllib3

from cluster import credentials
from cluster.agent import pods
from cluster.agent.reconcile import each
from cluster.agent.watch import Watch
from cluster.api import Api, Object
from cluster.control_plane import Settings
from cluster.layout import Layout, write_private
from cluster.processes import Process, Program, stop

_log = logging.getLogger(__name__)
_CONTAINER = "discovery"


class Istiod:
    """One istiod for the cluster, run as the newest pod template says."""

    def __init__(self, layout: Layout, settings: Settings, api: Api, program: Path, watch: Watch) -> None:
        self._layout = layout
        self._settings = settings
        self._api = api
        self._program = program
        self._watch = watch
        self._process = Process(layout, "istiod")
        self._http = urllib3.PoolManager(retries=False, timeout=1)

    def reconcile(self) -> bool:
        newest = newest_template([pod for pod in self._watch.objects() if is_istiod(pod) and pods.is_startable(pod)])
        if not newest:
            if self._process.record() is not None:
                _log.info("istiod ends: its pods are gone")
                stop([self._process], grace=3)
            return True
        record = self._process.record()
        chosen = [pod for pod in newest if record is not None and pod["metadata"]["uid"] == record.key] or newest
        return each(chosen[:1], self._run, pods.name_of) and each(newest, self._tell, pods.name_of)

    def _run(self, pod: Object) -> bool:
        """See to it that it runs for this pod: its token dies with the pod."""
        record = self._process.running()
        if record is None or record.key != pod["metadata"]["uid"]:
            if self._process.died_young():
                return False
            if self._process.died():
                _log.warning(self._process.death_notice())
            token = write_private(self._layout.agent / "istiod.token", pods.token(self._api, pod))
            config = credentials.kubeconfig(self._settings.ports["api"], self._layout.pki / "ca.crt", token)
            kubeconfig = write_private(self._layout.agent / "istiod.kubeconfig", config)
            self._process.ensure(program(pod, self._program, kubeconfig, self._settings.ports))
            _log.info("istiod started for %s", pods.name_of(pod))
        return True

    def _tell(self, pod: Object) -> bool:
        ready = self._is_ready()
        pods.say_process(self._api, pod, ready)
        return ready

    def _is_ready(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self._settings.ports['istiod-http']}/ready"
            return self._process.running() is not None and self._http.request("GET", url).status == 200
        except urllib3.exceptions.HTTPError:
            return False


def is_istiod(pod: Object) -> bool:
    return any(container["name"] == _CONTAINER for container in pod["spec"]["containers"])


def newest_template(candidates: list[Object]) -> list[Object]:
    """The pods made from the template of the newest pod, oldest first."""
    ordered = sorted(candidates, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
    return [pod for pod in ordered if pods.template_hash(pod) == pods.template_hash(ordered[-1])]


def program(pod: Object, binary: Path, kubeconfig: Path, ports: dict[str, int]) -> Program:
    """pilot-discovery as its container says, with this host's addresses (of a flag given twice, the last counts)."""
    container = next(item for item in pod["spec"]["containers"] if item["name"] == _CONTAINER)
    arguments = (
        f"--kubeconfig={kubeconfig}",
        f"--httpsAddr=127.0.0.1:{ports['istiod-https']}",
        f"--grpcAddr=127.0.0.1:{ports['istiod-grpc']}",
        f"--secureGRPCAddr=127.0.0.1:{ports['istiod-secure-grpc']}",
        f"--monitoringAddr=127.0.0.1:{ports['istiod-monitoring']}",
        f"--httpAddr=127.0.0.1:{ports['istiod-http']}",
        "--ctrlz_address=127.0.0.1",
        f"--ctrlz_port={ports['istiod-ctrlz']}",
    )
    environment = pods.environment(pod, container) | {
        "KUBECONFIG": str(kubeconfig),
        # The name in its serving certificate, by which the API server reaches its webhooks.
        "ISTIOD_CUSTOM_HOST": "localhost",
        # The gateways' Envoys come to the plaintext port, on loopback; they still show their pod's token.
        "XDS_AUTH_PLAINTEXT": "true",
    }
    return Program(
        name="istiod",
        command=(str(binary), *container.get("args", ["discovery"]), *arguments),
        environment=environment,
        where=f"xds 127.0.0.1:{ports['istiod-grpc']}, webhooks 127.0.0.1:{ports['istiod-https']}",
        key=pod["metadata"]["uid"],
    )
