# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates and deletes kind clusters, each with its directory."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import yaml

from cluster import charts, tools
from cluster.errors import ClusterError
from cluster.kind import engine as engines
from cluster.kind import images, node
from cluster.kind.commands import run, succeeds
from cluster.kind.engine import Engine
from cluster.layout import cache_directory, exclusive, private_directory, write_private

Say = Callable[[str], None]
# Docker publishes all node ports of the cluster with the same numbers.
NODE_PORTS = range(30000, 30016)
_API_PORT = 6443
_ACCOUNT_SECONDS = 60
_IMAGE = "GATEHOUSE_KIND_IMAGE"
_CONFIGURATION = "kind.yml"


def start(directory: Path, say: Say) -> None:
    """Create the cluster: `directory` then has `kubeconfig`, and `vars.yml` with the role's variables."""
    cache = cache_directory()
    private_directory(cache / "kind")
    private_directory(directory)
    with _one_at_a_time(cache, say):
        programs = tools.prepare_kind(cache, say)
        engine = engines.find(cache, say)
        kind = Kind(programs, engine, directory)
        _check_nobody_has_our_ports(kind)
        image = node_image(cache, engine, say)
        began = time.monotonic()
        kind.create(image)
        kind.wait_until_pods_can_be_made()
        say(f"Cluster {kind.name} is up after {time.monotonic() - began:.1f} s")
        if not is_built(image):
            kind.load(images.write_backend(programs, cache / "kind"))
        variables = variables_of(kind, tools.located(cache).helm, charts.directory(cache) if is_built(image) else None)
        write_private(directory / "vars.yml", "---\n" + yaml.safe_dump(variables, sort_keys=False))


def prepare(cache: Path, say: Say) -> None:
    """Create all that `start` needs. Raises UnavailableError if kind cannot run."""
    private_directory(cache / "kind")
    with _one_at_a_time(cache, say):
        tools.prepare_kind(cache, say)
        engine = engines.find(cache, say)
        node_image(cache, engine, say)
        _end_if_unused(cache, engine, say)


def stop(directory: Path, say: Say) -> None:
    """Delete the cluster, its directory, and everything else that was created for it."""
    cache = cache_directory()
    if not directory.exists():
        say(f"There is no cluster in {directory}.")
        return
    if any(directory.iterdir()) and not (directory / _CONFIGURATION).exists():
        raise ClusterError(f"{directory} is not the directory of a cluster (it has no {_CONFIGURATION}): nothing done.")
    with _one_at_a_time(cache, say):
        if (engine := engines.existing(cache)) is not None:
            kind = Kind(tools.bin_directory(cache), engine, directory)
            kind.delete()
            say(f"Cluster {kind.name} deleted")
            _end_if_unused(cache, engine, say)
        else:
            engines.stop_own(cache, say)  # the run was killed
        shutil.rmtree(directory)


def _one_at_a_time(cache: Path, say: Say) -> AbstractContextManager[None]:
    file = cache / "kind" / "clusters.lock"
    return exclusive(file, lambda: say("Waiting for another start or stop of a cluster ..."))


def _end_if_unused(cache: Path, engine: Engine, say: Say) -> None:
    """Stop our own Docker if there is no other cluster."""
    if engine.is_ours and not Kind(tools.bin_directory(cache), engine, cache).clusters():
        engines.stop_own(cache, say)


class Kind:
    """kind, for one cluster."""

    def __init__(self, programs: Path, engine: Engine, directory: Path) -> None:
        self.engine = engine
        self.directory = directory
        self.name = directory.name
        self._program = programs / "kind"
        self._kubectl = programs / "kubectl"

    def _run(self, *arguments: str) -> str:
        return run(self._program, *arguments, environment=self.engine.environment)

    def clusters(self) -> list[str]:
        return self._run("get", "clusters").split()

    def create(self, image: str) -> None:
        config = write_private(
            self.directory / _CONFIGURATION, yaml.safe_dump(configuration(self.engine, is_built(image)))
        )
        had_network = self.engine.succeeds("network", "inspect", "kind")
        write_private(self.directory / "state.json", json.dumps({"had_network": had_network}))
        self._run(
            "create",
            "cluster",
            f"--name={self.name}",
            f"--image={image}",
            f"--config={config}",
            f"--kubeconfig={self.directory / 'kubeconfig'}",
            "--wait=120s",
        )

    def wait_until_pods_can_be_made(self) -> None:
        """Wait for the ServiceAccount that every pod needs: the node is Ready before controllers create it."""
        deadline = time.monotonic() + _ACCOUNT_SECONDS
        kubeconfig = f"--kubeconfig={self.directory / 'kubeconfig'}"
        while not succeeds(self._kubectl, kubeconfig, "get", "serviceaccount", "default"):
            if time.monotonic() > deadline:
                raise ClusterError(f"Cluster {self.name} makes no ServiceAccounts; see its kube-controller-manager.")
            time.sleep(0.2)

    def load(self, archive: Path) -> None:
        self._run("load", "image-archive", str(archive), f"--name={self.name}")

    def delete(self) -> None:
        self._run("delete", "cluster", f"--name={self.name}", f"--kubeconfig={self.directory / 'kubeconfig'}")
        state = self.directory / "state.json"
        if state.exists() and not json.loads(state.read_text())["had_network"] and not self.clusters():
            self.engine.succeeds("network", "rm", "kind")


def node_image(cache: Path, engine: Engine, say: Say) -> str:
    """The image that the user names, or else kind's own if it can be pulled, or else one that is built here."""
    named = os.environ.get(_IMAGE, "")
    if named:
        if not engine.has_image(named) and not engine.succeeds("pull", named):
            ours = "; our own Docker, which was started because none ran, has no way out" if engine.is_ours else ""
            raise ClusterError(f"{_IMAGE} names {named}, which cannot be pulled{ours}: correct or unset it.")
        return named
    if not engine.is_ours:
        default = tools.kind_image(cache, say)
        say(f"Node image: asking Docker for {default} ...")
        if engine.has_image(default) or engine.succeeds("pull", default):
            return default
    return node.build(cache, engine, say)


def is_built(image: str) -> bool:
    """Whether the image was built here and contains all other images."""
    return image.startswith(f"{node.NAME}:")


def configuration(engine: Engine, built: bool) -> dict[str, Any]:
    """kind's configuration: https://kind.sigs.k8s.io/docs/user/configuration/"""
    node_ports = {"name": "service-node-port-range", "value": f"{NODE_PORTS.start}-{NODE_PORTS.stop - 1}"}
    patches: list[dict[str, Any]] = [{"kind": "ClusterConfiguration", "apiServer": {"extraArgs": [node_ports]}}]
    if built:
        patches.append({"kind": "KubeletConfiguration", "failCgroupV1": False, "resolvConf": "/kind/resolv.conf"})
    networking: dict[str, Any] = {"apiServerAddress": engine.address}
    if built:
        networking |= {"disableDefaultCNI": True, "kubeProxyMode": "nftables"}
    if engine.is_ours:
        # kind cannot find a free port, because Docker's ports are in another network namespace.
        networking["apiServerPort"] = _API_PORT
    mapped = [
        {"containerPort": port, "hostPort": port, "listenAddress": engine.address, "protocol": "TCP"}
        for port in NODE_PORTS
    ]
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "networking": networking,
        "kubeadmConfigPatches": [yaml.safe_dump(patch) for patch in patches],
        "nodes": [{"role": "control-plane", "extraPortMappings": mapped}],
    }


def variables_of(kind: Kind, helm: Path, charts_directory: Path | None) -> dict[str, Any]:
    """The Ansible variables of this cluster. Without a directory of charts, charts and images are the official ones."""
    variables: dict[str, Any] = {
        "istio_kubeconfig": str(kind.directory / "kubeconfig"),
        "istio_helm_binary": str(helm),
        "gateway_type": "NodePort",
        "gateway_address": kind.engine.address,
        "backend_image": images.BACKEND,
    }
    if charts_directory is None:
        return variables
    values = write_private(kind.directory / "istiod.yml", "---\n" + yaml.safe_dump(_istiod_values()))
    gateway = write_private(
        kind.directory / "gateway.yml", "---\n" + yaml.safe_dump({"imagePullPolicy": "IfNotPresent"})
    )
    return variables | {
        "istio_chart_source": str(charts_directory),
        "istio_hub": images.HUB,
        "istio_tag": tools.ISTIO_VERSION,
        "istio_istiod_values_files": [str(values)],
        "istio_gateway_values_files": [str(gateway)],
        "cert_manager_chart_source": str(charts_directory),
        "cert_manager_image_registry": images.REGISTRY,
    }


def _istiod_values() -> dict[str, Any]:
    """Values without features of Istio's own build of Envoy, and with requests that fit two cores."""
    resources = {"requests": {"cpu": "10m", "memory": "64Mi"}}
    return {
        "telemetry": {"enabled": False},
        "meshConfig": {"enableTracing": False},
        "global": {
            "imagePullPolicy": "IfNotPresent",
            "proxy": {"readinessPeriodSeconds": 1, "resources": resources},
        },
        "pilot": {
            "autoscaleEnabled": False,
            "resources": resources,
            "env": {"PILOT_ENABLE_METADATA_EXCHANGE": "false", "PILOT_ENABLE_ALPN_FILTER": "false"},
        },
    }


def _check_nobody_has_our_ports(kind: Kind) -> None:
    others = [name for name in kind.clusters() if name != kind.name] if kind.engine.is_ours else []
    if others:
        raise ClusterError(
            f"The cluster {others[0]} has the node ports that this one needs: stop it first "
            f"(`python tests/cluster/kind stop --dir {kind.directory.parent / others[0]}`)."
        )
