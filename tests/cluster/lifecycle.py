# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts and stops a cluster, and shows its status."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from cluster import control_plane, credentials, ports, tools, variables
from cluster.api import Api, ApiError
from cluster.control_plane import NODE, PARTS, Settings
from cluster.errors import ClusterError
from cluster.layout import Layout, cache_directory, exclusive, write_private
from cluster.processes import Process, processes_of, stop

Say = Callable[[str], None]
_START_SECONDS = 90.0
_SETTLE_SECONDS = 20.0


@dataclass(frozen=True)
class PartState:
    """One line of `status`."""

    name: str
    pid: int | None
    state: str
    uptime: float
    where: str
    log: Path


def start(layout: Layout, say: Say) -> None:
    """Start what is not running. Data of an earlier run are kept."""
    began = time.monotonic()
    _check_unprivileged_ports()
    layout.make()
    with exclusive(layout.lock, lambda: say("Waiting for another start or stop of this cluster ...")):
        layout.make()  # again, because the previous holder of the lock may have deleted the cluster
        if _all_up(layout):
            say(f"The cluster in {layout.root} is running.")
            return
        _report_deaths(layout, say)
        settings = _settings(layout, say)
        binaries = tools.prepare(cache_directory(), say)
        credentials.ensure_credentials(layout, settings.ports["api"])
        variables.write(layout, settings, binaries)
        _start_parts(layout, settings, binaries, say)
    say(f"The cluster in {layout.root} is up after {time.monotonic() - began:.1f} s.")


def stop_cluster(layout: Layout, say: Say, delete: bool = False) -> None:
    """Stop every process of the cluster; with `delete`, remove its directory."""
    if not layout.root.exists():
        say(f"There is no cluster in {layout.root}.")
        return
    if not layout.settings.exists():
        raise ClusterError(f"{layout.root} is not the directory of a cluster (it has no cluster.json): nothing done.")
    began = time.monotonic()
    with exclusive(layout.lock, lambda: say("Waiting for another start or stop of this cluster ...")):
        running = [process for process in processes_of(layout) if process.running()]
        # First those that start others, so that nothing is started again; last those that all others need.
        last = ("kube-apiserver", "etcd")
        stop([process for process in processes_of(layout) if process.name == "node-agent"])
        stop([process for process in processes_of(layout) if process.name not in last])
        for name in last:
            stop([Process(layout, name)])
        say(f"{len(running)} processes ended in {time.monotonic() - began:.1f} s.")
        if delete:
            shutil.rmtree(layout.root)
            say(f"{layout.root} removed.")


def status(layout: Layout) -> list[PartState]:
    """Every part of the cluster that is running or should be."""
    known = {process.name: process for process in processes_of(layout)}
    processes = [Process(layout, name) for name in PARTS]
    processes += [process for name, process in sorted(known.items()) if name not in PARTS]
    return [_part_state(process) for process in processes]


def _part_state(process: Process) -> PartState:
    record, running = process.record(), process.running()
    state = "running" if running else "dead" if record else "stopped"
    return PartState(
        name=process.name,
        pid=running.pid if running else None,
        state=state,
        uptime=time.time() - running.since if running else 0.0,
        where=record.where if record else "",
        log=process.log_file,
    )


def load_settings(layout: Layout) -> Settings:
    """The settings of an existing cluster."""
    try:
        return Settings(**json.loads(layout.settings.read_text()))
    except FileNotFoundError:
        raise ClusterError(
            f"There is no cluster in {layout.root}: start one with `python tests/cluster start --dir {layout.root}`."
        ) from None
    except (ValueError, TypeError):
        raise ClusterError(
            f"{layout.settings} cannot be read: delete the cluster with `python tests/cluster stop --delete "
            f"--dir {layout.root}` and start it anew."
        ) from None


def _settings(layout: Layout, say: Say) -> Settings:
    """The ports of the previous run if they are ours or free, so that kubeconfigs and webhooks stay valid."""
    before = load_settings(layout) if layout.settings.exists() else Settings({}, "")
    used = before.ports
    if set(used) != set(control_plane.PORT_NAMES) or not all(_is_ours_or_free(layout, *item) for item in used.items()):
        if used:
            say("The ports of the earlier run are taken, so all are new: where Istio is installed, run the role again.")
            stop(processes_of(layout))
        used = ports.free_block(str(layout.root.resolve()), control_plane.PORT_NAMES)
    kwok_run = before.kwok_run if Process(layout, "kwok").running() else before.kwok_run + 1
    settings = Settings(used, ports.host_address(), kwok_run)
    write_private(layout.settings, json.dumps(asdict(settings), indent=2))
    return settings


def _is_ours_or_free(layout: Layout, name: str, port: int) -> bool:
    owner = next(owner for owner, names in control_plane.PORTS.items() if name in names)
    return Process(layout, owner).running() is not None or ports.is_free(port)


def _all_up(layout: Layout) -> bool:
    return layout.settings.exists() and all(part.state == "running" for part in status(layout))


def _report_deaths(layout: Layout, say: Say) -> None:
    """Report which part of a running cluster died. If none is running, the host was restarted or the run was killed."""
    known = processes_of(layout)
    dead = [process for process in known if process.died()]
    if dead and len(dead) == len(known):
        say("All processes of an earlier run are gone; starting again with its data.")
    else:
        for process in dead:
            say(process.death_notice())
    stop(dead)  # removes their records, so that parts that are dead from here on died during this start


def _start_parts(layout: Layout, settings: Settings, binaries: tools.Tools, say: Say) -> None:
    programs = control_plane.programs(layout, settings, binaries)
    api = Api(layout, settings.api, "agent")
    for name in PARTS[:2]:
        Process(layout, name).ensure(programs[name])
    with _step("API server is ready", say):
        _wait_until(api.ready, layout)
    with _step(f"Node {NODE} is Ready", say):
        _wait_until(lambda: _prepare_node(api, kwok_runs=Process(layout, "kwok").running() is not None), layout)
        for name in PARTS[2:]:
            Process(layout, name).ensure(programs[name])
        _wait_until(lambda: _node_is_ready(api), layout)
    with _step("Node agent is running", say):
        _wait_until(lambda: _agent_wrote("ready", layout), layout)
    with _step("Istio, cert-manager, gateways and back ends of the run before are running", say, least=0.2):
        deadline = time.monotonic() + _SETTLE_SECONDS
        _wait_until(lambda: _agent_wrote("settled", layout) or time.monotonic() > deadline, layout)
    if not _agent_wrote("settled", layout):
        say(f"Not everything of the run before is up yet; see {Process(layout, 'node-agent').log_file}.")


def _prepare_node(api: Api, kwok_runs: bool) -> bool:
    # Right after its first start, the API server is ready but still creates its roles and priority classes.
    try:
        api.apply(f"/api/v1/nodes/{NODE}", control_plane.node())
        if not kwok_runs:
            api.delete(control_plane.node_lease())
    except ApiError as error:
        if error.status in (0, 403, 404, 500, 503):
            return False
        raise ClusterError(f"The API server refuses the node: {error}") from error
    return True


def _node_is_ready(api: Api) -> bool:
    """Whether kwok has made the node Ready and untainted, and pods can be created (they need a ServiceAccount)."""
    try:
        node = api.get(f"/api/v1/nodes/{NODE}") or {}
        account = api.get("/api/v1/namespaces/default/serviceaccounts/default")
        lease = api.get(control_plane.node_lease())
    except ApiError:
        return False
    conditions = {item["type"]: item["status"] for item in node.get("status", {}).get("conditions", [])}
    return conditions.get("Ready") == "True" and not node["spec"].get("taints") and None not in (account, lease)


def _agent_wrote(name: str, layout: Layout) -> bool:
    """Whether the running agent (not an earlier one) has written this file."""
    record = Process(layout, "node-agent").running()
    try:
        return record is not None and (layout.agent / name).read_text() == str(record.pid)
    except FileNotFoundError:
        return False


def _wait_until(check: Callable[[], bool], layout: Layout) -> None:
    """Wait, and fail at once if a part dies."""
    deadline = time.monotonic() + _START_SECONDS
    while not check():
        dead = next((process for process in (Process(layout, name) for name in PARTS) if process.died()), None)
        if dead is not None:
            raise ClusterError(dead.death_notice())
        if time.monotonic() > deadline:
            raise ClusterError(
                f"The cluster did not come up within {_START_SECONDS:.0f} s; see the logs in {layout.log}."
            )
        time.sleep(0.05)


@contextmanager
def _step(name: str, say: Say, least: float = 0.0) -> Iterator[None]:
    """Report how long a step took, unless it took less than `least` seconds, because it then had nothing to do."""
    began = time.monotonic()
    yield
    if (seconds := time.monotonic() - began) >= least:
        say(f"{name} ({seconds:.1f} s)")


def _check_unprivileged_ports() -> None:
    """Fail if gateways cannot listen on ports 80 and 443, each on its own loopback address."""
    if not ports.may_bind(80):
        raise ClusterError(
            "Gateways listen on ports 80 and 443 of loopback addresses, and this user may not bind them: run "
            "`sudo sysctl net.ipv4.ip_unprivileged_port_start=80` (or start the cluster as root)."
        )
