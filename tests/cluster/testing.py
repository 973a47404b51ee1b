# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers for tests: a running cluster, and retries of assertions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

import kubernetes

from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import ProbeResult, probe
from cluster import credentials, lifecycle, playbooks, tools
from cluster.layout import Layout, cache_directory
from cluster.playbooks import PlaybookResult
from cluster.processes import processes_of


@dataclass(frozen=True)
class CertificateFiles:
    """A certificate of the cluster's test CA."""

    crt: Path
    key: Path
    ca: Path


@dataclass
class Cluster:
    """A running embedded cluster."""

    dir: Path
    said: list[str] = field(default_factory=list)

    @property
    def layout(self) -> Layout:
        return Layout(self.dir)

    @property
    def kubeconfig(self) -> Path:
        return self.layout.kubeconfig

    @property
    def vars_file(self) -> Path:
        return self.layout.vars_file

    @cached_property
    def api(self) -> kubernetes.client.ApiClient:
        """The Kubernetes client, for requests that kubectl does not support."""
        return kubernetes.config.new_client_from_config(str(self.kubeconfig))

    def start(self) -> Cluster:
        """Start the parts that are not running."""
        lifecycle.start(self.layout, self.said.append)
        return self

    def stop(self, delete: bool = True) -> None:
        if "api" in self.__dict__:
            self.api.close()
            del self.api
        lifecycle.stop_cluster(self.layout, self.said.append, delete=delete)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> Any:
        """Run kubectl. `get` returns the object, every other command text."""
        as_json = arguments[0] == "get" and not any(argument.startswith("-o") for argument in arguments)
        return self._run("kubectl", *arguments, *(["-o", "json"] if as_json else []), stdin=stdin, parse=as_json)

    def helm(self, *arguments: str, binary: str = "helm") -> str:
        """Run helm (4) or, as `binary`, helm3."""
        return str(self._run(binary, *arguments))

    def _run(self, program: str, *arguments: str, stdin: str | None = None, parse: bool = False) -> Any:
        path = getattr(_tools(), program)
        done = subprocess.run(
            [path, f"--kubeconfig={self.kubeconfig}", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{program} {' '.join(arguments)}: {done.stderr.strip()}"
        return json.loads(done.stdout) if parse else done.stdout

    def apply(self, *manifests: Mapping[str, Any]) -> None:
        """Server-side apply, as another user than the collection."""
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=_list(manifests))

    def delete_all(self, plural: str, namespace: str) -> None:
        """Delete all Istio objects of a kind in a namespace, if the cluster has the kind."""
        objects = kubernetes.client.CustomObjectsApi(self.api)
        try:
            objects.delete_collection_namespaced_custom_object("networking.istio.io", "v1", namespace, plural)
        except kubernetes.client.ApiException as error:
            if error.status != 404:
                raise

    def delete(self, *manifests: Mapping[str, Any]) -> None:
        self.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", stdin=_list(manifests))

    def certificate(self, *hosts: str) -> CertificateFiles:
        """A certificate of the cluster's test CA for these hosts."""
        name = self.layout.certificates / hosts[0].replace("*", "wildcard")
        issued = credentials.issue(self.layout, name, list(hosts))
        return CertificateFiles(issued.certificate, issued.key, self.layout.ca_certificate)

    def wait_for_endpoints(self, namespace: str, *services: str) -> None:
        """Until something is behind each of these Services, which the node agent sees to."""

        def are_there(name: str) -> None:
            slices = self.kubectl("get", "endpointslices", "-n", namespace, "-l", f"kubernetes.io/service-name={name}")
            assert any(entry.get("endpoints") for entry in slices["items"]), f"Nothing is behind {namespace}/{name}"

        for service in services:
            eventually(partial(are_there, service), seconds=30)

    def gateway_address(self, name: str = "public", namespace: str = "istio-ingress") -> str:
        """The external address of a gateway's Service."""
        service = self.kubectl("get", "service", name, "-n", namespace)
        ingress = service["status"]["loadBalancer"].get("ingress", [])
        assert ingress, f"Service {namespace}/{name} has no external address"
        return str(ingress[0]["ip"])

    def request(
        self, url: str, gateway: str = "public", namespace: str = "istio-ingress", **options: Any
    ) -> ProbeResult:
        """One real request through a gateway. Without an answer, the result has an error (see ProbeResult.error)."""
        options.setdefault("ca_file", str(self.layout.ca_certificate))
        return probe(url, self.gateway_address(gateway, namespace), **options)

    def playbook(
        self,
        playbook: str | Path,
        extra_vars: Mapping[str, Any] | None = None,
        check: bool = False,
        diff: bool = False,
        may_fail: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> PlaybookResult:
        """Run a playbook (text or path) with the cluster's variables. A failure fails the test unless allowed."""
        result = playbooks.run(playbook, extra_vars or {}, self.vars_file, check, diff, environment)
        assert may_fail or result.exit_code == 0, result.output
        return result

    def kill(self, *names: str) -> None:
        """kill -9 these parts, or all parts without names."""
        for process in processes_of(self.layout):
            record = process.running()
            if record is not None and (not names or process.name in names):
                os.kill(record.pid, signal.SIGKILL)
                while process.running() == record:
                    time.sleep(0.01)

    def deaths(self) -> str:
        """The parts that died, with the end of their logs; empty if none did."""
        return "\n".join(process.death_notice() for process in processes_of(self.layout) if process.died())


@cache
def _tools() -> tools.Tools:
    return tools.prepare(cache_directory(), print)


def eventually[T](check: Callable[[], T], seconds: float = 30.0) -> T:
    """Repeat a check until it passes. Raises its last AssertionError if it does not."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def _list(manifests: tuple[Mapping[str, Any], ...]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
