# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments with one real process for all of their pods, see istiod.py and cert_manager.py."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import urllib3

from cluster import credentials
from cluster.agent import pods
from cluster.agent.reconcile import each, may_start
from cluster.agent.watch import Watch
from cluster.api import Api, Object
from cluster.control_plane import Settings
from cluster.layout import Layout, write_private
from cluster.processes import Process, Program, stop

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """The program that runs for pods with a container of this name."""

    name: str
    container: str
    # Returns 200 when the process is ready.
    ready_url: str
    # The program for a pod, with the kubeconfig to use.
    program: Callable[[Object, Path], Program]


class Deployed:
    """One process for the cluster, which follows the newest pod template."""

    def __init__(self, layout: Layout, settings: Settings, api: Api, part: Part, watch: Watch) -> None:
        self._layout = layout
        self._settings = settings
        self._api = api
        self._part = part
        self._watch = watch
        self._process = Process(layout, part.name)
        self._http = urllib3.PoolManager(retries=False, timeout=1)

    def reconcile(self) -> bool:
        own = [pod for pod in self._watch.objects() if pods.container(pod, self._part.container)]
        newest = newest_template([pod for pod in own if pods.is_startable(pod)])
        if not newest:
            if self._process.record() is not None:
                _log.info("%s ends: its pods are gone", self._part.name)
                stop([self._process], grace=3)
            return True
        record = self._process.record()
        chosen = [pod for pod in newest if record is not None and pod["metadata"]["uid"] == record.key] or newest
        return each(chosen[:1], self._run, pods.name_of) and each(newest, self._tell, pods.name_of)

    def _run(self, pod: Object) -> bool:
        """Run the process for this pod, because its token expires with the pod."""
        record = self._process.running()
        if record is None or record.key != pod["metadata"]["uid"]:
            if not may_start(self._process):
                return False
            name = self._part.name
            token = write_private(self._layout.agent / f"{name}.token", pods.token(self._api, pod))
            config = credentials.kubeconfig(self._settings.ports["api"], self._layout.pki / "ca.crt", token)
            kubeconfig = write_private(self._layout.agent / f"{name}.kubeconfig", config)
            self._process.ensure(self._part.program(pod, kubeconfig))
            _log.info("%s started for %s", name, pods.name_of(pod))
        return True

    def _tell(self, pod: Object) -> bool:
        ready = self._is_ready()
        pods.say_process(self._api, pod, ready)
        return ready

    def _is_ready(self) -> bool:
        try:
            return self._process.running() is not None and self._http.request("GET", self._part.ready_url).status == 200
        except urllib3.exceptions.HTTPError:
            return False


def newest_template(candidates: list[Object]) -> list[Object]:
    """The pods made from the template of the newest pod, oldest first."""
    ordered = sorted(candidates, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
    return [pod for pod in ordered if pods.template_hash(pod) == pods.template_hash(ordered[-1])]
